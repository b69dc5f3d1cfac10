#include "probes/wire/ip.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/hex.hpp"
#include "tests/unit/packet.hpp"

using namespace blipd;
using test::address;
using test::from_hex;
using test::to_hex;
using wire::HeaderChecksum;
using wire::read_ip;

namespace {

// An ICMP unreachable's first 28 bytes as Linux sent them (DSCP CS6), then a payload made up.
const auto kIpv4 = from_hex("45c0 0020 ce3c 0000 4001 1fb9 c6120002 c6120001 0102030405060708 090a0b0c");
const auto kIpv6 = from_hex(
    "6b8b20c3 000c 3a 2a 20010002000000000000000000000002 20010002000000000000000000000001 0102030405060708 090a0b0c");

test::Packet with_extensions(std::uint8_t first, std::string_view hex) {
  return test::ipv6_packet(address("2001:2::2"), address("2001:2::1"), first, from_hex(hex));
}

}  // namespace

TEST_CASE("an IPv4 packet is read field by field") {
  const auto packet = read_ip(kIpv4);
  REQUIRE(packet);
  CHECK(packet->source == address("198.18.0.2"));
  CHECK(packet->destination == address("198.18.0.1"));
  CHECK(packet->protocol == wire::kIcmp);
  CHECK(packet->ttl == 64);
  CHECK(packet->traffic_class == 0xc0);
  CHECK_FALSE(packet->is_fragment);
  CHECK_FALSE(packet->is_first_fragment);
  CHECK_FALSE(packet->is_truncated);
  CHECK(to_hex(packet->payload) == "0102030405060708090a0b0c");
}

TEST_CASE("an IPv6 packet is read field by field") {
  const auto packet = read_ip(kIpv6);
  REQUIRE(packet);
  CHECK(packet->source == address("2001:2::2"));
  CHECK(packet->destination == address("2001:2::1"));
  CHECK(packet->protocol == wire::kIcmpV6);
  CHECK(packet->ttl == 42);
  CHECK(packet->traffic_class == 0xb8);
  CHECK_FALSE(packet->is_fragment);
  CHECK_FALSE(packet->is_truncated);
  CHECK(to_hex(packet->payload) == "0102030405060708090a0b0c");
}

TEST_CASE("a packet cut off anywhere is refused within its header and marked behind it") {
  const auto [whole, header] = GENERATE(table<test::Packet, std::size_t>({{kIpv4, 20}, {kIpv6, 40}}));
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    INFO("length " << length);
    const auto packet = read_ip(base::Bytes(whole).first(length));
    REQUIRE(packet.has_value() == (length >= header));
    if (!packet) continue;
    CHECK(packet->is_truncated == (length < whole.size()));
    CHECK(packet->payload.size() == length - header);
  }
}

TEST_CASE("bytes behind the announced length are no part of the packet") {
  for (const auto& whole : {kIpv4, kIpv6}) {
    const auto padded = test::joined(whole, from_hex("eeeeeeeeee"));
    const auto packet = read_ip(padded);
    REQUIRE(packet);
    CHECK(to_hex(packet->payload) == "0102030405060708090a0b0c");
    CHECK_FALSE(packet->is_truncated);
  }
}

TEST_CASE("what is neither IPv4 nor IPv6 is refused") {
  for (unsigned version = 0; version < 16; ++version) {
    auto bytes = kIpv6;
    bytes[0] = static_cast<std::byte>(version << 4U);
    CHECK(read_ip(bytes, HeaderChecksum::kIgnore).has_value() == (version == 6));
  }
}

TEST_CASE("every single-bit error in an IPv4 header fails its checksum, which a quoted header need not have right") {
  for (std::size_t position = 0; position < 20 * 8; ++position) {
    auto broken = kIpv4;
    broken[position / 8] ^= static_cast<std::byte>(1U << position % 8);
    CHECK_FALSE(read_ip(broken));
  }
  auto ttl_changed = kIpv4;
  ttl_changed[8] = std::byte{1};
  const auto quoted = read_ip(ttl_changed, HeaderChecksum::kIgnore);
  REQUIRE(quoted);
  CHECK(quoted->ttl == 1);
}

