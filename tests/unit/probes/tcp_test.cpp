#include "probes/tcp.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <set>

#include "probes/wire/checksum.hpp"
#include "tests/unit/hex.hpp"
#include "tests/unit/packet.hpp"
#include "tests/unit/probes/captured.hpp"

using namespace blipd;
using namespace blipd::probes;
using Kind = SynReading::Kind;
using test::address;
using test::from_hex;
using test::to_hex;
namespace captured = test::captured;

namespace {

const TcpSyn kSyn(captured::kKey);
constexpr std::uint16_t kPort = 0xf0f9;  // ours, in all captured packets

SynReading read(base::Bytes bytes) { return TcpSyn::read(wire::read_ip(bytes).value()); }
SynReading read(std::string_view hex) { return read(from_hex(hex)); }

// A bare header from one port to another; acknowledges 0x01020305 and begins at 0x0a0b0c0d.
test::Packet segment(std::uint16_t from, std::uint16_t to, std::uint8_t flags) {
  auto header = from_hex("00000000 0a0b0c0d 01020305 5000 faf0 0000 0000");
  test::set_u16(header, 0, from);
  test::set_u16(header, 2, to);
  header[13] = static_cast<std::byte>(flags);
  return test::ip_packet(address("198.18.0.2"), address("198.18.0.1"), wire::kTcp, header);
}

constexpr std::uint8_t kFinFlag = 1, kSynFlag = 2, kRstFlag = 4, kPshFlag = 8, kAckFlag = 16, kEceFlag = 64;

struct Exchange {
  std::string_view syn, syn_ack, own_reset, reset, error;
  base::Address me, target, unreachable_target;
  std::size_t header;
};

const std::array<Exchange, 2> kExchanges = {
    Exchange{captured::kSynV4, captured::kSynAckV4, captured::kOwnResetV4, captured::kResetV4,
             captured::kSynUnreachableV4, address("198.18.0.1"), address("198.18.0.2"), address("198.18.1.1"), 20},
    Exchange{captured::kSynV6, captured::kSynAckV6, captured::kOwnResetV6, captured::kResetV6,
             captured::kSynUnreachableV6, address("2001:2::1"), address("2001:2::2"), address("2001:2:0:1::1"), 40}};

void check_flow(const SynReading& reading, const base::Address& target, std::uint16_t port) {
  CHECK(reading.target == target);
  CHECK(reading.target_port == port);
  CHECK(reading.source_port == kPort);
  CHECK(reading.initial_sequence == kSyn.initial_sequence(captured::kChannel, captured::kSequence, target, port));
  CHECK(reading.ttl == 64);
}

}  // namespace

TEST_CASE("a SYN is written byte for byte, with an MSS option and its checksum") {
  std::array<std::byte, 24> buffer{};
  CHECK(to_hex(kSyn.write_syn(buffer, address("198.18.0.1"), address("198.18.0.2"), 80, 7, 0x12345)) ==
        "f3710050b60148de000000006002faf01e6c0000020405b4");
  CHECK(to_hex(kSyn.write_syn(buffer, address("2001:2::1"), address("2001:2::2"), 80, 7, 0x12345)) ==
        "f371005077088154000000006002faf071220000020405a0");
}

TEST_CASE("a SYN without a source leaves its checksum to the kernel") {
  std::array<std::byte, 24> buffer{};
  CHECK(to_hex(kSyn.write_syn(buffer, address("::"), address("2001:2::2"), 80, 7, 0x12345)) ==
        "f371005077088154000000006002faf000000000020405a0");
}

