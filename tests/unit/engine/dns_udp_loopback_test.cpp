#include "daemon/engine/dns_udp.hpp"

#include <catch2/catch.hpp>
#include <cerrno>
#include <set>

#include "probes/tcp.hpp"
#include "tests/unit/engine/dns_loopback.hpp"
#include "tests/unit/packet.hpp"

namespace blipd::engine {
namespace {

using Kind = Learned::Kind;
using probes::StampSource;
using test::LoopbackSocket;
using test::RememberingInbox;

constexpr base::SipKey kKey{1, 2};

probes::ProbeSpec spec_for(std::uint16_t port) {
  probes::DnsSpec dns;
  dns.query = "example.com";
  dns.port = port;
  probes::ProbeSpec spec;
  spec.ask = dns;
  return spec;
}

// A transport, and a server that the test answers for by hand.
struct Scene {
  explicit Scene(std::string_view server_address = "127.0.0.1")
      : server(SOCK_DGRAM, server_address), spec(spec_for(server.port())) {}

  AskStatus ask(probes::ChannelIndex channel, probes::Sequence sequence) {
    return transport.ask({channel, sequence, server.address(), &spec}, base::SystemClock().read());
  }
  // Asks as channel 7, sequence 3, and gives what the server received.
  LoopbackSocket::Received asked() {
    REQUIRE(ask(7, 3) == AskStatus::kSent);
    auto query = server.receive();
    REQUIRE(query.bytes.size() > 12);
    return query;
  }
  static test::DnsAnswerBuilder answer_to(const LoopbackSocket::Received& query, unsigned last_byte = 1) {
    test::DnsAnswerBuilder answer;
    answer.id = test::id_of(query.bytes);
    answer.answers = {test::dns_address_record("example.com", last_byte)};
    return answer;
  }
  bool poll_for(std::size_t count) {
    return test::poll_until(transport, [&] { return inbox.all.size() >= count; });
  }

