#include "daemon/engine/engine.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/engine/loop.hpp"

namespace blipd::engine {

namespace {

namespace asio = boost::asio;

// The loop on a timer of an io_context.
class TimedEngine final : public Engine {
 public:
  TimedEngine(asio::io_context& io, const base::Clock& clock, probes::ResultSink& sink, EngineOptions options)
      : clock_(clock),
        loop_(clock, sink, options.pace == Pace::kScheduled ? Loop::Asking::kScheduled : Loop::Asking::kOnRequest,
              options.notify),
        on_tick_(std::move(options.on_tick)),
        timer_(io) {}

  base::Expected<void> open(std::shared_ptr<const config::Plan> plan) { return loop_.open(std::move(plan)); }

  void start() override { wake(); }

  void stop() override {
    is_stopped_ = true;
    timer_.cancel();
    loop_.stop();
  }

  void adopt(std::shared_ptr<const config::Plan> plan) override {
    loop_.adopt(std::move(plan));
    wake();
  }

  void ask_now(std::span<const probes::ChannelIndex> channels) override {
    loop_.ask_now(channels);
    // From within a tick the next one is near anyway.
    if (!is_ticking_) wake();
  }

  void wake() override {
    is_woken_ = true;
    if (!is_ticking_) sleep_until(clock_.read().mono);
  }

  Health health() override { return loop_.health(); }

 private:
  void sleep_until(base::MonoTime at) {
    // steady_clock and MonoTime are both CLOCK_MONOTONIC.
    timer_.expires_at(asio::steady_timer::time_point(at.time_since_epoch()));
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error && !is_stopped_) tick();
    });
  }

  void tick() {
    is_ticking_ = true;
    is_woken_ = false;
    const base::MonoTime next = loop_.tick();
    if (on_tick_) on_tick_(clock_.read());
    is_ticking_ = false;
    if (is_stopped_) return;
    sleep_until(is_woken_ ? std::min(next, clock_.read().mono + Tick::kBusy) : next);
  }

  const base::Clock& clock_;
  Loop loop_;
  std::function<void(const base::Moment&)> on_tick_;
  asio::steady_timer timer_;
  bool is_ticking_ = false;
  bool is_woken_ = false;
  bool is_stopped_ = false;
};

}  // namespace

base::Expected<std::unique_ptr<Engine>> Engine::create(asio::io_context& io, const base::Clock& clock,
                                                       probes::ResultSink& sink,
                                                       std::shared_ptr<const config::Plan> plan,
                                                       EngineOptions options) {
  auto engine = std::make_unique<TimedEngine>(io, clock, sink, std::move(options));
  if (auto opened = engine->open(std::move(plan)); !opened) return tl::unexpected(opened.error());
  return engine;
}

}  // namespace blipd::engine
