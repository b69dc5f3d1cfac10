#include "probes/icmp.hpp"

#include <array>
#include <catch2/catch.hpp>

#include "probes/spec.hpp"
#include "probes/wire/checksum.hpp"
#include "tests/unit/hex.hpp"
#include "tests/unit/packet.hpp"
#include "tests/unit/probes/captured.hpp"

using namespace blipd;
using namespace blipd::probes;
using Kind = EchoReading::Kind;
using test::address;
using test::from_hex;
using test::to_hex;
namespace captured = test::captured;

namespace {

const IcmpEcho kEcho(captured::kKey, captured::kIdentifier);

EchoReading read(base::Bytes bytes, const IcmpEcho& echo = kEcho) { return echo.read(wire::read_ip(bytes).value()); }
EchoReading read(std::string_view hex) { return read(from_hex(hex)); }

// The packet with its ICMP message changed at `at` and summed anew, so that nothing but the change is wrong.
test::Packet with_changed_message(std::string_view hex, std::size_t at, std::uint8_t bits) {
  auto packet = from_hex(hex);
  const auto ip = wire::read_ip(packet).value();
  const std::size_t header = packet.size() - ip.payload.size();
  packet.at(header + at) ^= static_cast<std::byte>(bits);
  test::set_u16(packet, header + 2, 0);
  const auto message = base::Bytes(packet).subspan(header);
  test::set_u16(
      packet, header + 2,
      ip.source.is_v4() ? wire::checksum(message) : wire::checksum(message, ip.source, ip.destination, wire::kIcmpV6));
  return packet;
}

struct Exchange {
  std::string_view request, reply, error;
  base::Address me, target, router, unreachable_target;
  std::size_t header;  // of the IP packet
};

const std::array<Exchange, 2> kExchanges = {
    Exchange{captured::kEchoRequestV4, captured::kEchoReplyV4, captured::kEchoUnreachableV4, address("198.18.0.1"),
             address("198.18.0.2"), address("198.18.0.2"), address("198.18.1.1"), 20},
    Exchange{captured::kEchoRequestV6, captured::kEchoReplyV6, captured::kEchoUnreachableV6, address("2001:2::1"),
             address("2001:2::2"), address("2001:2::2"), address("2001:2:0:1::1"), 40}};

void check_is_ours(const EchoReading& reading, const base::Address& target) {
  CHECK(reading.channel == captured::kChannel);
  CHECK(reading.sequence == captured::kSequence);
  CHECK(reading.has_claim);
  CHECK(reading.target == target);
}

}  // namespace

TEST_CASE("an echo request is written byte for byte, its IPv4 checksum filled in") {
  std::array<std::byte, 64> buffer{};
  CHECK(to_hex(kEcho.write_request(buffer, address("198.18.0.2"), 7, 0x12345, 16)) ==
        "0800fab3b11d23450000000700012345be7d37a93915d65f");
  CHECK(to_hex(kEcho.write_request(buffer, address("198.18.0.2"), 7, 0x12345, 20)) ==
        "0800f8afb11d23450000000700012345be7d37a93915d65f00010203");
}

TEST_CASE("an ICMPv6 echo request leaves its checksum to the kernel") {
  std::array<std::byte, 64> buffer{};
  CHECK(to_hex(kEcho.write_request(buffer, address("2001:2::2"), 7, 0x12345, 16)) ==
        "80000000b11d2345000000070001234550c34dbee312f861");
}

TEST_CASE("a request of any size has eight bytes of header more, a pattern that counts up, and a right checksum") {
  std::vector<std::byte> buffer(8 + IcmpSpec::kMaxSize);
  const auto size = GENERATE(as<std::uint16_t>{}, 16, 17, 23, 56, 271, 272, 273, 1472, 8971, 8972);
  const auto message = kEcho.write_request(buffer, address("198.18.0.2"), 1, 2, size);
  REQUIRE(message.size() == 8U + size);
  CHECK(wire::checksum(message) == 0);
  for (std::size_t i = 24; i < message.size(); ++i) {
    REQUIRE(std::to_integer<std::size_t>(message[i]) == (i - 24) % 256);
  }
}

TEST_CASE("our own request is known on its way out") {
  for (const auto& exchange : kExchanges) {
    const auto reading = read(exchange.request);
    CHECK(reading.kind == Kind::kRequest);
    CHECK(reading.ttl == 64);
    check_is_ours(reading, exchange.target);
  }
}

TEST_CASE("a request whose checksum is not filled in yet is known all the same") {
  for (const auto& exchange : kExchanges) {
    auto bytes = from_hex(exchange.request);
    test::set_u16(bytes, exchange.header + 2, 0);
    CHECK(read(bytes).kind == Kind::kRequest);
  }
}