  RememberingInbox inbox;
  DnsUdpTransport transport{inbox, kKey};
  LoopbackSocket server;
  probes::ProbeSpec spec;
};

std::uint16_t port_of(const SocketAddress& name) { return from_socket_address(name.storage).port; }

}  // namespace

TEST_CASE("loopback UDP: an answer is learned with its facts, TTL and the kernel's stamp") {
  for (const char* address : {"127.0.0.1", "::1"}) {
    INFO(address);
    Scene scene(address);
    const base::WallTime before = base::SystemClock().read().wall;
    const auto query = scene.asked();
    CHECK(port_of(query.from) >= probes::kFirstSourcePort);
    scene.server.send(Scene::answer_to(query).build(), query.from);
    REQUIRE(scene.poll_for(1));
    const auto& [learned, detail] = scene.inbox.all.at(0);
    CHECK(learned.kind == Kind::kAnswer);
    CHECK(learned.answer == probes::AnswerKind::kDnsMessage);
    CHECK(learned.channel == 7);
    CHECK(learned.sequence == 3);
    CHECK(learned.from == scene.server.address());
    CHECK(learned.ttl == 64);
    CHECK(learned.stamp.source == StampSource::kKernel);
    CHECK(learned.stamp.at > before);
    CHECK(learned.stamp.at < base::SystemClock().read().wall);
    CHECK(learned.service == probes::Service::kNotJudged);
    REQUIRE(detail);
    CHECK(detail->target == scene.server.address());
    CHECK(detail->dns->records.at(0) == "example.com. 300 IN A 192.0.2.1");
    CHECK(scene.inbox.strangers.empty());
  }
}

TEST_CASE("loopback UDP: expectations are judged beside reachability") {
  Scene scene;
  auto& dns = std::get<probes::DnsSpec>(scene.spec.ask);
  dns.expect.answer_matches = {"192\\.0\\.2\\.9"};
  const auto query = scene.asked();
  scene.server.send(Scene::answer_to(query).build(), query.from);
  REQUIRE(scene.poll_for(1));
  CHECK(scene.inbox.all[0].learned.kind == Kind::kAnswer);
  CHECK(scene.inbox.all[0].learned.service == probes::Service::kNotAsExpected);
  CHECK_FALSE(scene.inbox.all[0].detail->dns->unmet.empty());
}

TEST_CASE("loopback UDP: a second answer is reported too, equal or differing, until the question is forgotten") {
  Scene scene;
  const auto query = scene.asked();
  scene.server.send(Scene::answer_to(query, 1).build(), query.from);
  scene.server.send(Scene::answer_to(query, 1).build(), query.from);
  scene.server.send(Scene::answer_to(query, 2).build(), query.from);
  REQUIRE(scene.poll_for(3));
  const auto& all = scene.inbox.all;
  for (const auto& one : all) CHECK(one.learned.kind == Kind::kAnswer);
  CHECK(all[0].learned.content == all[1].learned.content);
  CHECK(all[0].learned.content != all[2].learned.content);
  CHECK(scene.transport.questions_under_way() == 1);

  scene.transport.forget(7, 3);
  CHECK(scene.transport.questions_under_way() == 0);
  scene.server.send(Scene::answer_to(query, 3).build(), query.from);
  REQUIRE(test::poll_until(scene.transport, [&] { return !scene.inbox.strangers.empty(); }));
  CHECK(scene.inbox.strangers == std::vector<Kind>{Kind::kAnswer});
  CHECK(all.size() == 3);
}

TEST_CASE("loopback UDP: an answer with another id belongs to no channel") {
  Scene scene;
  const auto query = scene.asked();
  auto answer = Scene::answer_to(query);
  answer.id = static_cast<std::uint16_t>(answer.id ^ 1U);
  scene.server.send(answer.build(), query.from);
  REQUIRE(test::poll_until(scene.transport, [&] { return !scene.inbox.strangers.empty(); }));
  CHECK(scene.inbox.strangers == std::vector<Kind>{Kind::kAnswer});
  CHECK(scene.inbox.all.empty());
}

TEST_CASE("loopback UDP: an answer from another address or port is forged") {
  Scene scene;
  const auto query = scene.asked();
  const LoopbackSocket other_address(SOCK_DGRAM, "127.0.0.2", scene.server.port());
  const LoopbackSocket other_port(SOCK_DGRAM, "127.0.0.1");
  other_address.send(Scene::answer_to(query).build(), query.from);
  REQUIRE(scene.poll_for(1));
  other_port.send(Scene::answer_to(query).build(), query.from);
  REQUIRE(scene.poll_for(2));
  for (const auto& one : scene.inbox.all) {
    CHECK(one.learned.kind == Kind::kForged);
    CHECK(one.learned.channel == 7);
    CHECK(one.learned.is_from_elsewhere);
  }
  CHECK(scene.inbox.all[0].learned.from.to_string() == "127.0.0.2");
  // The right one still counts.
  scene.server.send(Scene::answer_to(query).build(), query.from);
  REQUIRE(scene.poll_for(3));
  CHECK(scene.inbox.all[2].learned.kind == Kind::kAnswer);
}

TEST_CASE("loopback UDP: what comes from another address and is no answer to our question is just forged") {
  Scene scene;
  const auto query = scene.asked();
  const LoopbackSocket other(SOCK_DGRAM, "127.0.0.2", scene.server.port());
  auto answer = Scene::answer_to(query);
  answer.name = "example.net";
  other.send(answer.build(), query.from);
  REQUIRE(scene.poll_for(1));
  CHECK(scene.inbox.all[0].learned.kind == Kind::kForged);
  CHECK_FALSE(scene.inbox.all[0].learned.is_from_elsewhere);
}

TEST_CASE("loopback UDP: an answer to another question is forged, a broken one malformed") {
  Scene scene;
  const auto query = scene.asked();
  auto answer = Scene::answer_to(query);
  answer.name = "example.net";
  scene.server.send(answer.build(), query.from);
  auto broken = Scene::answer_to(query).build();
  broken.pop_back();
  scene.server.send(broken, query.from);
  scene.server.send(query.bytes, query.from);  // our own query, mirrored
  REQUIRE(scene.poll_for(3));
  CHECK(scene.inbox.all[0].learned.kind == Kind::kForged);
  CHECK_FALSE(scene.inbox.all[0].learned.is_from_elsewhere);
  CHECK(scene.inbox.all[1].learned.kind == Kind::kMalformed);
  CHECK(scene.inbox.all[2].learned.kind == Kind::kMalformed);
}

TEST_CASE("loopback UDP: a datagram without a DNS header belongs to nobody and is malformed") {
  Scene scene;
  const auto query = scene.asked();
  scene.server.send(test::Message(11), query.from);
  scene.server.send(test::Message(), query.from);
  REQUIRE(test::poll_until(scene.transport, [&] { return scene.inbox.strangers.size() >= 2; }));
  CHECK(scene.inbox.strangers == std::vector<Kind>{Kind::kMalformed, Kind::kMalformed});
}

TEST_CASE("loopback UDP: a closed port is unreachable, with the code and sender of the ICMP error") {
  for (const char* address : {"127.0.0.1", "::1"}) {
    INFO(address);
    Scene scene(address);
    scene.server.close();
    REQUIRE(scene.ask(7, 3) == AskStatus::kSent);
    REQUIRE(scene.poll_for(1));
    const Learned& learned = scene.inbox.all[0].learned;
    const bool is_v4 = scene.server.address().is_v4();
    CHECK(learned.kind == Kind::kUnreachable);
    CHECK(learned.channel == 7);
    CHECK(learned.sequence == 3);
    REQUIRE(learned.notice);
    CHECK(learned.notice->type == (is_v4 ? 3 : 1));
    CHECK(learned.notice->code == (is_v4 ? 3 : 4));
    CHECK(learned.notice->sender == scene.server.address());
  }
}

TEST_CASE("loopback UDP: an error about one question does not fail the next one on the same socket") {
  Scene scene;
  const LoopbackSocket alive(SOCK_DGRAM, "127.0.0.1");
  const probes::ProbeSpec alive_spec = spec_for(alive.port());
  scene.server.close();
  // Enough for every one of the shared sockets to hold a pending error.
  for (probes::Sequence i = 0; i < 64; ++i) {
    REQUIRE(scene.ask(1, i) == AskStatus::kSent);
    REQUIRE(scene.transport.ask({2, i, alive.address(), &alive_spec}, base::SystemClock().read()) == AskStatus::kSent);
  }
  for (int i = 0; i < 64; ++i) REQUIRE(alive.receive().bytes.size() > 12);
  REQUIRE(scene.poll_for(64));
  CHECK(scene.inbox.all.size() == 64);
  for (const auto& one : scene.inbox.all) {
    CHECK(one.learned.kind == Kind::kUnreachable);
    CHECK(one.learned.channel == 1);
  }
}

TEST_CASE("loopback UDP: what cannot be sent fails with its reason and leaves nothing behind") {
  Scene scene;
  scene.spec.source = test::loopback_address("192.0.2.1");
  errno = 0;
  CHECK(scene.ask(7, 3) == AskStatus::kFailed);
  CHECK(errno == EADDRNOTAVAIL);
  scene.spec.source.reset();
  scene.spec.interface = "no-such-if";
  CHECK(scene.ask(7, 4) == AskStatus::kFailed);
  CHECK(errno == ENODEV);
  scene.spec = probes::ProbeSpec{};
  CHECK(scene.ask(7, 5) == AskStatus::kFailed);
  CHECK(errno == EINVAL);
  CHECK(scene.transport.questions_under_way() == 0);
  CHECK(scene.transport.open_sockets() == 0);
}

TEST_CASE("loopback UDP: source address, DSCP and TTL are those of the probe") {
  Scene scene;
  scene.spec.source = test::loopback_address("127.0.0.9");
  scene.spec.dscp = 46;
  scene.spec.ttl = 33;
  scene.spec.interface = "lo";
  const int on = 1;
  ::setsockopt(scene.server.fd(), IPPROTO_IP, IP_RECVTOS, &on, sizeof on);
  ::setsockopt(scene.server.fd(), IPPROTO_IP, IP_RECVTTL, &on, sizeof on);
  REQUIRE(scene.ask(7, 3) == AskStatus::kSent);
  REQUIRE(LoopbackSocket::readable(scene.server.fd()));
  std::array<std::byte, 512> data{};
  struct alignas(cmsghdr) {
    std::array<std::byte, 256> bytes;
  } control{};
  sockaddr_storage from{};
  iovec vector{data.data(), data.size()};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  REQUIRE(::recvmsg(scene.server.fd(), &message, 0) > 12);
  CHECK(from_socket_address(from).address.to_string() == "127.0.0.9");
  int tos = -1, ttl = -1;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_type == IP_TOS) tos = std::to_integer<int>(*reinterpret_cast<std::byte*>(CMSG_DATA(c)));
    if (c->cmsg_type == IP_TTL) ttl = *reinterpret_cast<int*>(CMSG_DATA(c));
  }
  CHECK(tos == 46 << 2);
  CHECK(ttl == 33);
}

