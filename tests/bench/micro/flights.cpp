// A probe's way through the book of what is under way: reserved, launched, seen leaving, answered, its deadline passed.
// Each iteration is one second of all channels, in ticks of 10 ms, every answer 50 ms after its request.
#include "daemon/engine/flights.hpp"

#include <benchmark/benchmark.h>

#include "tests/bench/micro/sample.hpp"

namespace {

using namespace blipd;
using namespace std::chrono_literals;
using engine::Learned;

struct Nobody final : probes::ResultSink {
  std::int64_t results = 0;
  void on_sent(probes::ChannelIndex, base::MonoTime) override {}
  void on_result(const probes::Result&, const probes::AnswerDetail*) override { ++results; }
  void on_remark(const probes::Remark&) override {}
};

Learned learned(Learned::Kind kind, probes::ChannelIndex channel, probes::Sequence sequence, base::MonoTime at) {
  Learned made;
  made.kind = kind;
  made.channel = channel;
  made.sequence = sequence;
  made.answer = probes::AnswerKind::kEchoReply;
  made.stamp = {bench::moment(at).wall, probes::StampSource::kCapture};
  return made;
}

void flights_second(benchmark::State& state) {
  constexpr std::size_t kTicks = 100;
  constexpr std::size_t kAnswerTicks = 5;
  const auto channels = static_cast<std::size_t>(state.range(0));
  Nobody sink;
  engine::Flights flights(sink, 10s);
  flights.make_room(channels);
  for (probes::ChannelIndex c = 0; c < channels; ++c) flights.lay_out(c, {true, 1s, 900ms, 1});
  std::vector<probes::Sequence> last(channels);
  base::MonoTime now = bench::kStart;
  std::size_t tick = 0;
  while (state.KeepRunning()) {
    for (std::size_t step = 0; step < kTicks; ++step, ++tick, now += 10ms) {
      // Answers first, as the loop has it.
      if (tick >= kAnswerTicks) {
        const std::size_t part = (tick - kAnswerTicks) % kTicks;
        for (std::size_t i = part; i < channels; i += kTicks) {
          const auto channel = static_cast<probes::ChannelIndex>(i);
          flights.learned(learned(Learned::Kind::kAnswer, channel, last[i], now), now, 0);
        }
      }
      flights.settle(now, {});
      for (std::size_t i = tick % kTicks; i < channels; i += kTicks) {
        const auto channel = static_cast<probes::ChannelIndex>(i);
        const auto sequence = flights.reserve(channel);
        if (!sequence) continue;
        last[i] = *sequence;
        flights.launch(channel, *sequence, bench::moment(now), 0);
        flights.learned(learned(Learned::Kind::kRequestSeen, channel, *sequence, now), now, 0);
      }
    }
  }
  state.SetItemsProcessed(sink.results);
}
BENCHMARK(flights_second)->Arg(1000)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