TEST_CASE("the target's reply is believed") {
  for (const auto& exchange : kExchanges) {
    const auto reading = read(exchange.reply);
    CHECK(reading.kind == Kind::kReply);
    CHECK(reading.ttl == 64);
    check_is_ours(reading, exchange.target);
  }
}

TEST_CASE("an error that quotes our request is believed, with its code and its sender") {
  for (const auto& exchange : kExchanges) {
    const auto reading = read(exchange.error);
    CHECK(reading.kind == Kind::kError);
    CHECK_FALSE(reading.is_short_quote);
    check_is_ours(reading, exchange.unreachable_target);
    CHECK(reading.notice.type == (exchange.me.is_v4() ? 3 : 1));
    CHECK(reading.notice.code == (exchange.me.is_v4() ? 1 : 0));
    CHECK(reading.notice.sender == exchange.router);
  }
}

TEST_CASE("a request, its reply and an error about it read back for every channel, sequence and size") {
  std::vector<std::byte> buffer(8 + IcmpSpec::kMaxSize);
  const auto channel = GENERATE(as<ChannelIndex>{}, 0, 99'999, 0xffffffff);
  const auto sequence = GENERATE(as<Sequence>{}, 0, 0xffff, 0x10000, 0xffffffff);
  const auto size = GENERATE(as<std::uint16_t>{}, 16, 56, 8972);
  for (const auto& exchange : kExchanges) {
    const bool is_v4 = exchange.me.is_v4();
    const auto message = kEcho.write_request(buffer, exchange.target, channel, sequence, size);
    const auto rest = message.subspan(4);
    const auto request = test::icmp_packet(exchange.me, exchange.target, is_v4 ? 8 : 128, 0, rest);
    const auto reply = test::icmp_packet(exchange.target, exchange.me, is_v4 ? 0 : 129, 0, rest, 53);
    const auto error = test::icmp_error_packet(exchange.router, exchange.me, is_v4 ? 11 : 3, 0, request);
    for (const auto& [bytes, kind] :
         {std::pair{request, Kind::kRequest}, {reply, Kind::kReply}, {error, Kind::kError}}) {
      const auto reading = read(bytes);
      CHECK(reading.kind == kind);
      CHECK(reading.channel == channel);
      CHECK(reading.sequence == sequence);
      CHECK(reading.target == exchange.target);
    }
    CHECK(read(reply).ttl == 53);
  }
}

TEST_CASE("a reply from another address than the target's is forged, however right its token") {
  for (const auto& exchange : kExchanges) {
    const auto reply = from_hex(exchange.reply);
    const auto rest = base::Bytes(reply).subspan(exchange.header + 4);
    const auto elsewhere = exchange.me.is_v4() ? address("198.18.0.3") : address("2001:2::3");
    const auto reading = read(test::icmp_packet(elsewhere, exchange.me, exchange.me.is_v4() ? 0 : 129, 0, rest));
    CHECK(reading.kind == Kind::kForged);
    check_is_ours(reading, elsewhere);
  }
}

TEST_CASE("a reply with any bit of channel, sequence or token changed is forged, and says whose it claims to be") {
  for (const auto& exchange : kExchanges) {
    for (std::size_t position = 8 * 8; position < 24 * 8; ++position) {
      const auto reading =
          read(with_changed_message(exchange.reply, position / 8, static_cast<std::uint8_t>(1U << position % 8)));
      REQUIRE(reading.kind == Kind::kForged);
      REQUIRE(reading.has_claim);
    }
    CHECK(read(with_changed_message(exchange.reply, 11, 1)).channel == (captured::kChannel ^ 1U));
    CHECK(read(with_changed_message(exchange.reply, 15, 1)).sequence == (captured::kSequence ^ 1U));
  }
}

TEST_CASE("a reply made under another key is forged") {
  const IcmpEcho after_restart({captured::kKey.k0 + 1, captured::kKey.k1}, captured::kIdentifier);
  CHECK(read(from_hex(captured::kEchoReplyV4), after_restart).kind == Kind::kForged);
  CHECK(read(from_hex(captured::kEchoUnreachableV6), after_restart).kind == Kind::kForged);
}

TEST_CASE("a request with our identifier and another token is somebody else's ping") {
  for (const auto& exchange : kExchanges) {
    CHECK(read(with_changed_message(exchange.request, 23, 1)).kind == Kind::kForeign);
  }
}

TEST_CASE("our own request sent back to us is no answer") {
  const auto rest = from_hex("b11d23450000000700012345be7d37a93915d65f");
  const auto mirrored = test::icmp_packet(address("198.18.0.2"), address("198.18.0.1"), 8, 0, rest);
  CHECK(read(mirrored).kind == Kind::kForeign);
}

TEST_CASE("another identifier is not ours, whatever else is right") {
  const IcmpEcho other(captured::kKey, captured::kIdentifier + 1);
  for (const auto& exchange : kExchanges) {
    for (const auto hex : {exchange.request, exchange.reply, exchange.error}) {
      CHECK(read(from_hex(hex), other).kind == Kind::kForeign);
    }
  }
}

TEST_CASE("every other ICMP type is not ours") {
  const auto rest = from_hex("b11d23450000000700012345be7d37a93915d65f");
  for (unsigned type = 0; type < 256; ++type) {
    const auto reading =
        read(test::icmp_packet(address("198.18.0.2"), address("198.18.0.1"), static_cast<std::uint8_t>(type), 0, rest));
    CHECK(reading.kind == (type == 0 ? Kind::kReply : Kind::kForeign));
  }
}

TEST_CASE("another protocol, ICMP of the wrong family and a later fragment are not ours") {
  const auto bytes = from_hex(captured::kEchoReplyV4);
  auto packet = wire::read_ip(bytes).value();
  REQUIRE(kEcho.read(packet).kind == Kind::kReply);
  SECTION("protocol") { packet.protocol = wire::kTcp; }
  SECTION("family") { packet.protocol = wire::kIcmpV6; }
  SECTION("fragment") { packet.is_fragment = true; }
  SECTION("empty") { packet.payload = {}; }
  CHECK(kEcho.read(packet).kind == Kind::kForeign);
}

TEST_CASE("the first fragment of a large reply is believed by its token") {
  const auto bytes = from_hex(captured::kEchoReplyV4);
  auto packet = wire::read_ip(bytes).value();
  packet.is_fragment = true;
  packet.is_first_fragment = true;
  packet.payload = packet.payload.first(24);
  CHECK(kEcho.read(packet).kind == Kind::kReply);
}

TEST_CASE("a reply with a wrong checksum is malformed, even when its token is right") {
  for (const auto& exchange : kExchanges) {
    auto bytes = from_hex(exchange.reply);
    bytes[exchange.header + 3] ^= std::byte{1};
    const auto reading = read(bytes);
    CHECK(reading.kind == Kind::kMalformed);
    check_is_ours(reading, exchange.target);
  }
}

TEST_CASE("a reply that a capture cut off is believed from its token on, whatever its checksum says") {
  for (const auto& exchange : kExchanges) {
    std::vector<std::byte> buffer(128);
    const auto message = kEcho.write_request(buffer, exchange.target, 7, 0x12345, 56);
    const auto whole =
        test::icmp_packet(exchange.target, exchange.me, exchange.me.is_v4() ? 0 : 129, 0, message.subspan(4));
    for (std::size_t length = 0; length <= 64; ++length) {
      INFO("ICMP bytes " << length);
      const auto reading = read(base::Bytes(whole).first(exchange.header + length));
      CHECK(reading.kind == (length < 6 ? Kind::kForeign : length < 24 ? Kind::kMalformed : Kind::kReply));
      CHECK(reading.has_claim == (length >= 16));
    }
  }
}

TEST_CASE("a reply that was sent without its token is malformed") {
  for (const auto& exchange : kExchanges) {
    const auto whole = from_hex(exchange.reply);
    for (std::size_t length = 4; length <= 24; ++length) {
      INFO("ICMP bytes " << length);
      const auto rest = base::Bytes(whole).subspan(exchange.header + 4, length - 4);
      const auto reading =
          read(test::icmp_packet(exchange.target, exchange.me, exchange.me.is_v4() ? 0 : 129, 0, rest));
      CHECK(reading.kind == (length < 6 ? Kind::kForeign : length < 24 ? Kind::kMalformed : Kind::kReply));
    }
  }
}

TEST_CASE("a cut-off request is ours from its token on") {
  for (const auto& exchange : kExchanges) {
    const auto whole = from_hex(exchange.request);
    for (std::size_t length = 0; length <= 24; ++length) {
      CHECK(read(base::Bytes(whole).first(exchange.header + length)).kind ==
            (length < 24 ? Kind::kForeign : Kind::kRequest));
    }
  }
}

TEST_CASE("an error may quote as little as eight bytes, which tell target and low sequence only") {
  for (const auto& exchange : kExchanges) {
    const auto whole = from_hex(exchange.error);
    const auto quoted = base::Bytes(whole).subspan(exchange.header + 8);
    for (std::size_t length = 0; length <= 24; ++length) {
      INFO("quoted ICMP bytes " << length);
      const auto reading = read(test::icmp_error_packet(exchange.router, exchange.me, exchange.me.is_v4() ? 3 : 1, 1,
                                                        quoted.first(exchange.header + length)));
      CHECK(reading.kind == (length < 6 ? Kind::kForeign : length < 8 ? Kind::kMalformed : Kind::kError));
      CHECK(reading.is_short_quote == (length >= 8 && length < 24));
      if (!reading.is_short_quote) continue;
      CHECK(reading.sequence == (captured::kSequence & 0xffffU));
      CHECK_FALSE(reading.has_claim);
      CHECK(reading.channel == 0);
      CHECK(reading.target == exchange.unreachable_target);
      CHECK(reading.notice.code == 1);
    }
  }
}

TEST_CASE("an error that a capture cut off is read as far as it goes") {
  for (const auto& exchange : kExchanges) {
    const auto whole = from_hex(exchange.error);
    const std::size_t quoted_at = 2 * exchange.header + 8;
    for (std::size_t length = exchange.header; length <= whole.size(); ++length) {
      INFO("length " << length);
      const auto reading = read(base::Bytes(whole).first(length));
      const auto quoted = length < quoted_at ? 0 : length - quoted_at;
      CHECK(reading.kind == (quoted < 6 ? Kind::kForeign : quoted < 8 ? Kind::kMalformed : Kind::kError));
      CHECK(reading.is_short_quote == (quoted >= 8 && quoted < 24));
    }
  }
}

TEST_CASE("an error about a request that has lost hops on its way is believed") {
  auto quoted = from_hex(captured::kEchoRequestV4);
  quoted[8] = std::byte{1};
  const auto reading = read(test::icmp_error_packet(address("192.0.2.1"), address("198.18.0.1"), 11, 0, quoted));
  CHECK(reading.kind == Kind::kError);
  CHECK(reading.notice.type == 11);
  CHECK(reading.notice.sender == address("192.0.2.1"));
}

TEST_CASE("an error whose quoted token or target is not right is forged") {
  for (const auto& exchange : kExchanges) {
    const auto whole = from_hex(exchange.error);
    const test::Packet quoted(whole.begin() + static_cast<std::ptrdiff_t>(exchange.header) + 8, whole.end());
    const std::size_t last_of_target = exchange.header - 1;
    const std::size_t last_of_token = quoted.size() - 1;
    for (const std::size_t at : {last_of_target, last_of_token}) {
      auto changed = quoted;
      changed[at] ^= std::byte{1};
      const auto reading =
          read(test::icmp_error_packet(exchange.router, exchange.me, exchange.me.is_v4() ? 3 : 1, 0, changed));
      CHECK(reading.kind == Kind::kForged);
      CHECK(reading.has_claim);
    }
  }
}

TEST_CASE("an error with a wrong checksum is malformed") {
  for (const auto& exchange : kExchanges) {
    auto bytes = from_hex(exchange.error);
    bytes[exchange.header + 1] ^= std::byte{1};
    const auto reading = read(bytes);
    CHECK(reading.kind == Kind::kMalformed);
    check_is_ours(reading, exchange.unreachable_target);
  }
}

TEST_CASE("an error about our reply, or about another protocol with the same bytes, is not ours") {
  const auto me = address("198.18.0.1");
  const auto router = address("198.18.0.2");
  CHECK(read(test::icmp_error_packet(router, me, 3, 0, from_hex(captured::kEchoReplyV4))).kind == Kind::kForeign);
  auto udp = from_hex(captured::kEchoRequestV4);
  udp[9] = std::byte{wire::kUdp};
  CHECK(read(test::icmp_error_packet(router, me, 3, 0, udp)).kind == Kind::kForeign);
  CHECK(read(test::icmp_error_packet(router, me, 3, 0, from_hex(captured::kSynV4))).kind == Kind::kForeign);
}

TEST_CASE("a reply behind IPv6 extension headers is believed") {
  const auto reply = from_hex(captured::kEchoReplyV6);
  const auto message = test::joined(from_hex("3a00010400000000"), base::Bytes(reply).subspan(40));
  CHECK(read(test::ipv6_packet(address("2001:2::2"), address("2001:2::1"), 60, message)).kind == Kind::kReply);
}

TEST_CASE("types that end a probe are the same as the wire's errors") {
  CHECK(is_icmp_error(base::Family::kIpv4, 3));
  CHECK_FALSE(is_icmp_error(base::Family::kIpv4, 4));
  CHECK(is_icmp_error(base::Family::kIpv6, 2));
  CHECK_FALSE(is_icmp_error(base::Family::kIpv6, 128));
}
