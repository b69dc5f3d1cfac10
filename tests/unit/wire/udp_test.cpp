#include "probes/wire/udp.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/hex.hpp"

using namespace blipd;
using test::from_hex;
using test::to_hex;
using wire::read_udp;

namespace {

const auto kDatagram = from_hex("0035 f0f9 000c 0000 aabbccdd");

wire::IpPacket carrying(base::Bytes payload) {
  wire::IpPacket packet;
  packet.protocol = wire::kUdp;
  packet.payload = payload;
  return packet;
}

}  // namespace

TEST_CASE("a UDP datagram is read field by field") {
  const auto datagram = read_udp(carrying(kDatagram));
  REQUIRE(datagram);
  CHECK(datagram->source_port == 53);
  CHECK(datagram->destination_port == 61689);
  CHECK_FALSE(datagram->is_truncated);
  CHECK(to_hex(datagram->payload) == "aabbccdd");
}

TEST_CASE("a datagram that a capture or a quote cut off keeps what there is from its header on") {
  for (std::size_t length = 0; length < kDatagram.size(); ++length) {
    INFO("length " << length);
    auto packet = carrying(base::Bytes(kDatagram).first(length));
    packet.is_truncated = true;
    const auto datagram = read_udp(packet);
    REQUIRE(datagram.has_value() == (length >= 8));
    if (!datagram) continue;
    CHECK(datagram->is_truncated);
    CHECK(datagram->payload.size() == length - 8);
  }
}

TEST_CASE("a datagram longer than the whole packet that carries it is refused") {
  CHECK_FALSE(read_udp(carrying(base::Bytes(kDatagram).first(11))));
}

TEST_CASE("a UDP length below its own header is refused") {
  CHECK_FALSE(read_udp(carrying(from_hex("0035 f0f9 0007 0000 aabbccdd"))));
  const auto empty = read_udp(carrying(from_hex("0035 f0f9 0008 0000 aabbccdd")));
  REQUIRE(empty);
  CHECK(empty->payload.empty());
}

TEST_CASE("bytes behind the announced length are no part of a datagram") {
  CHECK(to_hex(read_udp(carrying(from_hex("0035 f0f9 000a 0000 aabbccdd")))->payload) == "aabb");
}

TEST_CASE("another protocol and a later fragment hold no UDP header, a first fragment does") {
  auto packet = carrying(kDatagram);
  packet.protocol = wire::kTcp;
  CHECK_FALSE(read_udp(packet));
  packet = carrying(kDatagram);
  packet.is_fragment = true;
  CHECK_FALSE(read_udp(packet));
  packet.is_first_fragment = true;
  CHECK(read_udp(packet));
  packet.payload = packet.payload.first(10);
  const auto datagram = read_udp(packet);
  REQUIRE(datagram);
  CHECK(datagram->is_truncated);
}
