#include "probes/wire/icmp_extensions.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/hex.hpp"
#include "tests/unit/packet.hpp"

using namespace blipd;
using test::address;
using test::from_hex;
using test::Packet;

namespace {

// Two labels (RFC 4950): 16001, not the bottom, TTL 1; 100004, bottom, TTL 254.
const auto kLabels = from_hex("000c0101 03e81001 186a41fe");
// An interface (RFC 5837), incoming, with index, IPv4 address, name and MTU.
const auto kInterface = from_hex("0020020f 00000007 00010000 c0000201 0c 65746830 2e313030 000000 000005dc");

Packet structure(const std::vector<Packet>& objects, bool has_checksum = true) {
  Packet all = from_hex("20000000");
  for (const Packet& object : objects) all = test::joined(all, object);
  if (has_checksum) test::set_u16(all, 2, wire::checksum(all));
  return all;
}

// A time exceeded that quotes `quote` bytes, which the length byte tells or not.
Packet error_with(bool is_v4, const Packet& extensions, bool tells_length = true, std::size_t quote = 128) {
  const auto router = address(is_v4 ? "198.18.0.2" : "2001:2::2");
  const auto us = address(is_v4 ? "198.18.0.1" : "2001:2::1");
  const auto target = address(is_v4 ? "198.18.1.1" : "2001:2:0:1::1");
  Packet quoted = test::ip_packet(us, target, wire::kUdp, Packet(quote - (is_v4 ? 20 : 40)));
  Packet rest(4);
  if (tells_length) rest[is_v4 ? 1 : 0] = static_cast<std::byte>(quote / (is_v4 ? 4 : 8));
  rest = test::joined(test::joined(rest, quoted), extensions);
  return test::icmp_packet(router, us, is_v4 ? 11 : 3, 0, rest);
}

std::optional<wire::IcmpExtensions> extensions_of(const Packet& packet) {
  return wire::read_icmp_extensions(wire::read_ip(packet).value());
}

}  // namespace

TEST_CASE("labels and the interface that a router tells are read, in either family") {
  for (const bool is_v4 : {true, false}) {
    const auto found = extensions_of(error_with(is_v4, structure({kLabels, kInterface})));
    REQUIRE(found);
    REQUIRE(found->labels.size() == 2);
    CHECK(found->labels[0].label == 16001);
    CHECK_FALSE(found->labels[0].is_bottom);
    CHECK(found->labels[0].ttl == 1);
    CHECK(found->labels[1].label == 100004);
    CHECK(found->labels[1].is_bottom);
    CHECK(found->labels[1].ttl == 254);
    REQUIRE(found->interfaces.size() == 1);
    CHECK(found->interfaces[0].role == wire::InterfaceInformation::Role::kIncoming);
    CHECK(found->interfaces[0].index == 7U);
    CHECK(found->interfaces[0].address == address("192.0.2.1"));
    CHECK(found->interfaces[0].name == "eth0.100");
    CHECK(found->interfaces[0].mtu == 1500U);
  }
}

TEST_CASE("extensions without a length are believed by their checksum only") {
  CHECK(extensions_of(error_with(true, structure({kLabels}), false)));
  CHECK_FALSE(extensions_of(error_with(true, structure({kLabels}, false), false)));
  CHECK(extensions_of(error_with(true, structure({kLabels}, false), true)));
}

TEST_CASE("extensions of another version, with a wrong checksum or a quote that is too short are none") {
  Packet extensions = structure({kLabels});
  extensions[0] = std::byte{0x10};
  CHECK_FALSE(extensions_of(error_with(true, extensions)));
  extensions = structure({kLabels});
  extensions[7] ^= std::byte{1};
  CHECK_FALSE(extensions_of(error_with(true, extensions)));
  CHECK_FALSE(extensions_of(error_with(true, structure({kLabels}), true, 64)));
  CHECK_FALSE(extensions_of(error_with(true, Packet())));
}

TEST_CASE("an object that lies about its length ends the list, and what it cuts is not read") {
  Packet lie = kLabels;
  lie[1] = std::byte{0x40};
  const auto found = extensions_of(error_with(true, structure({kInterface, lie})));
  REQUIRE(found);
  CHECK(found->interfaces.size() == 1);
  CHECK(found->labels.empty());
  Packet short_object = kLabels;
  short_object[1] = std::byte{3};
  CHECK_FALSE(extensions_of(error_with(true, structure({short_object}))));
}

TEST_CASE("a name's control characters are not passed on, and a name of an impossible length is refused") {
  const auto odd = from_hex("000c0202 08 61 0a 62 000000 00");
  const auto found = extensions_of(error_with(true, structure({odd})));
  REQUIRE(found);
  CHECK(found->interfaces.at(0).name == "a?b");
  CHECK_FALSE(extensions_of(error_with(true, structure({from_hex("00080202 07 616263")}))));
  CHECK_FALSE(extensions_of(error_with(true, structure({from_hex("00080202 44 616263")}))));
}

TEST_CASE("extensions that are cut short at any length are read without harm") {
  for (const bool is_v4 : {true, false}) {
    const Packet whole = error_with(is_v4, structure({kLabels, kInterface}));
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const auto packet = wire::read_ip(base::Bytes(whole).first(length));
      if (packet) wire::read_icmp_extensions(*packet);
    }
  }
}
