#include "probes/wire/checksum.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "tests/unit/hex.hpp"
#include "tests/unit/packet.hpp"

using namespace blipd;
using test::address;
using test::from_hex;

namespace {

// RFC 1071, 1: 16-bit words with end-around carry, one at a time, an odd last byte padded with zero.
std::uint16_t slow_checksum(base::Bytes bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const auto high = std::to_integer<std::uint32_t>(bytes[i]);
    const auto low = i + 1 < bytes.size() ? std::to_integer<std::uint32_t>(bytes[i + 1]) : 0U;
    sum += high << 8U | low;
    if (sum > 0xffffU) sum -= 0xffffU;
  }
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace

TEST_CASE("the checksum of RFC 1071's example is the complement of its sum") {
  CHECK(wire::checksum(from_hex("0001 f203 f4f5 f6f7")) == static_cast<std::uint16_t>(~0xddf2U));
}

TEST_CASE("a well-known IPv4 header has the checksum that it carries") {
  CHECK(wire::checksum(from_hex("4500 0073 0000 4000 4011 0000 c0a8 0001 c0a8 00c7")) == 0xb861);
  CHECK(wire::checksum(from_hex("4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7")) == 0);
}

TEST_CASE("the checksum of nothing and of zeros is all ones") {
  CHECK(wire::checksum(base::Bytes{}) == 0xffff);
  CHECK(wire::checksum(from_hex("00000000000000000000")) == 0xffff);
}

TEST_CASE("an odd last byte counts as if a zero followed") {
  CHECK(wire::checksum(from_hex("01")) == wire::checksum(from_hex("0100")));
  CHECK(wire::checksum(from_hex("0102030405060708 09")) == wire::checksum(from_hex("0102030405060708 0900")));
}

TEST_CASE("carries out of the wide sum are not lost") {
  CHECK(wire::checksum(std::vector<std::byte>(64, std::byte{0xff})) == 0);
  CHECK(wire::checksum(from_hex("ffffffffffffffff 0000000000000001")) == 0xfffe);
  CHECK(wire::checksum(from_hex("ffffffffffffffff ffffffffffffffff 01")) ==
        slow_checksum(from_hex("ffffffffffffffff ffffffffffffffff 01")));
}

TEST_CASE("summing 64 bits at a time agrees with summing 16, at every length and alignment") {
  constexpr unsigned kSeed = 1071;
  INFO("seed " << kSeed);
  std::mt19937 random(kSeed);
  std::vector<std::byte> bytes(160);
  for (auto& b : bytes) b = static_cast<std::byte>(random());
  for (std::size_t start = 0; start < 9; ++start) {
    for (std::size_t length = 0; start + length <= bytes.size(); ++length) {
      const auto part = base::Bytes(bytes).subspan(start, length);
      REQUIRE(wire::checksum(part) == slow_checksum(part));
    }
  }
}

TEST_CASE("the pseudo header is what RFC 768 and RFC 8200 lay out") {
  const auto message = from_hex("f0f9 0050 b601 48de 0102 03");
  SECTION("IPv4: source, destination, zero, protocol, length") {
    const auto with_pseudo_header = test::joined(from_hex("c6120001 c6120002 00 06 000b"), message);
    CHECK(wire::checksum(message, address("198.18.0.1"), address("198.18.0.2"), wire::kTcp) ==
          slow_checksum(with_pseudo_header));
  }
  SECTION("IPv6: source, destination, length in 32 bits, three zeros, next header") {
    const auto with_pseudo_header = test::joined(
        from_hex("20010002000000000000000000000001 20010002000000000000000000000002 0000000b 00000006"), message);
    CHECK(wire::checksum(message, address("2001:2::1"), address("2001:2::2"), wire::kTcp) ==
          slow_checksum(with_pseudo_header));
  }
}

TEST_CASE("segments and messages that Linux wrote sum to zero under their pseudo header") {
  // A reset and an ICMPv6 echo reply, captured.
  CHECK(wire::checksum(from_hex("0051f0f900000000aa92cd3250140000ba980000"), address("198.18.0.2"),
                       address("198.18.0.1"), wire::kTcp) == 0);
  CHECK(wire::checksum(from_hex("8100ccfdb11d2345000000070001234550c34dbee312f861"), address("2001:2::2"),
                       address("2001:2::1"), wire::kIcmpV6) == 0);
}
