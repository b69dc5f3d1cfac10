#include "daemon/engine/engine.hpp"

#include <boost/asio/io_context.hpp>
#include <utility>

#include "daemon/engine/sharded_engine.hpp"
#include "daemon/engine/timed_loop.hpp"

namespace blipd::engine {

namespace {

namespace asio = boost::asio;

// One loop, on the thread of the io_context given: what it learns goes straight to the sink.
class SingleEngine final : public Engine {
 public:
  SingleEngine(asio::io_context& io, const base::Clock& clock, probes::ResultSink& sink, EngineOptions options)
      : timed_(io, clock, sink, options.pace == Pace::kScheduled ? Loop::Asking::kScheduled : Loop::Asking::kOnRequest,
               marks(), std::move(options.notify), std::move(options.on_tick),
               options.make_tap ? options.make_tap() : nullptr) {}

  base::Expected<void> open(std::shared_ptr<const config::Plan> plan) {
    return timed_.loop().open(orders_of(std::move(plan)));
  }

  void start() override { timed_.wake(); }
  void stop() override { timed_.stop(); }
  void adopt(std::shared_ptr<const config::Plan> plan) override { timed_.adopt(orders_of(std::move(plan))); }
  void ask_now(std::span<const probes::ChannelIndex> channels) override { timed_.ask_now(channels); }
  void trace_now(std::span<const config::TraceIndex> traces) override {
    std::vector<std::string> names;
    for (const config::TraceIndex trace : traces) names.push_back(plan_->trace_name(trace));
    timed_.trace_now(names);
  }
  std::vector<probes::TracedPath> take_paths() override { return timed_.loop().take_paths(); }
  void wake() override { timed_.wake(); }
  Health health() override { return timed_.loop().health(); }

 private:
  static Marks marks() {
    const auto identifier = static_cast<std::uint16_t>(base::SipKey::random().k0);
    return {identifier, {}, static_cast<std::uint16_t>(identifier + config::Engine::kMostShards)};
  }

  Orders orders_of(std::shared_ptr<const config::Plan> plan) {
    plan_ = plan;
    auto budget = std::make_shared<Budget>(plan->configuration.budget);
    return {std::move(plan), std::move(budget), {}};
  }

  std::shared_ptr<const config::Plan> plan_;
  TimedLoop timed_;
};

}  // namespace

base::Expected<std::unique_ptr<Engine>> Engine::create(asio::io_context& io, const base::Clock& clock,
                                                       probes::ResultSink& sink,
                                                       std::shared_ptr<const config::Plan> plan,
                                                       EngineOptions options) {
  if (options.shards > 1) return create_sharded_engine(io, clock, sink, std::move(plan), std::move(options));
  auto engine = std::make_unique<SingleEngine>(io, clock, sink, std::move(options));
  if (auto opened = engine->open(std::move(plan)); !opened) return tl::unexpected(opened.error());
  return engine;
}

}  // namespace blipd::engine