TEST_CASE("IPv4 options are stepped over and covered by the checksum") {
  auto packet = from_hex("46000020 00004000 40010000 c6120002 c6120001 01010100 0102030405060708");
  test::set_u16(packet, 10, wire::checksum(base::Bytes(packet).first(24)));
  const auto read = read_ip(packet);
  REQUIRE(read);
  CHECK(to_hex(read->payload) == "0102030405060708");
  packet[21] ^= std::byte{1};
  CHECK_FALSE(read_ip(packet));
}

TEST_CASE("impossible IPv4 lengths are refused") {
  const auto with = [](std::uint8_t version_and_length, std::uint16_t total) {
    auto packet = kIpv4;
    packet[0] = static_cast<std::byte>(version_and_length);
    test::set_u16(packet, 2, total);
    return read_ip(packet, HeaderChecksum::kIgnore).has_value();
  };
  CHECK_FALSE(with(0x44, 32));  // a header of 16 bytes
  CHECK(with(0x45, 32));
  CHECK(with(0x48, 32));        // a header of 32 bytes, all there is
  CHECK_FALSE(with(0x49, 36));  // a header of 36 bytes, longer than what was given
  CHECK_FALSE(with(0x45, 19));
  CHECK(with(0x45, 20));
  CHECK_FALSE(with(0x46, 23));
}

TEST_CASE("IPv4 fragments are told from whole packets, and the first from the rest") {
  const auto [flags, is_fragment, is_first] = GENERATE(table<std::uint16_t, bool, bool>({
      {0x0000, false, false},
      {0x4000, false, false},  // do not fragment
      {0x2000, true, true},    // more fragments
      {0x2001, true, false},
      {0x0001, true, false},  // the last one
      {0x1000, true, false},
      {0x1fff, true, false},
  }));
  auto packet = kIpv4;
  test::set_u16(packet, 6, flags);
  const auto read = read_ip(packet, HeaderChecksum::kIgnore);
  REQUIRE(read);
  CHECK(read->is_fragment == is_fragment);
  CHECK(read->is_first_fragment == is_first);
}

TEST_CASE("every IPv6 extension header is stepped over") {
  const auto [first, hex] = GENERATE(table<int, const char*>({
      {0,
       "3a 00 0104 00000000"
       "aabb"},  // hop-by-hop
      {60,
       "3a 00 0104 00000000"
       "aabb"},  // destination options
      {60,
       "3a 01 010c 000000000000000000000000"
       "aabb"},  // of 16 bytes
      {43,
       "3a 02 0401 00000000 20010002000000000000000000000009"
       "aabb"},  // routing
      {51,
       "3a 04 0000 00000001 00000001 000102030405060708090a0b"
       "aabb"},  // authentication: (4 + 2) * 4
      {135,
       "3a 00 0000 00000000"
       "aabb"},  // mobility
      {139,
       "3a 00 0000 00000000"
       "aabb"},  // host identity
      {140,
       "3a 00 0000 00000000"
       "aabb"},  // shim6
      {44,
       "3a 00 0000 00000001"
       "aabb"},  // fragment header round a whole packet
      {0,
       "3c 00 0104 00000000 2c 00 0104 00000000 3a 00 0000 00000001"
       "aabb"},
  }));
  INFO(first);
  const auto bytes = with_extensions(static_cast<std::uint8_t>(first), hex);
  const auto packet = read_ip(bytes);
  REQUIRE(packet);
  CHECK(packet->protocol == wire::kIcmpV6);
  CHECK(to_hex(packet->payload) == "aabb");
  CHECK_FALSE(packet->is_fragment);
}

TEST_CASE("an extension header that is cut off is refused at every length") {
  const auto whole = with_extensions(60, "2c 01 010c 000000000000000000000000 3a 00 0000 00000001 aabb");
  for (std::size_t length = 40; length <= whole.size(); ++length) {
    INFO("length " << length);
    CHECK(read_ip(base::Bytes(whole).first(length)).has_value() == (length >= 40 + 16 + 8));
  }
}