TEST_CASE("loopback UDP: ids and ports vary, and at most eight ports are open for one way out") {
  Scene scene;
  std::set<std::uint16_t> ids, ports;
  for (probes::Sequence i = 0; i < 200; ++i) {
    REQUIRE(scene.ask(7, i) == AskStatus::kSent);
    const auto query = scene.server.receive();
    ids.insert(test::id_of(query.bytes));
    ports.insert(port_of(query.from));
  }
  CHECK(ids.size() > 190);  // of 65,536; a collision or two would be chance
  CHECK(ports.size() == 8);
  CHECK(scene.transport.open_sockets() == 8);
}

TEST_CASE("loopback UDP: a socket is retired after some minutes, and closed once its last question is forgotten") {
  Scene scene;
  const auto query = scene.asked();
  base::Moment later = base::SystemClock().read();
  later.mono += std::chrono::minutes(11);
  scene.transport.poll(later);
  CHECK(scene.transport.open_sockets() == 1);
  scene.server.send(Scene::answer_to(query).build(), query.from);
  REQUIRE(scene.poll_for(1));
  scene.transport.forget(7, 3);
  CHECK(scene.transport.open_sockets() == 0);
}

TEST_CASE("loopback UDP: a captured request gives its stamp, and answers then carry stamps to pair with it") {
  Scene scene;
  const auto query = scene.asked();
  const auto source = test::loopback_address("127.0.0.1");
  const auto capture = [&](const base::Address& destination, std::uint16_t destination_port, bool is_whole) {
    test::Message datagram;
    test::put_u16(datagram, port_of(query.from));
    test::put_u16(datagram, destination_port);
    test::put_u16(datagram, static_cast<unsigned>(8 + query.bytes.size()));
    test::put_u16(datagram, 0);
    test::put(datagram, base::Bytes(query.bytes).first(is_whole ? query.bytes.size() : 4));
    const auto packet = test::ip_packet(source, destination, wire::kUdp, datagram);
    const auto read = wire::read_ip(packet);
    REQUIRE(read);
    scene.transport.captured(*read, base::WallTime(std::chrono::seconds(1000)));
  };
  capture(test::loopback_address("127.0.0.2"), scene.server.port(), true);
  capture(scene.server.address(), static_cast<std::uint16_t>(scene.server.port() ^ 1U), true);
  capture(scene.server.address(), scene.server.port(), false);
  CHECK(scene.inbox.all.empty());
  capture(scene.server.address(), scene.server.port(), true);
  REQUIRE(scene.inbox.all.size() == 1);
  const Learned& seen = scene.inbox.all[0].learned;
  CHECK(seen.kind == Kind::kRequestSeen);
  CHECK(seen.channel == 7);
  CHECK(seen.sequence == 3);
  CHECK(seen.stamp.at == base::WallTime(std::chrono::seconds(1000)));
  CHECK(seen.stamp.source == StampSource::kCapture);

  scene.server.send(Scene::answer_to(query).build(), query.from);
  REQUIRE(scene.poll_for(2));
  CHECK(scene.inbox.all[1].learned.stamp.source == StampSource::kCapture);

  // While the capture works, an answer that overtakes its request's stamp is to wait for it.
  REQUIRE(scene.ask(7, 4) == AskStatus::kSent);
  const auto next = scene.server.receive();
  scene.server.send(Scene::answer_to(next).build(), next.from);
  REQUIRE(scene.poll_for(3));
  CHECK(scene.inbox.all[2].learned.stamp.source == StampSource::kCapture);
}

