// A loop on a timer of an io_context. All calls on the thread that runs it, but those before it runs.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <span>
#include <string>

#include "daemon/engine/loop.hpp"

namespace blipd::engine {

class TimedLoop {
 public:
  // `on_tick` at the end of each tick; may be empty.
  TimedLoop(boost::asio::io_context& io, const base::Clock& clock, probes::ResultSink& sink, Loop::Asking asking,
            const Marks& marks, Notify notify, std::function<void(const base::Moment&)> on_tick,
            std::shared_ptr<PacketTap> tap = nullptr);

  // Loop::open() comes first.
  Loop& loop() { return loop_; }

  void stop();
  void adopt(Orders orders);
  void ask_now(std::span<const probes::ChannelIndex> channels);
  void trace_now(std::span<const std::string> names);
  // Starts, and makes the next tick come at once.
  void wake();

 private:
  void sleep_until(base::MonoTime at);
  void tick();

  const base::Clock& clock_;
  Loop loop_;
  std::function<void(const base::Moment&)> on_tick_;
  boost::asio::steady_timer timer_;
  bool is_ticking_ = false;
  bool is_woken_ = false;
  bool is_stopped_ = false;
};

}  // namespace blipd::engine
