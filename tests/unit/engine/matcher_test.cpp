#include "daemon/engine/matcher.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "tests/unit/packet.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using engine::Learned;
using test::address;

namespace {

struct NoResults final : probes::ResultSink {
  void on_sent(probes::ChannelIndex, base::MonoTime) override {}
  void on_result(const probes::Result&, const probes::AnswerDetail*) override {}
  void on_remark(const probes::Remark&) override {}
};

struct Told final : engine::Inbox {
  std::vector<Learned> learnt;
  std::vector<Learned::Kind> strangers;
  void learned(const Learned& l) override { learnt.push_back(l); }
  void unmatched(Learned::Kind kind) override { strangers.push_back(kind); }
};

probes::ProbeSpec echo_spec() {
  probes::ProbeSpec spec;
  spec.name = "ping";
  spec.ask = probes::IcmpSpec{};
  return spec;
}

probes::ProbeSpec syn_spec(std::uint16_t port) {
  probes::ProbeSpec spec;
  spec.name = fmt::format("tcp{}", port);
  spec.ask = probes::TcpSpec{port, probes::TcpMode::kSyn};
  return spec;
}

const char* const kTarget = "198.18.1.15";
const char* const kOurs = "198.18.0.1";

// Channel 0 echo, 1 SYN to port 80, 2 SYN to port 443, all to one address; each has one probe under way.
struct Bench {
  base::SipKey key{1, 2};
  probes::IcmpEcho echo{key, 0x4242};
  probes::PortRange ports{61000, 63267};
  probes::TcpSyn syn{key, ports};
  NoResults sink;
  engine::Flights flights{sink, 2s};
  engine::Budget budget{config::Budget{}};
  engine::Roster roster;
  engine::Matcher matcher{echo, syn, roster, flights};
  Told told;
  std::vector<probes::Sequence> sequences;

  Bench() {
    config::Configuration configuration;
    configuration.countries = {
        {"LB", "Labland", {{"n", {}, "fixed", "", 1, {{"t", kTarget, {echo_spec(), syn_spec(80), syn_spec(443)}}}}}}};
    roster.adopt(config::make_plan(configuration, nullptr), budget);
    flights.make_room(3);
    for (probes::ChannelIndex c = 0; c < 3; ++c) flights.lay_out(c, {true, 1s, 1s, 1});
    for (probes::ChannelIndex channel = 0; channel < 3; ++channel) {
      sequences.push_back(*flights.reserve(channel));
      flights.launch(channel, sequences.back(), {}, 0);
    }
  }

  void see(const test::Packet& bytes) {
    const auto packet = wire::read_ip(bytes);
    REQUIRE(packet);
    matcher.match({*packet, {base::WallTime(1s), probes::StampSource::kCapture}, 3}, told);
  }

  test::Packet request() const {
    test::Packet buffer(128);
    const auto message = echo.write_request(buffer, address(kTarget), 0, sequences[0], 56);
    return test::ip_packet(address(kOurs), address(kTarget), wire::kIcmp, message);
  }

  test::Packet syn_packet(probes::ChannelIndex channel, std::uint16_t port) const {
    test::Packet buffer(64);
    const auto segment = syn.write_syn(buffer, address(kOurs), address(kTarget), port, channel, sequences[channel]);
    return test::ip_packet(address(kOurs), address(kTarget), wire::kTcp, segment);
  }

  test::Packet answer_to_syn(probes::ChannelIndex channel, std::uint16_t port, std::uint8_t flags,
                             std::uint32_t acknowledged) const {
    test::Packet segment(20);
    base::ByteWriter out(segment);
    out.u16(port);
    out.u16(syn.source_port(channel, sequences[channel]));
    out.u32(7);
    out.u32(acknowledged);
    out.u8(5 << 4);
    out.u8(flags);
    out.u16(1024);
    return test::ip_packet(address(kTarget), address(kOurs), wire::kTcp, segment);
  }

  std::uint32_t isn(probes::ChannelIndex channel, std::uint16_t port) const {
    return syn.initial_sequence(channel, sequences[channel], address(kTarget), port);
  }
};

constexpr std::uint8_t kSynAck = 0x12;
constexpr std::uint8_t kRstAck = 0x14;

}  // namespace

TEST_CASE("our own request on its way out is known by its token") {
  Bench b;
  b.see(b.request());
  REQUIRE(b.told.learnt.size() == 1);
  CHECK(b.told.learnt[0].kind == Learned::Kind::kRequestSeen);
  CHECK(b.told.learnt[0].channel == 0);
  CHECK(b.told.learnt[0].interface == 3);
}

TEST_CASE("a SYN-ACK finds its channel by address, port, flow and acknowledged number") {
  Bench b;
  b.see(b.syn_packet(2, 443));
  b.see(b.answer_to_syn(2, 443, kSynAck, b.isn(2, 443) + 1));
  REQUIRE(b.told.learnt.size() == 2);
  CHECK(b.told.learnt[0].kind == Learned::Kind::kRequestSeen);
  CHECK(b.told.learnt[0].channel == 2);
  CHECK(b.told.learnt[1].kind == Learned::Kind::kAnswer);
  CHECK(b.told.learnt[1].answer == probes::AnswerKind::kSynAck);
  CHECK(b.told.learnt[1].channel == 2);
  CHECK(b.told.learnt[1].sequence == b.sequences[2]);
}

