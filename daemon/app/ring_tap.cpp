#include "daemon/app/ring_tap.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace blipd::app {

namespace {

constexpr base::Duration kTellPeriod = std::chrono::seconds(1);

evidence::Direction direction_of(engine::Heading heading) {
  if (heading == engine::Heading::kUnknown) return evidence::Direction::kUnknown;
  return heading == engine::Heading::kOut ? evidence::Direction::kOut : evidence::Direction::kIn;
}

}  // namespace

void RingTap::request(std::uint64_t key, std::uint32_t network, base::MonoTime until) {
  const std::lock_guard lock(mutex_);
  requests_.push_back({key, evidence::PacketTaking(network, until)});
  has_requests_ = true;
}

std::vector<RingTap::Taken> RingTap::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(done_, {});
}

std::optional<base::Duration> RingTap::reach() const {
  const std::int64_t reach = reach_;
  if (reach < 0) return std::nullopt;
  return base::Duration(reach);
}

void RingTap::adopt(const config::Plan& plan, const engine::Share& share) {
  std::vector<evidence::PacketRings::Wanted> wanted(plan.networks.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i].generation = plan.networks[i].since_generation;
  for (const config::PlannedChannel& channel : plan.channels) {
    if (!channel.is_active || !share.has(channel)) continue;
    wanted[channel.network].rate += 1 / base::to_seconds(channel.spec().interval);
  }
  rings_.lay_out(wanted, budget_bytes_);
  bytes_ = rings_.bytes();
}

void RingTap::on_packet(config::NetworkIndex network, const engine::SeenPacket& seen) {
  rings_.add(network, {seen.stamp.at, seen.interface, seen.length, direction_of(seen.heading)}, seen.bytes);
}

void RingTap::tick(const base::Moment& now) {
  if (has_requests_.load(std::memory_order_relaxed)) {
    const std::lock_guard lock(mutex_);
    std::ranges::move(requests_, std::back_inserter(under_way_));
    requests_.clear();
    has_requests_ = false;
  }
  if (!under_way_.empty()) step(now);
  if (told_ != base::MonoTime::min() && now.mono - told_ < kTellPeriod) return;
  told_ = now.mono;
  packets_ = rings_.packets();
  const auto reach = rings_.shortest_reach(now.wall);
  reach_ = reach ? std::max(reach->count(), base::Duration::rep{0}) : -1;
}

// All in turn, so that none of them falls behind what overwrites it.
void RingTap::step(const base::Moment& now) {
  const std::size_t each = std::max(kBytesOfTick / under_way_.size(), evidence::PacketRing::kMostOfPacket);
  for (std::size_t i = 0; i < under_way_.size();) {
    if (!under_way_[i].taking.step(rings_, now.mono, each)) {
      ++i;
      continue;
    }
    const std::lock_guard lock(mutex_);
    done_.push_back(std::move(under_way_[i]));
    under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

}  // namespace blipd::app
