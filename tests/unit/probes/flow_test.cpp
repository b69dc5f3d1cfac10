#include "probes/flow.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <set>
#include <vector>

#include "probes/icmp.hpp"
#include "probes/tcp.hpp"
#include "probes/wire/checksum.hpp"

namespace blipd::probes {
namespace {

base::Address address(const char* text) { return base::Address::parse(text).value(); }

std::uint16_t checksum_of(base::Bytes message) {
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(message[2]) << 8U |
                                    std::to_integer<unsigned>(message[3]));
}

TEST_CASE("a probe rides the next flow of its channel, or none") {
  CHECK_FALSE(flow_of(0, 5));
  CHECK(flow_of(1, 5) == FlowNumber{0});
  CHECK(flow_of(4, 5) == FlowNumber{1});
  CHECK(flow_of(64, 0xffffffff) == FlowNumber{63});
}

TEST_CASE("flows of a target have identifiers of their own, the same at every time") {
  for (const char* text : {"198.18.0.2", "198.18.0.3", "2001:2::2"}) {
    std::set<std::uint32_t> labels;
    std::set<std::uint16_t> checksums;
    for (FlowNumber flow = 0; flow < ProbeSpec::kMostFlows; ++flow) {
      const std::uint32_t label = flow_label(address(text), flow);
      CHECK(label > 0);
      CHECK(label <= 0xfffff);
      const std::uint16_t checksum = flow_checksum(address(text), flow);
      CHECK(checksum > 0);
      CHECK(checksum < 0xffff);
      labels.insert(label);
      checksums.insert(checksum);
    }
    CHECK(labels.size() == ProbeSpec::kMostFlows);
    CHECK(checksums.size() == ProbeSpec::kMostFlows);
  }
  CHECK(flow_identifier(address("198.18.0.2"), 0) != flow_identifier(address("198.18.0.3"), 0));
}

TEST_CASE("echo requests of a flow have its checksum, whatever else they carry, and are still ours") {
  const base::Address target = address("198.18.0.2");
  std::vector<std::byte> buffer(8 + IcmpSpec::kMaxSize);
  for (const int size : {18, 19, 56, 1472}) {
    for (Sequence sequence = 0; sequence < 3000; sequence += 7) {
      const auto flow = flow_of(8, sequence);
      const IcmpEcho echo({sequence, 2}, 0xb11d);
      const auto message =
          echo.write_request(buffer, target, sequence * 31, sequence, static_cast<std::uint16_t>(size), flow);
      REQUIRE(message.size() == 8U + static_cast<unsigned>(size));
      REQUIRE(checksum_of(message) == flow_checksum(target, *flow));
      REQUIRE(wire::checksum(message) == 0);
      wire::IpPacket packet;
      packet.source = address("198.18.0.1");
      packet.destination = target;
      packet.protocol = wire::kIcmp;
      packet.payload = message;
      const EchoReading reading = echo.read(packet);
      REQUIRE(reading.kind == EchoReading::Kind::kRequest);
      REQUIRE(reading.sequence == sequence);
    }
  }
}

TEST_CASE("over IPv6 the checksum that the kernel fills in is one for a flow, and another for another") {
  const base::Address target = address("2001:2::2"), source = address("2001:2::1");
  const IcmpEcho echo({1, 2}, 0xb11d);
  std::array<std::byte, 64> buffer{};
  std::set<std::uint16_t> seen;
  for (Sequence sequence = 0; sequence < 800; ++sequence) {
    const auto message = echo.write_request(buffer, target, 7, sequence, 18, flow_of(8, sequence));
    CHECK(checksum_of(message) == 0);
    seen.insert(wire::checksum(message, source, target, wire::kIcmpV6));
  }
  CHECK(seen.size() == 8);
}

TEST_CASE("SYNs of a flow leave from its port, which is within the range of whoever asks") {
  const base::Address target = address("198.18.0.2");
  const PortRange part{61070, 61139};
  for (const TcpSyn& syn : {TcpSyn({1, 2}), TcpSyn({3, 4}), TcpSyn({1, 2}, part)}) {
    std::set<std::uint16_t> ports;
    for (Sequence sequence = 0; sequence < 100; ++sequence) {
      const std::uint16_t port = syn.source_port(9, sequence, target, 8);
      CHECK(syn.ports().has(port));
      CHECK(port == syn.source_port(4711, sequence + 8, target, 8));
      ports.insert(port);
    }
    CHECK(ports.size() == 8);
  }
  CHECK(TcpSyn({1, 2}).source_port(9, 3, target, 8) == TcpSyn({3, 4}).source_port(9, 3, target, 8));
  CHECK(TcpSyn({1, 2}).source_port(9, 3, target, 0) == TcpSyn({1, 2}).source_port(9, 3));
}

}  // namespace
}  // namespace blipd::probes
