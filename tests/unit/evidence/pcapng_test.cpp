// Expected bytes are put together from draft-ietf-opsawg-pcapng, sections 3 and 4, by hand.
#include "daemon/evidence/pcapng.hpp"

#include <catch2/catch.hpp>

#include "daemon/evidence/packet_words.hpp"
#include "tests/unit/hex.hpp"
#include "tests/unit/packet.hpp"

using namespace blipd;
using evidence::Direction;
using evidence::KeptPacket;
using test::from_hex;
using test::to_hex;

namespace {

std::string hex(const std::string& bytes) {
  return to_hex({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
}

std::string plain(std::string_view spaced) { return to_hex(from_hex(spaced)); }

KeptPacket packet_of(base::Bytes bytes, Direction direction, std::uint32_t length) {
  const base::WallTime at(std::chrono::nanoseconds(0x0102030405060708));
  return {{at, 9, length, direction}, bytes};
}

}  // namespace

TEST_CASE("a section header says who wrote it and has its comments") {
  std::string out;
  evidence::append_section(out, {"", "Linux", "blipd", {"abcd", "e"}});
  CHECK(hex(out) == plain("0a0d0d0a 48000000 4d3c2b1a 0100 0000 ffffffffffffffff"
                          "0300 0500 4c696e7578 000000"
                          "0400 0500 626c697064 000000"
                          "0100 0400 61626364"
                          "0100 0100 65 000000"
                          "0000 0000 48000000"));
}

TEST_CASE("an interface is of raw IP, with stamps in nanoseconds") {
  std::string out;
  evidence::append_interface(out, "eth0");
  CHECK(hex(out) == plain("01000000 28000000 6500 0000 00010000"
                          "0200 0400 65746830"
                          "0900 0100 09 000000"
                          "0000 0000 28000000"));
}

TEST_CASE("a packet has its stamp in two halves, both lengths, a comment and its direction") {
  const auto bytes = from_hex("4500112233");
  std::string out;
  evidence::append_packet(out, 1, packet_of(bytes, Direction::kIn, 84), "ab");
  CHECK(hex(out) == plain("06000000 3c000000 01000000 04030201 08070605 05000000 54000000"
                          "4500112233 000000"
                          "0100 0200 6162 0000"
                          "0200 0400 01000000"
                          "0000 0000 3c000000"));
  out.clear();
  evidence::append_packet(out, 0, packet_of(bytes, Direction::kOut, 84), "");
  CHECK(hex(out).find(plain("0200 0400 02000000")) != std::string::npos);
  CHECK(hex(out).find(plain("0100 0200")) == std::string::npos);
}

TEST_CASE("a packet of which nothing is known has no options, and is not shorter than what was kept") {
  const auto bytes = from_hex("45001122");
  std::string out;
  evidence::append_packet(out, 0, packet_of(bytes, Direction::kUnknown, 0), "");
  CHECK(hex(out) == plain("06000000 24000000 00000000 04030201 08070605 04000000 04000000 45001122 24000000"));
}

TEST_CASE("packets are named by their headers") {
  const base::Address us = test::address("198.18.0.1"), them = test::address("198.18.9.1");
  const base::Address us6 = test::address("2001:2::1"), them6 = test::address("2001:2::9");
  const auto echo = from_hex("00010007");
  CHECK(evidence::packet_in_words(test::icmp_packet(us, them, 8, 0, echo)) == "echo request 1/7");
  CHECK(evidence::packet_in_words(test::icmp_packet(them, us, 0, 0, echo)) == "echo reply 1/7");
  CHECK(evidence::packet_in_words(test::icmp_packet(us6, them6, 128, 0, echo)) == "echo request 1/7");
  CHECK(evidence::packet_in_words(test::icmp_packet(them6, us6, 129, 0, echo)) == "echo reply 1/7");
  const auto asked = test::icmp_packet(us, them, 8, 0, echo);
  const auto error =
      test::icmp_packet(test::address("198.18.5.5"), us, 11, 0, test::joined(from_hex("00000000"), asked));
  CHECK(evidence::packet_in_words(error) == "ICMP error 11/0 from 198.18.5.5 about a packet to 198.18.9.1");
  const auto tcp = [&](const char* flags) {
    return evidence::packet_in_words(test::ip_packet(
        us, them, wire::kTcp, from_hex("f000 0050 00000001 00000000 50" + std::string(flags) + "ffff 0000 0000")));
  };
  CHECK(tcp("02") == "TCP SYN");
  CHECK(tcp("12") == "TCP SYN-ACK");
  CHECK(tcp("14") == "TCP reset");
  CHECK(tcp("10").empty());
  CHECK(evidence::packet_in_words(test::ip_packet(us, them, wire::kUdp, from_hex("f000 0035 0008 0000"))) ==
        "DNS question");
  CHECK(evidence::packet_in_words(test::ip_packet(them, us, wire::kUdp, from_hex("0035 f000 0008 0000"))) ==
        "DNS answer");
  CHECK(evidence::packet_in_words(test::ip_packet(them, us, wire::kUdp, from_hex("8035 f000 0008 0000"))).empty());
  for (std::size_t size = 0; size < error.size(); ++size) {
    const base::Bytes whole(error);
    evidence::packet_in_words(whole.first(size));  // whatever it says, it comes to an end within its bytes
  }
  CHECK(evidence::packet_in_words(base::Bytes(asked).first(27)).empty());
}