TEST_CASE("an extension header longer than the packet announces is refused, whatever lies behind") {
  auto packet = with_extensions(60, "3a 01 010c 000000000000000000000000 aabb");
  test::set_u16(packet, 4, 15);
  CHECK_FALSE(read_ip(packet));
  test::set_u16(packet, 4, 16);
  CHECK(read_ip(packet));
}

TEST_CASE("eight extension headers are walked, nine are not") {
  std::string headers;
  for (int i = 0; i < 7; ++i) headers += "3c00010400000000";
  CHECK(read_ip(with_extensions(60, headers + "3a00010400000000")));
  CHECK_FALSE(read_ip(with_extensions(60, headers + "3c000104000000003a00010400000000")));
}

TEST_CASE("IPv6 fragments are told from whole packets, and nothing behind a later one's header is believed") {
  const auto first_bytes = with_extensions(44, "3c 00 0001 00000001 3a 00 0104 00000000 aabb");
  const auto first = read_ip(first_bytes);
  REQUIRE(first);
  CHECK(first->is_fragment);
  CHECK(first->is_first_fragment);
  CHECK(first->protocol == wire::kIcmpV6);
  CHECK(to_hex(first->payload) == "aabb");

  const auto middle_bytes = with_extensions(44, "3c 00 0009 00000001 3a ff aabb");
  const auto middle = read_ip(middle_bytes);
  REQUIRE(middle);
  CHECK(middle->is_fragment);
  CHECK_FALSE(middle->is_first_fragment);
  CHECK(to_hex(middle->payload) == "3affaabb");

  const auto last_bytes = with_extensions(44, "3a 00 0008 00000001 aabb");
  const auto last = read_ip(last_bytes);
  REQUIRE(last);
  CHECK(last->is_fragment);
  CHECK_FALSE(last->is_first_fragment);
}

TEST_CASE("no next header and encrypted payloads end the walk") {
  CHECK(read_ip(with_extensions(59, "aabb"))->protocol == 59);
  CHECK(read_ip(with_extensions(50, "aabb"))->protocol == 50);
}

TEST_CASE("an IPv4 header is written byte for byte") {
  std::array<std::byte, 20> buffer{};
  base::ByteWriter out(buffer);
  wire::Ipv4Fields fields;
  fields.source = address("198.18.0.1");
  fields.destination = address("198.18.0.2");
  fields.protocol = wire::kIcmp;
  fields.dont_fragment = true;
  fields.identification = 0x7136;
  fields.payload_length = 24;
  wire::write_ipv4(out, fields);
  CHECK(out.ok());
  // What Linux put before an echo request of ours.
  CHECK(to_hex(buffer) == "4500002c7136400040013d73c6120001c6120002");
}

TEST_CASE("a written IPv4 header reads back as it was meant") {
  std::array<std::byte, 64> buffer{};
  base::ByteWriter out(buffer);
  wire::Ipv4Fields fields;
  fields.destination = address("192.0.2.9");
  fields.protocol = wire::kTcp;
  fields.ttl = 1;
  fields.traffic_class = 46U << 2U;
  fields.payload_length = 44;
  wire::write_ipv4(out, fields);
  out.fill(std::byte{7}, 44);
  const auto packet = read_ip(out.written());
  REQUIRE(packet);
  CHECK(packet->source.is_unspecified());
  CHECK(packet->destination == fields.destination);
  CHECK(packet->protocol == wire::kTcp);
  CHECK(packet->ttl == 1);
  CHECK(packet->traffic_class == 46U << 2U);
  CHECK(packet->payload.size() == 44);
  CHECK_FALSE(packet->is_fragment);
}

TEST_CASE("a header that does not fit is not written and not summed") {
  std::array<std::byte, 19> buffer{};
  base::ByteWriter out(buffer);
  wire::write_ipv4(out, wire::Ipv4Fields{});
  CHECK_FALSE(out.ok());
}
