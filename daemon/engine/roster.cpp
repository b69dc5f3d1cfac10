#include "daemon/engine/roster.hpp"

#include <algorithm>
#include <set>
#include <variant>

namespace blipd::engine {

Way way_of(const probes::ProbeSpec& spec) {
  if (const auto* tcp = std::get_if<probes::TcpSpec>(&spec.ask)) {
    return tcp->mode == probes::TcpMode::kSyn ? Way::kSyn : Way::kConnect;
  }
  if (const auto* dns = std::get_if<probes::DnsSpec>(&spec.ask)) {
    return dns->transport == probes::DnsTransport::kUdp ? Way::kDnsUdp : Way::kDnsTcp;
  }
  return Way::kEcho;
}

void Roster::adopt(std::shared_ptr<const config::Plan> plan, const Budget& budget, Share share) {
  share_ = std::move(share);
  plan_ = std::move(plan);
  budget_ = &budget;
  std::unordered_map<std::string, std::vector<base::Address>> kept;
  for (const std::string& name : names()) {
    if (const auto found = known_.find(name); found != known_.end()) kept.insert(*found);
  }
  known_ = std::move(kept);
  rebuild();
}

std::vector<std::string> Roster::names() const {
  std::set<std::string> names;
  for (std::size_t i = 0; i < plan_->targets.size(); ++i) {
    const config::PlannedTarget& target = plan_->targets[i];
    if (is_asked(i) && !base::Address::parse(target.host)) names.insert(target.host);
  }
  return {names.begin(), names.end()};
}

void Roster::resolved(const std::string& name, std::vector<base::Address> addresses) {
  if (addresses.empty()) return;
  std::ranges::sort(addresses);
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  auto& known = known_[name];
  if (known == addresses) return;
  known = std::move(addresses);
  rebuild();
}

bool Roster::is_usable(probes::ChannelIndex index, const base::Address& address) const {
  const auto& source = plan_->channels[index].spec.source;
  return !source || source->family() == address.family();
}

bool Roster::is_asked(std::size_t target) const {
  return plan_->targets[target].is_active && share_.has(static_cast<config::TargetIndex>(target));
}

void Roster::rebuild() {
  addresses_.assign(plan_->channels.size(), {});
  book_.clear();
  unresolved_ = 0;
  refused_ = 0;
  for (std::size_t i = 0; i < plan_->targets.size(); ++i) {
    if (!is_asked(i)) continue;
    const config::PlannedTarget& target = plan_->targets[i];
    std::vector<base::Address> all;
    if (const auto literal = base::Address::parse(target.host)) {
      all.push_back(*literal);
    } else if (const auto found = known_.find(target.host); found != known_.end()) {
      all = found->second;
    }
    if (all.empty()) ++unresolved_;
    if (std::erase_if(all, [&](const base::Address& a) { return budget_->is_refused(a); }) > 0) ++refused_;
    for (const probes::ChannelIndex index : target.channels) {
      const Way way = way_of(plan_->channels[index].spec);
      for (const base::Address& address : all) {
        if (!is_usable(index, address)) continue;
        addresses_[index].push_back(address);
        if (way == Way::kEcho || way == Way::kSyn) book_[address].push_back(index);
      }
    }
  }
}

std::optional<base::Address> Roster::address(probes::ChannelIndex channel, probes::Sequence sequence) const {
  const auto& addresses = addresses_[channel];
  if (addresses.empty()) return std::nullopt;
  return addresses[sequence % addresses.size()];
}

std::span<const probes::ChannelIndex> Roster::channels_at(const base::Address& address) const {
  const auto found = book_.find(address);
  if (found == book_.end()) return {};
  return found->second;
}

}  // namespace blipd::engine
