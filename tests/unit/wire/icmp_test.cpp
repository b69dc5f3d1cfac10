#include "probes/wire/icmp.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/hex.hpp"
#include "tests/unit/packet.hpp"

using namespace blipd;
using base::Family;
using test::address;
using test::from_hex;
using test::to_hex;
using wire::is_icmp_error;
using wire::read_icmp_error;

namespace {

// Captured from Linux: host unreachable about an echo request and, in IPv6, no route about a SYN.
const auto kUnreachableV4 = from_hex(
    "45c00048ce3c000040011f91c6120002c6120001 0301fcfe00000000"
    "4500002c335f400040017a4bc6120001c6120101 0800413ab11d23450000000700012345ee35c008c4824c54");
const auto kUnreachableV6 = from_hex(
    "600ee1e300483a402001000200000000000000000000000220010002000000000000000000000001 01005ba600000000"
    "600dfc86001806402001000200000000000000000000000120010002000000010000000000000001"
    "f0f9005072b57759000000006002faf081e80000020405a0");

wire::IpPacket read(const test::Packet& bytes) { return wire::read_ip(bytes).value(); }

}  // namespace

TEST_CASE("exactly the ICMP types that end a delivery are errors") {
  for (unsigned type = 0; type < 256; ++type) {
    INFO("type " << type);
    const auto number = static_cast<std::uint8_t>(type);
    CHECK(is_icmp_error(Family::kIpv4, number) == (type == 3 || type == 11 || type == 12));
    CHECK(is_icmp_error(Family::kIpv6, number) == (type >= 1 && type <= 4));
  }
}

TEST_CASE("an ICMP error says what is wrong, who says so, and about which packet") {
  const auto error = read_icmp_error(read(kUnreachableV4));
  REQUIRE(error);
  CHECK(error->type == 3);
  CHECK(error->code == 1);
  CHECK(error->sender == address("198.18.0.2"));
  CHECK(error->is_checksum_plausible);
  CHECK(error->quoted.source == address("198.18.0.1"));
  CHECK(error->quoted.destination == address("198.18.1.1"));
  CHECK(error->quoted.protocol == wire::kIcmp);
  CHECK_FALSE(error->quoted.is_truncated);
  CHECK(to_hex(error->quoted.payload) == "0800413ab11d23450000000700012345ee35c008c4824c54");
}

TEST_CASE("an ICMPv6 error says the same") {
  const auto error = read_icmp_error(read(kUnreachableV6));
  REQUIRE(error);
  CHECK(error->type == 1);
  CHECK(error->code == 0);
  CHECK(error->sender == address("2001:2::2"));
  CHECK(error->is_checksum_plausible);
  CHECK(error->quoted.destination == address("2001:2:0:1::1"));
  CHECK(error->quoted.protocol == wire::kTcp);
  CHECK(error->quoted.payload.size() == 24);
}

TEST_CASE("an error is read as soon as it holds the quoted IP header, and no sooner") {
  const auto [whole, outer, inner] =
      GENERATE(table<test::Packet, std::size_t, std::size_t>({{kUnreachableV4, 20, 20}, {kUnreachableV6, 40, 40}}));
  for (std::size_t length = outer; length <= whole.size(); ++length) {
    INFO("length " << length);
    const auto error = read_icmp_error(*wire::read_ip(base::Bytes(whole).first(length)));
    REQUIRE(error.has_value() == (length >= outer + 8 + inner));
    if (error) CHECK(error->quoted.is_truncated == (length < whole.size()));
  }
}

TEST_CASE("a whole error with any bit of its message wrong fails its checksum, a cut one is given the benefit") {
  for (const std::size_t at : {21U, 24U, 30U, 60U}) {
    auto broken = kUnreachableV4;
    broken[at] ^= std::byte{1};
    const auto error = read_icmp_error(read(broken));
    REQUIRE(error);
    CHECK_FALSE(error->is_checksum_plausible);
    const auto cut = read_icmp_error(*wire::read_ip(base::Bytes(broken).first(broken.size() - 1)));
    REQUIRE(cut);
    CHECK(cut->is_checksum_plausible);
  }
}

TEST_CASE("the ICMPv6 checksum covers the addresses") {
  auto broken = kUnreachableV6;
  broken[23] ^= std::byte{1};
  CHECK_FALSE(read_icmp_error(read(broken))->is_checksum_plausible);
}

TEST_CASE("a quoted header whose checksum a router did not mend is read all the same") {
  auto quoted = from_hex("4500002c335f400001017a4bc6120001c6120101 0800413ab11d2345");  // TTL 64 became 1
  const auto packet = test::icmp_error_packet(address("192.0.2.1"), address("198.18.0.1"), 11, 0, quoted);
  const auto error = read_icmp_error(read(packet));
  REQUIRE(error);
  CHECK(error->type == 11);
  CHECK(error->quoted.ttl == 1);
  CHECK(error->quoted.is_truncated);
  CHECK(error->is_checksum_plausible);
}

TEST_CASE("an extension header in the quoted packet is stepped over") {
  const auto inner = test::ipv6_packet(address("2001:2::1"), address("2001:2:0:1::1"), 60,
                                       from_hex("3a00010400000000 80005759b11d2345"));
  const auto packet = test::icmp_error_packet(address("2001:2::2"), address("2001:2::1"), 3, 0, inner);
  const auto error = read_icmp_error(read(packet));
  REQUIRE(error);
  CHECK(error->quoted.protocol == wire::kIcmpV6);
  CHECK(to_hex(error->quoted.payload) == "80005759b11d2345");
}

TEST_CASE("what is no error, or quotes no packet of the same family, is none") {
  const auto me = address("198.18.0.1");
  const auto router = address("198.18.0.2");
  const auto quoted = base::Bytes(kUnreachableV4).subspan(28);
  REQUIRE(read_icmp_error(read(test::icmp_error_packet(router, me, 3, 0, quoted))));
  CHECK_FALSE(read_icmp_error(read(test::icmp_error_packet(router, me, 0, 0, quoted))));
  CHECK_FALSE(read_icmp_error(read(test::icmp_error_packet(router, me, 5, 0, quoted))));
  CHECK_FALSE(
      read_icmp_error(read(test::icmp_error_packet(router, me, 3, 0, base::Bytes(kUnreachableV6).subspan(48)))));
  CHECK_FALSE(read_icmp_error(read(test::icmp_error_packet(router, me, 3, 0, from_hex("0000000000")))));
}

TEST_CASE("ICMP counts only over its own IP version, and not in a later fragment") {
  auto packet = read(kUnreachableV4);
  CHECK(wire::is_icmp(packet));
  packet.protocol = wire::kIcmpV6;
  CHECK_FALSE(wire::is_icmp(packet));
  CHECK_FALSE(read_icmp_error(packet));
  packet = read(kUnreachableV6);
  CHECK(wire::is_icmp(packet));
  packet.is_fragment = true;
  CHECK_FALSE(wire::is_icmp(packet));
  packet.is_first_fragment = true;
  CHECK(wire::is_icmp(packet));
}