TEST_CASE("a packet at a port of another who asks in this process is none of ours, and no stranger's either") {
  Bench b;
  const probes::TcpSyn other(b.key, {63268, 65535});
  test::Packet buffer(64);
  const auto segment = other.write_syn(buffer, address(kOurs), address(kTarget), 443, 2, b.sequences[2]);
  b.see(test::ip_packet(address(kOurs), address(kTarget), wire::kTcp, segment));
  test::Packet answer(20);
  base::ByteWriter out(answer);
  out.u16(443);
  out.u16(other.source_port(2, b.sequences[2]));
  out.u32(7);
  out.u32(b.isn(2, 443) + 1);
  out.u8(5 << 4);
  out.u8(kSynAck);
  out.u16(1024);
  b.see(test::ip_packet(address(kTarget), address(kOurs), wire::kTcp, answer));
  CHECK(b.told.learnt.empty());
  CHECK(b.told.strangers.empty());
}

TEST_CASE("a reset that acknowledges our SYN is an answer") {
  Bench b;
  b.see(b.answer_to_syn(1, 80, kRstAck, b.isn(1, 80) + 1));
  REQUIRE(b.told.learnt.size() == 1);
  CHECK(b.told.learnt[0].answer == probes::AnswerKind::kReset);
}

TEST_CASE("a SYN-ACK on our flow that acknowledges another number is forged") {
  Bench b;
  b.see(b.answer_to_syn(1, 80, kSynAck, b.isn(1, 80) + 2));
  REQUIRE(b.told.learnt.size() == 1);
  CHECK(b.told.learnt[0].kind == Learned::Kind::kForged);
}

TEST_CASE("the answer to another program's SYN from the same port is a stranger's, not a forgery", "[complaint]") {
  Bench b;
  test::Packet segment(20);
  base::ByteWriter out(segment);
  out.u16(b.syn.source_port(1, b.sequences[1]));
  out.u16(80);
  out.u32(777);
  out.u32(0);
  out.u8(5 << 4);
  out.u8(0x02);
  out.u16(1024);
  b.see(test::ip_packet(address(kOurs), address(kTarget), wire::kTcp, segment));
  b.see(b.answer_to_syn(1, 80, kSynAck, 778));
  CHECK(b.told.learnt.empty());
  CHECK(b.told.strangers == std::vector{Learned::Kind::kAnswer});
}

TEST_CASE("a wrong number on a flow whose probe is settled is no forgery either") {
  Bench b;
  b.flights.settle(base::MonoTime(1h), {});
  b.see(b.answer_to_syn(1, 80, kSynAck, b.isn(1, 80) + 2));
  CHECK(b.told.learnt.empty());
}

TEST_CASE("a SYN-ACK from a port that nobody asked is a stranger's") {
  Bench b;
  b.see(b.answer_to_syn(1, 8080, kSynAck, b.isn(1, 80) + 1));
  CHECK(b.told.learnt.empty());
  CHECK(b.told.strangers == std::vector{Learned::Kind::kAnswer});
}

TEST_CASE("an ICMP error that quotes only eight bytes finds its probe by address and sequence") {
  Bench b;
  const auto request = b.request();
  const test::Packet quote(request.begin(), request.begin() + 28);
  test::Packet rest(4);
  b.see(test::icmp_packet(address("198.18.0.254"), address(kOurs), 3, 1, test::joined(rest, quote)));
  REQUIRE(b.told.learnt.size() == 1);
  CHECK(b.told.learnt[0].kind == Learned::Kind::kUnreachable);
  CHECK(b.told.learnt[0].channel == 0);
  CHECK(b.told.learnt[0].sequence == b.sequences[0]);
  CHECK(b.told.learnt[0].notice->sender == address("198.18.0.254"));
}

TEST_CASE("an ICMP error that quotes our SYN belongs to its channel") {
  Bench b;
  const auto syn = b.syn_packet(1, 80);
  const test::Packet quote(syn.begin(), syn.begin() + 28);
  test::Packet rest(4);
  b.see(test::icmp_packet(address("198.18.0.254"), address(kOurs), 3, 13, test::joined(rest, quote)));
  REQUIRE(b.told.learnt.size() == 1);
  CHECK(b.told.learnt[0].kind == Learned::Kind::kUnreachable);
  CHECK(b.told.learnt[0].channel == 1);
  CHECK(b.told.learnt[0].notice->code == 13);
}

TEST_CASE("an ICMP error that this machine sent to itself is our own fault, not the network's") {
  Bench b;
  test::Packet rest(4);
  b.see(test::icmp_packet(address(kOurs), address(kOurs), 3, 1, test::joined(rest, b.request())));
  REQUIRE(b.told.learnt.size() == 1);
  CHECK(b.told.learnt[0].kind == Learned::Kind::kFailedLocally);
}

TEST_CASE("somebody else's packets mean nothing") {
  Bench b;
  test::Packet rest(60);
  b.see(test::icmp_packet(address("198.18.1.99"), address(kOurs), 0, 0, rest));
  b.see(test::icmp_packet(address("198.18.0.254"), address(kOurs), 5, 1, rest));
  CHECK(b.told.learnt.empty());
  CHECK(b.told.strangers.empty());
}
