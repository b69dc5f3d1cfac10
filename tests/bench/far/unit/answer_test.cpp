#include "tests/bench/far/answer.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <initializer_list>
#include <vector>

using namespace blipd;
using lab::Packet;
using lab::Request;

namespace {

// RFC 1035, 4.1: id 0x1234, RD set, one question (and the additional record that `more` stands for): a.example. A IN.
std::vector<std::byte> question(std::initializer_list<int> more = {}) {
  const int additional = more.size() > 0 ? 1 : 0;
  const std::initializer_list<int> plain = {0x12, 0x34, 0x01, 0,   0,   1,   0,   0,   0, 0, 0, additional, 1, 'a',
                                            7,    'e',  'x',  'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0,          1};
  std::vector<std::byte> made;
  for (const int value : plain) made.push_back(static_cast<std::byte>(value));
  for (const int value : more) made.push_back(static_cast<std::byte>(value));
  return made;
}

Request request(Request::Kind kind, base::Bytes data, std::uint16_t port = 53) {
  Request made;
  made.kind = kind;
  made.source = *base::Address::parse("198.19.0.1");
  made.destination = *base::Address::parse("198.18.7.1");
  made.data = data;
  made.source_port = 4000;
  made.destination_port = port;
  return made;
}

std::vector<int> payload(const Packet& packet, std::size_t from) {
  std::vector<int> found;
  for (std::size_t i = from; i < packet.size(); ++i) found.push_back(std::to_integer<int>(packet[i]));
  return found;
}

constexpr std::size_t kUdpPayload = 28;

}  // namespace

TEST_CASE("A DNS question is answered with its own name, one address and nothing else", "[bench]") {
  const auto asked = question({0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0});  // EDNS (RFC 6891, 6.1.2), which is left out
  Packet packet;
  REQUIRE(bench::write_answer(packet, request(Request::Kind::kDatagram, asked)));
  const auto answer = payload(packet, kUdpPayload);
  const std::vector<int> head(answer.begin(), answer.begin() + 12);
  // The same id; QR, AA and RD; RA and NOERROR; one question, one answer.
  CHECK(head == std::vector<int>{0x12, 0x34, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0});
  const auto plain = question();
  CHECK(std::vector<int>(answer.begin() + 12, answer.begin() + 12 + 15) == payload(plain, 12));
  CHECK(std::vector<int>(answer.begin() + 27, answer.end()) ==
        std::vector<int>{0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 18, 0, 1});
}

TEST_CASE("A DNS question that is cut off anywhere is not answered", "[bench]") {
  const auto whole = question();
  Packet packet;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(bench::write_answer(packet, request(Request::Kind::kDatagram, base::Bytes(whole).first(length))));
  }
}

TEST_CASE("Datagrams to other ports, and what no host answers, get no answer", "[bench]") {
  const auto whole = question();
  Packet packet;
  CHECK_FALSE(bench::write_answer(packet, request(Request::Kind::kDatagram, whole, 54)));
  CHECK_FALSE(bench::write_answer(packet, request(Request::Kind::kIgnored, whole)));
}

TEST_CASE("Echo, SYN and FIN are answered to whoever asked", "[bench]") {
  const std::array<std::byte, 4> data{};
  Packet packet;
  for (const auto kind : {Request::Kind::kEcho, Request::Kind::kSyn, Request::Kind::kSegment}) {
    REQUIRE(bench::write_answer(packet, request(kind, data)));
    CHECK(payload(packet, 12)[3] == 1);  // from the asked address …
    CHECK(std::vector<int>{payload(packet, 16)[0], payload(packet, 16)[1]} ==
          std::vector<int>{198, 19});  // … to the asker
  }
}
