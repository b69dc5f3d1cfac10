#include "probes/trace.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <functional>
#include <set>

#include "tests/unit/hex.hpp"
#include "tests/unit/packet.hpp"

using namespace blipd;
using probes::TraceMethod;
using Kind = probes::TraceReading::Kind;
using test::address;
using test::Packet;

namespace {

const base::SipKey kKey{1, 2};

probes::TraceFlow flow_of(TraceMethod method, bool is_v4) {
  probes::TraceFlow flow;
  flow.method = method;
  flow.source = address(is_v4 ? "198.18.0.1" : "2001:2::1");
  flow.target = address(is_v4 ? "198.18.1.1" : "2001:2:0:1::1");
  flow.source_port = 61234;
  flow.target_port = method == TraceMethod::kIcmp ? 0 : method == TraceMethod::kUdp ? 33434 : 80;
  flow.checksum = 0xbeef;
  flow.label = 0xabcde;
  flow.traffic_class = 0x20;
  return flow;
}

Packet written(const probes::TraceFlow& flow, std::uint8_t ttl, std::uint32_t token, std::uint16_t id = 7) {
  std::array<std::byte, probes::kLongestTracePacket> buffer{};
  const auto bytes = probes::write_trace(buffer, flow, ttl, id, token);
  return {bytes.begin(), bytes.end()};
}

probes::TraceReading read(const Packet& bytes) { return probes::read_trace(wire::read_ip(bytes).value()); }

void each_kind(const std::function<void(const probes::TraceFlow&)>& visit) {
  for (const auto method : {TraceMethod::kIcmp, TraceMethod::kUdp, TraceMethod::kTcp}) {
    for (const bool is_v4 : {true, false}) {
      INFO(static_cast<int>(method) << (is_v4 ? " v4" : " v6"));
      visit(flow_of(method, is_v4));
    }
  }
}

void check_reading(const probes::TraceReading& reading, Kind kind, const probes::TraceFlow& flow, std::uint32_t token) {
  CHECK(reading.kind == kind);
  CHECK(reading.method == flow.method);
  CHECK(reading.target == flow.target);
  CHECK(reading.source_port == flow.source_port);
  CHECK(reading.target_port == flow.target_port);
  CHECK(reading.token == token);
}

}  // namespace

TEST_CASE("packets of one trace differ in nothing that a path is chosen by") {
  each_kind([](const probes::TraceFlow& flow) {
    const std::size_t header = flow.target.is_v4() ? 20 : 40;
    const Packet first = written(flow, 1, probes::trace_token(kKey, flow, 0), 1);
    std::set<std::string> transports;
    for (std::uint32_t number = 1; number < 60; ++number) {
      const Packet other = written(flow, static_cast<std::uint8_t>(number), probes::trace_token(kKey, flow, number), 2);
      REQUIRE(other.size() == first.size());
      // Addresses, protocol, traffic class and flow label.
      if (flow.target.is_v4()) {
        CHECK(std::equal(first.begin() + 12, first.begin() + 20, other.begin() + 12));
        CHECK(first[1] == other[1]);
        CHECK(first[9] == other[9]);
      } else {
        CHECK(std::equal(first.begin(), first.begin() + 7, other.begin()));
        CHECK(std::equal(first.begin() + 8, first.begin() + 40, other.begin() + 8));
      }
      // Ports; of ICMP type, code, checksum and identifier.
      const std::ptrdiff_t same = flow.method == TraceMethod::kIcmp ? 6 : 4;
      const auto at = static_cast<std::ptrdiff_t>(header);
      CHECK(std::equal(first.begin() + at, first.begin() + at + same, other.begin() + at));
      transports.insert(test::to_hex(base::Bytes(other).subspan(header, 8)));
    }
    CHECK(transports.size() == 59);
  });
}

TEST_CASE("every packet of a trace has right checksums") {
  each_kind([](const probes::TraceFlow& flow) {
    for (std::uint32_t number = 0; number < 500; ++number) {
      const Packet bytes = written(flow, 9, probes::trace_token(kKey, flow, number));
      const auto packet = wire::read_ip(bytes);
      REQUIRE(packet);
      CHECK(packet->ttl == 9);
      CHECK(packet->traffic_class == 0x20);
      CHECK_FALSE(packet->is_truncated);
      const bool is_bare = packet->protocol == wire::kIcmp;
      const auto sum = is_bare ? wire::checksum(packet->payload)
                               : wire::checksum(packet->payload, flow.source, flow.target, packet->protocol);
      CHECK(sum == 0);
    }
  });
}

