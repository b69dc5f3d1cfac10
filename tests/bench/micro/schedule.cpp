// When to ask: laying a schedule out, and walking it tick by tick.
#include "daemon/engine/schedule.hpp"

#include <benchmark/benchmark.h>

#include "tests/bench/micro/sample.hpp"

namespace {

using namespace blipd;
using namespace std::chrono_literals;

std::vector<engine::Schedule::Entry> entries(std::size_t count) {
  std::vector<engine::Schedule::Entry> made(count);
  for (std::size_t i = 0; i < count; ++i) {
    made[i] = {static_cast<probes::ChannelIndex>(i), 1s, engine::phase_of("XX/net/" + std::to_string(i), 1s)};
  }
  return made;
}

void schedule_tick(benchmark::State& state) {
  engine::Schedule schedule;
  base::MonoTime now = bench::kStart;
  schedule.assign(entries(static_cast<std::size_t>(state.range(0))), now);
  std::int64_t probes = 0;
  while (state.KeepRunning()) {
    now += 10ms;
    schedule.advance(now, [&](probes::ChannelIndex channel, base::MonoTime) {
      benchmark::DoNotOptimize(channel);
      ++probes;
    });
  }
  state.SetItemsProcessed(probes);
}
BENCHMARK(schedule_tick)->Arg(1000)->Arg(100'000);

void schedule_assign(benchmark::State& state) {
  const auto all = entries(static_cast<std::size_t>(state.range(0)));
  while (state.KeepRunning()) {
    engine::Schedule schedule;
    schedule.assign(all, bench::kStart);
    benchmark::DoNotOptimize(schedule.next_due());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(schedule_assign)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
