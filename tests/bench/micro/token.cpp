// Knowing our own packets again: the keyed hash by itself, a request written, and a reply read and believed.
#include <benchmark/benchmark.h>

#include <array>
#include <stdexcept>

#include "probes/base/siphash.hpp"
#include "probes/icmp.hpp"
#include "probes/wire/checksum.hpp"
#include "probes/wire/ip.hpp"
#include "tests/bench/micro/sample.hpp"

namespace {

using namespace blipd;

constexpr base::SipKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};
constexpr std::uint16_t kSize = 56;

void token_hash(benchmark::State& state) {
  std::array<std::byte, 24> message{};
  while (state.KeepRunning()) {
    message[0] = static_cast<std::byte>(state.iterations());
    benchmark::DoNotOptimize(base::siphash24(kKey, base::Bytes(message)));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(token_hash);

void token_write(benchmark::State& state) {
  const probes::IcmpEcho echo(kKey, 0x1234);
  const auto target = base::Address::parse("198.18.0.1");
  std::array<std::byte, 8 + kSize> message{};
  probes::Sequence sequence = 0;
  while (state.KeepRunning()) benchmark::DoNotOptimize(echo.write_request(message, *target, 7, ++sequence, kSize));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(token_write);

void token_match(benchmark::State& state) {
  const probes::IcmpEcho echo(kKey, 0x1234);
  const auto target = base::Address::parse("198.18.0.1");
  std::array<std::byte, 8 + kSize> message{};
  echo.write_request(message, *target, 7, 42, kSize);
  message[0] = message[2] = message[3] = std::byte{0};  // an echo reply, its checksum to come
  const std::uint16_t sum = wire::checksum(message);
  message[2] = static_cast<std::byte>(sum >> 8U);
  message[3] = static_cast<std::byte>(sum & 0xffU);
  wire::IpPacket packet;
  packet.source = *target;
  packet.destination = *base::Address::parse("198.19.0.1");
  packet.protocol = wire::kIcmp;
  packet.ttl = 64;
  packet.payload = message;
  if (echo.read(packet).kind != probes::EchoReading::Kind::kReply) throw std::logic_error("the reply is not believed");
  while (state.KeepRunning()) benchmark::DoNotOptimize(echo.read(packet));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(token_match);

}  // namespace
