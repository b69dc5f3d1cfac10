// What keeping a packet for evidence costs beside all that is done with it anyway: an echo packet of 84 bytes into the
// ring of its network, as the tap does it. Rings as large as they are by default, so that they lie outside the caches
// when there are many. Each iteration is one packet.
#include "daemon/evidence/packet_rings.hpp"

#include <benchmark/benchmark.h>

#include <vector>

#include "daemon/evidence/packet_taking.hpp"

namespace {

using namespace blipd;
using namespace std::chrono_literals;

constexpr std::size_t kBudget = 16 << 20;

evidence::PacketRings filled(std::size_t networks) {
  evidence::PacketRings rings;
  const std::vector<evidence::PacketRings::Wanted> wanted(networks, {1, 1});
  rings.lay_out(wanted, kBudget);
  const std::vector<std::byte> packet(84, std::byte{0x45});
  for (std::size_t i = 0; i < 2 * kBudget / 120; ++i) {
    rings.add(static_cast<std::uint32_t>(i % networks), {}, packet);
  }
  return rings;
}

void keep_a_packet(benchmark::State& state) {
  const auto networks = static_cast<std::uint32_t>(state.range(0));
  evidence::PacketRings rings = filled(networks);
  const std::vector<std::byte> packet(84, std::byte{0x45});
  std::uint32_t network = 0;
  std::int64_t at = 0;
  for (auto _ : state) {
    rings.add(network, {base::WallTime(std::chrono::nanoseconds(++at)), 2, 84, evidence::Direction::kIn}, packet);
    network = network + 1 == networks ? 0 : network + 1;
  }
  benchmark::DoNotOptimize(rings.packets());
}

// A tick's step of taking packets out of a ring.
void take_128_kib(benchmark::State& state) {
  const evidence::PacketRings rings = filled(1);
  for (auto _ : state) {
    state.PauseTiming();
    evidence::PacketTaking taking(0, base::MonoTime(1s));
    taking.step(rings, base::MonoTime(0s), 128 << 10);
    state.ResumeTiming();
    for (int i = 0; i < 32; ++i) taking.step(rings, base::MonoTime(0s), 128 << 10);
  }
  state.counters["steps"] =
      benchmark::Counter(static_cast<double>(state.iterations() * 32), benchmark::Counter::kIsRate);
}

}  // namespace

BENCHMARK(keep_a_packet)->Arg(1)->Arg(30)->Arg(1000);
BENCHMARK(take_128_kib);