TEST_CASE("a SYN carries the sequence number and the port that it is later known by") {
  std::array<std::byte, 24> buffer{};
  const auto me = address("198.18.0.1");
  const auto target = address("198.18.0.2");
  const auto bytes = kSyn.write_syn(buffer, me, target, 443, 99'999, 0xffffffff);
  CHECK(wire::checksum(bytes, me, target, wire::kTcp) == 0);
  const auto reading = read(test::ip_packet(me, target, wire::kTcp, bytes));
  CHECK(reading.kind == Kind::kRequest);
  CHECK(reading.target == target);
  CHECK(reading.target_port == 443);
  CHECK(reading.source_port == kSyn.source_port(99'999, 0xffffffff));
  CHECK(reading.initial_sequence == kSyn.initial_sequence(99'999, 0xffffffff, target, 443));
}

TEST_CASE("everything that an initial sequence number covers changes it, and so does the key") {
  const auto target = address("198.18.0.2");
  std::set<std::uint32_t> numbers = {
      kSyn.initial_sequence(7, 1, target, 80),           kSyn.initial_sequence(8, 1, target, 80),
      kSyn.initial_sequence(7, 2, target, 80),           kSyn.initial_sequence(7, 1, address("198.18.0.3"), 80),
      kSyn.initial_sequence(7, 1, target, 81),           kSyn.initial_sequence(1, 7, target, 80),
      TcpSyn({1, 2}).initial_sequence(7, 1, target, 80), kSyn.initial_sequence(7, 1, address("2001:2::2"), 80)};
  CHECK(numbers.size() == 8);
  CHECK(kSyn.initial_sequence(7, 1, target, 80) == kSyn.initial_sequence(7, 1, target, 80));
}

TEST_CASE("source ports stay within their range, and a channel walks through all of it before one comes again") {
  constexpr std::size_t kPorts = 65535 - 61000 + 1;
  for (const ChannelIndex channel : {0U, 1U, 12'345U, 0xffffffffU}) {
    std::set<std::uint16_t> seen;
    for (Sequence sequence = 0; sequence < kPorts; ++sequence) {
      const auto port = kSyn.source_port(channel, sequence);
      REQUIRE(port >= kFirstSourcePort);
      REQUIRE(port <= kLastSourcePort);
      seen.insert(port);
    }
    CHECK(seen.size() == kPorts);
    CHECK(kSyn.source_port(channel, 0xffffffff) != kSyn.source_port(channel, 0));
  }
}

TEST_CASE("with a part of the ports, a channel's probes walk through all of that part and nothing else") {
  const PortRange part{61070, 61139};
  const TcpSyn syn({1, 2}, part);
  for (const ChannelIndex channel : {0U, 1U, 4711U}) {
    std::set<std::uint16_t> seen;
    for (Sequence sequence = 0; sequence < part.size(); ++sequence) {
      const auto port = syn.source_port(channel, sequence);
      REQUIRE(part.has(port));
      seen.insert(port);
    }
    CHECK(seen.size() == 70);
  }
  CHECK_FALSE(part.has(61069));
  CHECK_FALSE(part.has(61140));
}

TEST_CASE("another key walks through the source ports elsewhere") {
  const TcpSyn other({1, 2});
  int same = 0;
  for (ChannelIndex channel = 0; channel < 1000; ++channel) {
    if (kSyn.source_port(channel, 0) == other.source_port(channel, 0)) ++same;
  }
  CHECK(same < 10);
}

TEST_CASE("our own SYN is known on its way out") {
  for (const auto& exchange : kExchanges) {
    const auto reading = read(exchange.syn);
    CHECK(reading.kind == Kind::kRequest);
    check_flow(reading, exchange.target, 80);
  }
}

TEST_CASE("a SYN-ACK names the SYN that it answers") {
  for (const auto& exchange : kExchanges) {
    const auto reading = read(exchange.syn_ack);
    CHECK(reading.kind == Kind::kSynAck);
    check_flow(reading, exchange.target, 80);
  }
}

TEST_CASE("a reset names the SYN that it answers") {
  for (const auto& exchange : kExchanges) {
    const auto reading = read(exchange.reset);
    CHECK(reading.kind == Kind::kReset);
    check_flow(reading, exchange.target, 81);
  }
}

TEST_CASE("an ICMP error names the SYN that it quotes, its code and its sender") {
  for (const auto& exchange : kExchanges) {
    const auto reading = read(exchange.error);
    CHECK(reading.kind == Kind::kError);
    check_flow(reading, exchange.unreachable_target, 80);
    CHECK(reading.notice.type == (exchange.me.is_v4() ? 3 : 1));
    CHECK(reading.notice.code == (exchange.me.is_v4() ? 1 : 0));
    CHECK(reading.notice.sender == exchange.target);
  }
}

TEST_CASE("the reset by which our kernel turns down a SYN-ACK is no answer") {
  for (const auto& exchange : kExchanges) CHECK(read(exchange.own_reset).kind == Kind::kForeign);
}

TEST_CASE("the checksum of a segment is not judged: an offload may have left it half done") {
  auto bytes = from_hex(captured::kSynAckV4);
  bytes[20 + 16] ^= std::byte{0xff};
  CHECK(read(bytes).kind == Kind::kSynAck);
}

TEST_CASE("flags decide what a segment to our port is") {
  const auto [flags, kind] = GENERATE(table<int, Kind>({
      {kSynFlag | kAckFlag, Kind::kSynAck},
      {kSynFlag | kAckFlag | kEceFlag, Kind::kSynAck},  // a host that speaks ECN (RFC 3168, 6.1.1)
      {kRstFlag | kAckFlag, Kind::kReset},
      {kRstFlag | kAckFlag | kPshFlag, Kind::kReset},
      {kAckFlag, Kind::kForeign},  // a challenge ACK (RFC 5961)
      {kAckFlag | kFinFlag, Kind::kForeign},
      {0, Kind::kForeign},
      {kSynFlag, Kind::kMalformed},
      {kRstFlag, Kind::kMalformed},  // acknowledges nothing
      {kSynFlag | kRstFlag, Kind::kMalformed},
      {kSynFlag | kRstFlag | kAckFlag, Kind::kMalformed},
      {kSynFlag | kFinFlag | kAckFlag, Kind::kMalformed},
  }));
  INFO("flags " << flags);
  const auto reading = read(segment(80, kPort, static_cast<std::uint8_t>(flags)));
  CHECK(reading.kind == kind);
  if (kind == Kind::kForeign) return;
  CHECK(reading.target == address("198.18.0.2"));
  CHECK(reading.target_port == 80);
  CHECK(reading.source_port == kPort);
  CHECK(reading.initial_sequence == 0x01020304);
}

TEST_CASE("from our port only a plain SYN is a request, everything else is the kernel's business") {
  for (unsigned flags = 0; flags < 64; ++flags) {
    INFO("flags " << flags);
    const bool is_plain_syn = (flags & (kSynFlag | kAckFlag | kRstFlag | kFinFlag)) == kSynFlag;
    CHECK(read(segment(kPort, 80, static_cast<std::uint8_t>(flags))).kind ==
          (is_plain_syn ? Kind::kRequest : Kind::kForeign));
  }
}

TEST_CASE("a target port within our own range changes nothing") {
  CHECK(read(segment(kPort, 61001, kSynFlag)).kind == Kind::kRequest);
  CHECK(read(segment(61001, kPort, kSynFlag | kAckFlag)).kind == Kind::kSynAck);
  CHECK(read(segment(61001, kPort, kRstFlag | kAckFlag)).kind == Kind::kReset);
  CHECK(read(segment(kPort, 61001, kRstFlag)).kind == Kind::kForeign);
}

TEST_CASE("our ports begin at 61000 and end with the last there is") {
  CHECK(read(segment(80, 60999, kSynFlag | kAckFlag)).kind == Kind::kForeign);
  CHECK(read(segment(80, 61000, kSynFlag | kAckFlag)).kind == Kind::kSynAck);
  CHECK(read(segment(80, 65535, kSynFlag | kAckFlag)).kind == Kind::kSynAck);
  CHECK(read(segment(60999, 80, kSynFlag)).kind == Kind::kForeign);
  CHECK(read(segment(61000, 80, kSynFlag)).kind == Kind::kRequest);
}

TEST_CASE("a segment that a capture cut off is read from its flags on") {
  for (const auto& exchange : kExchanges) {
    const auto whole = from_hex(exchange.syn_ack);
    for (std::size_t length = 0; length <= 24; ++length) {
      INFO("TCP bytes " << length);
      const auto reading = read(base::Bytes(whole).first(exchange.header + length));
      CHECK(reading.kind == (length < 4 ? Kind::kForeign : length < 14 ? Kind::kMalformed : Kind::kSynAck));
    }
  }
}

TEST_CASE("a segment that was sent shorter than its header says is malformed") {
  const auto whole = from_hex(captured::kSynAckV4);
  for (std::size_t length = 0; length <= 24; ++length) {
    INFO("TCP bytes " << length);
    const auto reading = read(test::ip_packet(address("198.18.0.2"), address("198.18.0.1"), wire::kTcp,
                                              base::Bytes(whole).subspan(20, length)));
    CHECK(reading.kind == (length < 4 ? Kind::kForeign : length < 24 ? Kind::kMalformed : Kind::kSynAck));
  }
}

TEST_CASE("a segment whose header claims less than twenty bytes is malformed") {
  auto bytes = from_hex(captured::kSynAckV4);
  bytes[20 + 12] = std::byte{0x40};
  CHECK(read(bytes).kind == Kind::kMalformed);
}

TEST_CASE("an error needs no more than eight quoted bytes to name its SYN") {
  for (const auto& exchange : kExchanges) {
    const auto whole = from_hex(exchange.error);
    const auto quoted = base::Bytes(whole).subspan(exchange.header + 8);
    for (std::size_t length = 0; length <= 24; ++length) {
      INFO("quoted TCP bytes " << length);
      const auto reading = read(test::icmp_error_packet(exchange.target, exchange.me, exchange.me.is_v4() ? 3 : 1, 0,
                                                        quoted.first(exchange.header + length)));
      CHECK(reading.kind == (length < 4 ? Kind::kForeign : length < 8 ? Kind::kMalformed : Kind::kError));
      if (reading.kind == Kind::kError) check_flow(reading, exchange.unreachable_target, 80);
    }
  }
}

TEST_CASE("an error with a wrong checksum about a SYN is malformed") {
  for (const auto& exchange : kExchanges) {
    auto bytes = from_hex(exchange.error);
    bytes[exchange.header + 1] ^= std::byte{1};
    CHECK(read(bytes).kind == Kind::kMalformed);
  }
}

TEST_CASE("an error about another port, another protocol or the kernel's reset is not ours") {
  const auto me = address("198.18.0.1");
  const auto router = address("198.18.0.2");
  CHECK(read(test::icmp_error_packet(router, me, 3, 1, from_hex(captured::kOwnResetV4))).kind == Kind::kForeign);
  CHECK(read(test::icmp_error_packet(router, me, 3, 1, from_hex(captured::kEchoRequestV4))).kind == Kind::kForeign);
  auto quoted = from_hex(captured::kSynV4);
  test::set_u16(quoted, 20, 60999);
  CHECK(read(test::icmp_error_packet(router, me, 3, 1, quoted)).kind == Kind::kForeign);
}

TEST_CASE("an echo reply and a later fragment are no segments") {
  CHECK(read(captured::kEchoReplyV4).kind == Kind::kForeign);
  const auto bytes = from_hex(captured::kSynAckV4);
  auto packet = wire::read_ip(bytes).value();
  packet.is_fragment = true;
  CHECK(TcpSyn::read(packet).kind == Kind::kForeign);
  packet.is_first_fragment = true;
  packet.payload = packet.payload.first(16);
  CHECK(TcpSyn::read(packet).kind == Kind::kSynAck);
}
