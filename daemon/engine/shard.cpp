#include "daemon/engine/shard.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <iterator>
#include <memory>
#include <utility>

#include "probes/base/thread.hpp"

namespace blipd::engine {

namespace {

// How old what is known of a shard's health may be: it costs a system call or two.
constexpr base::Duration kHealthPeriod = std::chrono::milliseconds(100);
// A notice that could come with every tick comes no more often than this.
constexpr base::Duration kNoticeInterval = std::chrono::seconds(10);

}  // namespace

Shard::Shard(const base::Clock& clock, Loop::Asking asking, const Marks& marks, Notify notify,
             std::function<void(std::exception_ptr)> failed, std::size_t most_calls, std::shared_ptr<PacketTap> tap)
    : notify_(std::move(notify)),
      failed_(std::move(failed)),
      timed_(
          io_, clock, writer_, asking, marks, notify_, [this](const base::Moment& now) { end_tick(now); },
          std::move(tap)),
      handover_(most_calls) {}

Shard::~Shard() { stop(); }

base::Expected<void> Shard::open(Orders orders) {
  writer_.batch().generation = orders.plan->generation;
  return timed_.loop().open(std::move(orders));
}

void Shard::start(const std::string& name) {
  timed_.wake();
  thread_ = base::start_thread(name.c_str(), [this] {
    try {
      io_.run();
    } catch (...) {
      failed_(std::current_exception());
    }
  });
}

void Shard::stop() {
  if (!thread_.joinable()) return;
  boost::asio::post(io_, [this] {
    timed_.stop();
    io_.stop();
  });
  thread_.join();
}

void Shard::adopt(Orders orders) {
  boost::asio::post(io_, [this, orders = std::move(orders)] {
    // Between two ticks nothing is left in the writer: all that follows was learned by this plan.
    writer_.batch().generation = orders.plan->generation;
    timed_.adopt(orders);
  });
}

void Shard::ask_now(std::vector<probes::ChannelIndex> channels) {
  boost::asio::post(io_, [this, channels = std::move(channels)] { timed_.ask_now(channels); });
}

void Shard::trace_now(std::vector<std::string> names) {
  boost::asio::post(io_, [this, names = std::move(names)] { timed_.trace_now(names); });
}

std::vector<probes::TracedPath> Shard::take_paths() {
  const std::lock_guard lock(paths_mutex_);
  return std::exchange(paths_, {});
}

void Shard::end_tick(const base::Moment& now) {
  Batch& batch = writer_.batch();
  batch.end = now;
  if (now.mono >= health_due_) {
    health_due_ = now.mono + kHealthPeriod;
    batch.health = timed_.loop().health();
    batch.health->held_ticks = held_ticks_;
  }
  handover_.put(batch);
  if (std::vector<probes::TracedPath> paths = timed_.loop().take_paths(); !paths.empty()) {
    const std::lock_guard lock(paths_mutex_);
    std::ranges::move(paths, std::back_inserter(paths_));
  }
  const bool is_held = handover_.is_full();
  timed_.loop().hold(is_held);
  if (is_held) tell_held(now);
}

void Shard::tell_held(const base::Moment& now) {
  ++held_ticks_;
  if (held_told_ != base::MonoTime::min() && now.mono - held_told_ < kNoticeInterval) return;
  held_told_ = now.mono;
  if (!notify_) return;
  notify_(Severity::kWarning, "judging_behind",
          "judging cannot keep up with probing: nothing is sent until it has; probes that wait too long are given up "
          "as overrun. Ask less, or share the networks out over machines");
}

}  // namespace blipd::engine