TEST_CASE("loopback UDP: many questions under way are matched each to its own channel") {
  Scene scene;
  constexpr probes::ChannelIndex kChannels = 2000;
  std::vector<LoopbackSocket::Received> queries;
  for (probes::ChannelIndex i = 0; i < kChannels; ++i) {
    REQUIRE(scene.ask(i, i * 3) == AskStatus::kSent);
    queries.push_back(scene.server.receive());
  }
  // Backwards, so that no order helps. The last byte says whose it is.
  for (probes::ChannelIndex i = kChannels; i-- > 0;) {
    scene.server.send(Scene::answer_to(queries[i], i % 256).build(), queries[i].from);
  }
  REQUIRE(scene.poll_for(kChannels));
  for (const auto& [learned, detail] : scene.inbox.all) {
    REQUIRE(learned.kind == Kind::kAnswer);
    REQUIRE(learned.sequence == learned.channel * 3);
    REQUIRE(detail->dns->records.at(0).ends_with("192.0.2." + std::to_string(learned.channel % 256)));
  }
  CHECK(scene.transport.socket_drops() == 0);
  for (probes::ChannelIndex i = 0; i < kChannels; ++i) scene.transport.forget(i, i * 3);
  CHECK(scene.transport.questions_under_way() == 0);
}

}  // namespace blipd::engine
