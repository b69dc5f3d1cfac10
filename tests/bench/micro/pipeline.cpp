// The pipeline as the daemon feeds it, and what a scrape costs beside it: a snapshot, and its text.
#include "daemon/pipeline/pipeline.hpp"

#include <benchmark/benchmark.h>

#include "daemon/serve/metrics_body.hpp"
#include "tests/bench/micro/sample.hpp"

namespace {

using namespace blipd;
using namespace std::chrono_literals;

// A pipeline, and time: second() has every channel of it asked and answered once.
class Country {
 public:
  explicit Country(std::size_t channels)
      : plan_(bench::plan_of(channels)), pipeline_(plan_, bench::moment(bench::kStart)) {}

  void second() {
    constexpr std::size_t kTicks = 100;
    const auto channels = plan_->channels.size();
    for (std::size_t tick = 0; tick < kTicks; ++tick, now_ += 10ms) {
      for (std::size_t i = tick; i < channels; i += kTicks) {
        const auto channel = static_cast<probes::ChannelIndex>(i);
        pipeline_.on_sent(channel, now_);
        pipeline_.on_result(bench::answered(channel, sequence_, now_, rtts_[(i + sequence_) % rtts_.size()]), nullptr);
      }
      pipeline_.advance(bench::moment(now_));
    }
    ++sequence_;
  }
  std::shared_ptr<const pipeline::Snapshot> snapshot() { return pipeline_.snapshot(bench::moment(now_)); }
  const std::shared_ptr<const config::Plan>& plan() const { return plan_; }

 private:
  std::shared_ptr<const config::Plan> plan_;
  pipeline::Pipeline pipeline_;
  std::vector<base::Duration> rtts_ = bench::round_trips(4099);
  base::MonoTime now_ = bench::kStart;
  probes::Sequence sequence_ = 0;
};

void pipeline_second(benchmark::State& state) {
  Country country(static_cast<std::size_t>(state.range(0)));
  for (int i = 0; i < 10; ++i) country.second();
  while (state.KeepRunning()) country.second();
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(pipeline_second)->Arg(1000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void snapshot(benchmark::State& state) {
  Country country(static_cast<std::size_t>(state.range(0)));
  for (int i = 0; i < 60; ++i) country.second();
  while (state.KeepRunning()) benchmark::DoNotOptimize(country.snapshot());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(snapshot)->Arg(10'000)->Unit(benchmark::kMillisecond);

void exposition(benchmark::State& state) {
  Country country(static_cast<std::size_t>(state.range(0)));
  for (int i = 0; i < 60; ++i) country.second();
  serve::Published published;
  published.snapshot = country.snapshot();
  const serve::ServerStats stats;
  const auto labels = std::make_shared<const serve::ChannelLabels>(country.plan());
  std::string piece;
  std::size_t bytes = 0;
  while (state.KeepRunning()) {
    serve::MetricsBody body(published, stats, labels);
    while (body.next(piece)) bytes += piece.size();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(exposition)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace
