// What closing a minute costs the probing thread: the longest call of advance(), and all of them together.
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>

#include "daemon/pipeline/pipeline.hpp"
#include "tests/bench/micro/sample.hpp"

namespace {

using namespace blipd;
using namespace std::chrono_literals;

// Of this thread: whoever else keeps the machine busy does not count.
double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// `channels` are each asked every `interval` seconds; time is the pipeline's own.
void close_minute(benchmark::State& state) {
  const auto channels = static_cast<std::size_t>(state.range(0));
  const auto interval = static_cast<std::size_t>(state.range(1));
  const auto plan = bench::plan_of(channels);
  pipeline::Pipeline pipeline(plan, bench::moment(bench::kStart));
  pipeline.keep_minutes();
  const auto rtts = bench::round_trips(4099);
  base::MonoTime now = bench::kStart;
  pipeline.advance(bench::moment(now));
  const auto second = [&](std::size_t number) {
    now += 1s;
    for (std::size_t i = number % interval; i < channels; i += interval) {
      const auto channel = static_cast<probes::ChannelIndex>(i);
      const auto sequence = static_cast<probes::Sequence>(number / interval);
      pipeline.on_sent(channel, now - 100ms);
      pipeline.on_result(bench::answered(channel, sequence, now - 100ms, rtts[(i + number) % rtts.size()]), nullptr);
    }
  };
  std::size_t number = 0;
  double longest = 0;
  double calls = 0;
  while (state.KeepRunning()) {
    for (int i = 0; i < 59; ++i, ++number) {
      second(number);
      pipeline.advance(bench::moment(now));
    }
    second(number++);
    double all = 0;
    while (pipeline.take_minutes().empty()) {
      now += 1ms;
      const double start = cpu_seconds();
      pipeline.advance(bench::moment(now));
      const double took = cpu_seconds() - start;
      longest = std::max(longest, took);
      all += took;
      ++calls;
    }
    now = base::MonoTime(std::chrono::floor<std::chrono::minutes>(now.time_since_epoch()));
    state.SetIterationTime(all);
  }
  state.counters["longest_ms"] = longest * 1e3;
  state.counters["calls"] = benchmark::Counter(calls, benchmark::Counter::kAvgIterations);
}
BENCHMARK(close_minute)
    ->Args({100'000, 5})
    ->Args({100'000, 1})
    ->Args({10'000, 5})
    ->UseManualTime()
    ->Iterations(4)
    ->Unit(benchmark::kMillisecond);

}  // namespace
