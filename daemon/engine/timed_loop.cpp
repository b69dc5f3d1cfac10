#include "daemon/engine/timed_loop.hpp"

#include <algorithm>
#include <utility>

namespace blipd::engine {

TimedLoop::TimedLoop(boost::asio::io_context& io, const base::Clock& clock, probes::ResultSink& sink,
                     Loop::Asking asking, const Marks& marks, Notify notify,
                     std::function<void(const base::Moment&)> on_tick, std::shared_ptr<PacketTap> tap)
    : clock_(clock),
      loop_(clock, sink, asking, marks, std::move(notify), std::move(tap)),
      on_tick_(std::move(on_tick)),
      timer_(io) {}

void TimedLoop::stop() {
  is_stopped_ = true;
  timer_.cancel();
  loop_.stop();
}

void TimedLoop::adopt(Orders orders) {
  loop_.adopt(std::move(orders));
  wake();
}

void TimedLoop::ask_now(std::span<const probes::ChannelIndex> channels) {
  loop_.ask_now(channels);
  // From within a tick the next one is near anyway.
  if (!is_ticking_) wake();
}

void TimedLoop::trace_now(std::span<const std::string> names) {
  loop_.trace_now(names);
  if (!is_ticking_) wake();
}

void TimedLoop::wake() {
  is_woken_ = true;
  if (!is_ticking_) sleep_until(clock_.read().mono);
}

void TimedLoop::sleep_until(base::MonoTime at) {
  // steady_clock and MonoTime are both CLOCK_MONOTONIC.
  timer_.expires_at(boost::asio::steady_timer::time_point(at.time_since_epoch()));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !is_stopped_) tick();
  });
}

void TimedLoop::tick() {
  is_ticking_ = true;
  is_woken_ = false;
  const base::MonoTime next = loop_.tick();
  if (on_tick_) on_tick_(clock_.read());
  is_ticking_ = false;
  if (is_stopped_) return;
  sleep_until(is_woken_ ? std::min(next, clock_.read().mono + Tick::kBusy) : next);
}

}  // namespace blipd::engine