TEST_CASE("our own packet is known on its way out") {
  each_kind([](const probes::TraceFlow& flow) {
    const auto token = probes::trace_token(kKey, flow, 3);
    check_reading(read(written(flow, 3, token)), Kind::kRequest, flow, token);
  });
}

TEST_CASE("a router that quotes eight bytes of a packet says whose it was") {
  each_kind([](const probes::TraceFlow& flow) {
    const bool is_v4 = flow.target.is_v4();
    const auto router = address(is_v4 ? "203.0.113.9" : "2001:db8::9");
    const auto token = probes::trace_token(kKey, flow, 3);
    const Packet sent = written(flow, 1, token);
    const Packet quoted(sent.begin(), sent.begin() + (is_v4 ? 28 : 48));
    const auto hop = read(test::icmp_error_packet(router, flow.source, is_v4 ? 11 : 3, 0, quoted));
    check_reading(hop, Kind::kExpired, flow, token);
    CHECK(hop.from == router);
    const auto unreachable = read(test::icmp_error_packet(router, flow.source, is_v4 ? 3 : 1, 1, quoted));
    check_reading(unreachable, Kind::kUnreachable, flow, token);
    CHECK(unreachable.notice.code == 1);
    CHECK(unreachable.notice.sender == router);
    // Time exceeded in reassembly is no hop.
    CHECK(read(test::icmp_error_packet(router, flow.source, is_v4 ? 11 : 3, 1, quoted)).kind == Kind::kUnreachable);
    for (std::size_t length = 0; length < quoted.size(); ++length) {
      const Packet cut(quoted.begin(), quoted.begin() + static_cast<std::ptrdiff_t>(length));
      CHECK(read(test::icmp_error_packet(router, flow.source, is_v4 ? 11 : 3, 0, cut)).kind == Kind::kForeign);
    }
  });
}

TEST_CASE("the target's own answer is told from a router's") {
  for (const bool is_v4 : {true, false}) {
    const auto echo = flow_of(TraceMethod::kIcmp, is_v4);
    const auto token = probes::trace_token(kKey, echo, 3);
    const Packet sent = written(echo, 9, token);
    const Packet rest(sent.begin() + (is_v4 ? 24 : 44), sent.end());
    check_reading(read(test::icmp_packet(echo.target, echo.source, is_v4 ? 0 : 129, 0, rest)), Kind::kAnswer, echo,
                  token);

    const auto syn = flow_of(TraceMethod::kTcp, is_v4);
    for (const std::uint8_t flags : std::initializer_list<std::uint8_t>{0x12, 0x14}) {
      Packet segment(20);
      base::ByteWriter out(segment);
      out.u16(syn.target_port);
      out.u16(syn.source_port);
      out.u32(99);
      out.u32(0xffffffff);
      out.u8(5 << 4);
      out.u8(flags);
      const auto answer = read(test::ip_packet(syn.target, syn.source, wire::kTcp, segment));
      check_reading(answer, Kind::kAnswer, syn, 0xfffffffe);
    }
  }
}

TEST_CASE("a segment that acknowledges nothing answers no trace") {
  const auto flow = flow_of(TraceMethod::kTcp, true);
  for (const std::uint8_t flags : std::initializer_list<std::uint8_t>{0x00, 0x01, 0x04, 0x10, 0x11, 0x16}) {
    Packet segment(20);
    segment[13] = std::byte{flags};
    CHECK(read(test::ip_packet(flow.target, flow.source, wire::kTcp, segment)).kind == Kind::kForeign);
  }
}

TEST_CASE("tokens depend on the key, the flow and the number") {
  each_kind([](const probes::TraceFlow& flow) {
    std::set<std::uint32_t> seen;
    for (std::uint32_t number = 0; number < 64; ++number) seen.insert(probes::trace_token(kKey, flow, number));
    CHECK(seen.size() >= 63);  // 16 bits may meet once
    CHECK_FALSE(seen.contains(0));
    probes::TraceFlow other = flow;
    ++other.source_port;
    CHECK(probes::trace_token(kKey, flow, 0) != probes::trace_token(kKey, other, 0));
    CHECK(probes::trace_token(kKey, flow, 0) != probes::trace_token({1, 3}, flow, 0));
  });
}
