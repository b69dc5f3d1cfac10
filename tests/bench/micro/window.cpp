// One channel's windows: a result more, and what a scrape reads of them (the four windows with their quantiles).
#include <benchmark/benchmark.h>

#include "daemon/measure/channel.hpp"
#include "tests/bench/micro/sample.hpp"

namespace {

using namespace blipd;
using namespace std::chrono_literals;

// `seconds` of results, one a second, from `start` on.
void fill(measure::Windows& windows, base::MonoTime start, const std::vector<base::Duration>& rtts) {
  for (std::size_t i = 0; i < rtts.size(); ++i) {
    windows.add(bench::answered(0, static_cast<probes::Sequence>(i), start + std::chrono::seconds(i), rtts[i]));
  }
}

void window_add(benchmark::State& state) {
  const auto rtts = bench::round_trips(4096);
  measure::Windows windows;
  fill(windows, bench::kStart, bench::round_trips(3600));
  base::MonoTime now = bench::kStart + 1h;
  std::size_t i = 0;
  while (state.KeepRunning()) {
    windows.add(bench::answered(0, static_cast<probes::Sequence>(i), now, rtts[i % rtts.size()]));
    now += 1s;
    ++i;
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["heap_bytes"] = static_cast<double>(windows.heap_bytes() + sizeof windows);
}
BENCHMARK(window_add);

void window_view(benchmark::State& state) {
  const std::int64_t seconds = state.range(0);
  measure::Windows windows;
  fill(windows, bench::kStart, bench::round_trips(static_cast<std::size_t>(seconds)));
  const base::MonoTime now = bench::kStart + std::chrono::seconds(seconds);
  while (state.KeepRunning()) benchmark::DoNotOptimize(windows.view(now));
  state.SetItemsProcessed(state.iterations());
}
// With a minute of samples; with the longest window full.
BENCHMARK(window_view)->Arg(60)->Arg(3600);

void channel_result(benchmark::State& state) {
  const std::vector<double> bounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0};
  const auto rtts = bench::round_trips(4096);
  measure::Channel channel(bounds.size());
  base::MonoTime now = bench::kStart;
  std::size_t i = 0;
  while (state.KeepRunning()) {
    channel.on_sent();
    channel.on_result(bench::answered(0, static_cast<probes::Sequence>(i), now, rtts[i % rtts.size()]), bounds);
    now += 1s;
    ++i;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(channel_result);

}  // namespace
