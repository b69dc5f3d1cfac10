#include "tests/lab/packet.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <initializer_list>
#include <string>

#include "daemon/simulate/load.hpp"
#include "tests/lab/responder.hpp"

namespace {

using namespace blipd;
using namespace std::chrono_literals;
using lab::Packet;

Packet bytes(const std::string& hex) {
  Packet out;
  std::string digits;
  for (const char c : hex) {
    if (c != ' ' && c != '\n') digits += c;
  }
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    out.push_back(static_cast<std::byte>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return out;
}

// Checksums worked out by hand from RFC 1071: an echo request from 198.18.0.1 to 198.18.1.15, id 0x1234,
// sequence 1, payload "abcdefgh".
Packet echo_v4() {
  return bytes("4500 0024 0000 4000 4001 ada4 c612 0001 c612 010f 0800 5435 1234 0001 6162 6364 6566 6768");
}

// The header is 20 bytes; what is behind it may be changed and mended.
void mend_icmp(Packet& packet) {
  packet[22] = packet[23] = std::byte{0};
  const auto sum = lab::internet_checksum(base::Bytes(packet).subspan(20));
  packet[22] = static_cast<std::byte>(sum >> 8U);
  packet[23] = static_cast<std::byte>(sum & 0xffU);
}

Packet reply_to(const lab::Request& request, const lab::Slant& slant) {
  Packet out;
  lab::write_echo_reply(out, request, slant);
  return out;
}

// From 198.18.0.1 port 40000, or its IPv6 sibling; checksums are left to `valid`.
Packet segment(std::uint8_t flags, std::uint16_t port, const std::string& data) {
  lab::Request far_side;  // an answer's writer serves to make a request: only the direction differs
  far_side.source = base::Address::parse("198.18.1.15").value();
  far_side.destination = base::Address::parse("198.18.0.1").value();
  far_side.source_port = port;
  far_side.destination_port = 40000;
  far_side.tcp_sequence = 1000;
  far_side.tcp_acknowledgement = 5000;
  Packet out;
  const auto payload = std::as_bytes(std::span(data.data(), data.size()));
  lab::write_segment(out, far_side, lab::Slant{}, payload, false);
  out[33] = static_cast<std::byte>(flags);
  out[36] = out[37] = std::byte{0};
  std::uint32_t pseudo = 6 + static_cast<std::uint32_t>(out.size() - 20);
  for (std::size_t i = 12; i < 20; i += 2) {
    pseudo += std::to_integer<std::uint32_t>(out[i]) << 8U | std::to_integer<std::uint32_t>(out[i + 1]);
  }
  const auto sum = lab::internet_checksum(base::Bytes(out).subspan(20), pseudo);
  out[36] = static_cast<std::byte>(sum >> 8U);
  out[37] = static_cast<std::byte>(sum & 0xffU);
  return out;
}

}  // namespace

TEST_CASE("the checksum is that of RFC 1071's own example") {
  const Packet example = bytes("0001 f203 f4f5 f6f7");
  CHECK(lab::internet_checksum(example) == static_cast<std::uint16_t>(~0xddf2U));
  CHECK(lab::internet_checksum(bytes("ff")) == 0x00ff);  // an odd byte counts as the high one
}

TEST_CASE("an echo request is understood and its reply gives everything back") {
  const Packet packet = echo_v4();
  const auto request = lab::read_request(packet);
  REQUIRE(request);
  CHECK(request->kind == lab::Request::Kind::kEcho);
  CHECK(request->identifier == 0x1234);
  CHECK(request->data.size() == 8);
  const Packet reply = reply_to(*request, lab::Slant{.ttl = 52, .source = {}, .wrong_token = false, .noise = 0});
  CHECK(reply == bytes("4500 0024 0000 4000 3401 b9a4 c612 010f c612 0001 0000 5c35 1234 0001 6162 6364 6566 6768"));
}

TEST_CASE("a packet cut off anywhere is malformed") {
  const Packet packet = echo_v4();
  for (std::size_t size = 0; size < packet.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(lab::read_request(base::Bytes(packet).first(size)));
  }
}

TEST_CASE("a request with any bit of its checksummed part flipped is malformed") {
  for (std::size_t bit = 0; bit < echo_v4().size() * 8; ++bit) {
    Packet packet = echo_v4();
    packet[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    CAPTURE(bit);
    CHECK_FALSE(lab::read_request(packet));
  }
}

TEST_CASE("what no host answers is ignored") {
  Packet reply = echo_v4();
  reply[20] = std::byte{0};  // type 0, an echo reply
  mend_icmp(reply);
  const auto request = lab::read_request(reply);
  REQUIRE(request);
  CHECK(request->kind == lab::Request::Kind::kIgnored);
  const Packet reset = segment(0x04, 80, "");
  CHECK(lab::read_request(reset)->kind == lab::Request::Kind::kIgnored);
  const Packet acknowledgement = segment(0x10, 80, "");
  CHECK(lab::read_request(acknowledgement)->kind == lab::Request::Kind::kIgnored);
}

TEST_CASE("a forged token keeps a right checksum and changes one byte of the payload") {
  const Packet packet = echo_v4();
  const auto request = lab::read_request(packet);
  const Packet plain = reply_to(*request, {});
  for (std::uint32_t noise = 0; noise < 600; ++noise) {
    lab::Slant slant;
    slant.wrong_token = true;
    slant.noise = noise;
    const Packet forged = reply_to(*request, slant);
    CHECK(lab::internet_checksum(base::Bytes(forged).subspan(20)) == 0);
    int differences = 0;
    for (std::size_t i = 28; i < forged.size(); ++i) differences += forged[i] != plain[i] ? 1 : 0;
    CHECK(differences == 1);
  }
}

TEST_CASE("corruption always breaks the checksum and never the identifier") {
  const Packet packet = echo_v4();
  const auto request = lab::read_request(packet);
  const Packet plain = reply_to(*request, {});
  for (std::uint32_t noise = 0; noise < 1000; ++noise) {
    Packet broken = plain;
    lab::corrupt(broken, noise);
    CHECK(lab::internet_checksum(base::Bytes(broken).subspan(20)) != 0);
    CHECK(std::equal(broken.begin() + 24, broken.begin() + 28, plain.begin() + 24));
  }
}

TEST_CASE("a SYN is acknowledged with its number plus one, from where it went") {
  const Packet syn = segment(0x02, 80, "");
  const auto request = lab::read_request(syn);
  REQUIRE(request);
  REQUIRE(request->kind == lab::Request::Kind::kSyn);
  Packet answer;
  lab::write_syn_ack(answer, *request, {});
  base::ByteReader in(base::Bytes(answer).subspan(20));
  CHECK(in.u16() == 80);
  CHECK(in.u16() == 40000);
  in.skip(4);
  CHECK(in.u32() == request->tcp_sequence + 1);
  CHECK(in.u8() == 0x60);
  CHECK(in.u8() == 0x12);
  Packet reset;
  lab::write_reset(reset, *request, {});
  CHECK(reset[33] == std::byte{0x14});
}

TEST_CASE("an unreachable quotes the packet that it is about, whole up to the limit") {
  const Packet packet = echo_v4();
  const auto request = lab::read_request(packet);
  Packet notice;
  lab::write_notice(notice, *request, base::Address::parse("198.18.100.254").value(),
                    simulate::NoticeCode::kAdministrative, 60);
  CHECK(notice[20] == std::byte{3});
  CHECK(notice[21] == std::byte{13});
  CHECK(lab::internet_checksum(base::Bytes(notice).subspan(20)) == 0);
  CHECK(std::equal(packet.begin(), packet.end(), notice.begin() + 28, notice.end()));
}

TEST_CASE("every request has exactly one fate in the counts") {
  const auto loaded = simulate::load_scenario(R"(
networks:
  - name: n
    prefixes: [198.18.1.0/24]
    rtt: 10ms
    loss: 0.2
    corrupted: 0.1
    duplicated: {ratio: 0.1, delay: 1ms}
    forged: {ratio: 0.1, wrong: [token, source, ttl]}
    unreachable: {ratio: 0.1}
    icmp_limit: {rate: 500, burst: 10}
    targets: [{name: t, host: 198.18.1.15}]
)",
                                              "test.yaml");
  REQUIRE(loaded.faults.empty());
  simulate::Country country(loaded.scenario, 9);
  auto dns = lab::DnsServer::make(loaded.scenario);
  REQUIRE(dns);
  lab::DelayQueue queue;
  lab::Statistics statistics;
  lab::Responder responder(country, *dns, queue, statistics, base::MonoTime{});
  const Packet packet = echo_v4();
  for (int i = 0; i < 5000; ++i) responder.arrive(packet, base::MonoTime(i * 1ms));

  const lab::Tally& t = statistics.at(0);
  CHECK(t.requests == 5000);
  CHECK(t.answered + t.corrupted + t.unreachable + t.lost + t.cut + t.limited + t.silent + t.overflowed == 5000);
  CHECK(queue.size() == t.answered + t.corrupted + t.unreachable + t.duplicated + t.forged);
  for (const std::uint64_t each : {t.answered, t.corrupted, t.unreachable, t.lost, t.limited, t.duplicated, t.forged}) {
    CHECK(each > 0);
  }
}

TEST_CASE("answers leave in the order in which they are due, and those of one moment in the order of arrival") {
  lab::DelayQueue queue;
  const int due[] = {30, 10, 20, 10, 30, 10};
  for (std::uint32_t i = 0; i < 6; ++i) {
    queue.prepare()->tally = i;
    queue.push(base::MonoTime(due[i] * 1ms));
  }
  std::vector<std::uint32_t> order;
  while (!queue.is_empty()) order.push_back(queue.pop().tally);
  CHECK(order == std::vector<std::uint32_t>{1, 3, 5, 2, 0, 4});
}

TEST_CASE("a DNS question gets its records, and a second answer that says something else") {
  const auto loaded = simulate::load_scenario_file(BLIPD_SOURCE_DIR "/config/scenarios/lab.yaml");
  auto dns = lab::DnsServer::make(loaded.scenario);
  REQUIRE(dns);
  // "lab. SOA", id 0xabcd, with EDNS and an empty NSID option (RFC 5001).
  const Packet query =
      bytes("abcd 0000 0001 0000 0000 0001 03 6c6162 00 0006 0001 00 0029 04d0 00000000 0004 0003 0000");
  const auto plain = dns->answer(query, "ns1");
  const Packet first(plain.begin(), plain.end());
  REQUIRE(first.size() > 12);
  CHECK(first[0] == std::byte{0xab});
  CHECK(first[2] == std::byte{0x84});  // an authoritative answer
  CHECK(first[7] == std::byte{1});
  const std::string text(reinterpret_cast<const char*>(first.data()), first.size());
  CHECK(text.find("ns1", text.size() - 3) != std::string::npos);
  const auto other = dns->answer(query, "ns1", lab::DnsServer::Truth::kDiffering);
  CHECK(other.size() == first.size());
  CHECK_FALSE(std::equal(other.begin(), other.end(), first.begin()));
  Packet again = query;
  again[1] = std::byte{0x01};
  CHECK(dns->answer(again, "ns1")[1] == std::byte{0x01});
  for (std::size_t size = 0; size < 12; ++size) CHECK(dns->answer(base::Bytes(query).first(size), "ns1").empty());
}
