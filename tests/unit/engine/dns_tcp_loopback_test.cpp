#include "daemon/engine/dns_tcp.hpp"

#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/unit/engine/dns_loopback.hpp"

namespace blipd::engine {
namespace {

using Kind = Learned::Kind;
using probes::AnswerKind;
using probes::StampSource;
using test::LoopbackSocket;
using test::RememberingInbox;

test::Message framed(const test::Message& message) {
  test::Message out;
  test::put_u16(out, static_cast<unsigned>(message.size()));
  test::put(out, message);
  return out;
}

struct Scene {
  explicit Scene(std::string_view address = "127.0.0.1") : server(SOCK_STREAM, address) {
    probes::DnsSpec dns;
    dns.query = "example.com";
    dns.transport = probes::DnsTransport::kTcp;
    dns.port = server.port();
    spec.ask = dns;
  }

  AskStatus ask() { return transport.ask({7, 3, server.address(), &spec}, base::SystemClock().read()); }

  // Asks, and gives the query as the server read it. `client` is then the server's end.
  test::Message asked() {
    REQUIRE(::listen(server.fd(), 8) == 0);
    REQUIRE(ask() == AskStatus::kSent);
    REQUIRE(LoopbackSocket::readable(server.fd()));
    client = FileDescriptor(::accept(server.fd(), nullptr, nullptr));
    REQUIRE(test::poll_until(transport, [&] { return LoopbackSocket::readable(client.get(), 0); }));
    test::Message query(512);
    const ssize_t length = ::recv(client.get(), query.data(), query.size(), 0);
    REQUIRE(length > 14);
    query.resize(static_cast<std::size_t>(length));
    REQUIRE(test::id_of(query) == query.size() - 2);  // the length prefix, and all of it in one piece
    query.erase(query.begin(), query.begin() + 2);
    return query;
  }
  static test::DnsAnswerBuilder answer_to(const test::Message& query) {
    test::DnsAnswerBuilder answer;
    answer.id = test::id_of(query);
    answer.answers = {test::dns_address_record("example.com", 1)};
    return answer;
  }
  void send(base::Bytes bytes) const {
    REQUIRE(::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
  }
  Learned only_learned() {
    REQUIRE(test::poll_for_one(transport, inbox));
    CHECK(inbox.all.size() == 1);
    CHECK(transport.connections() == 0);
    return inbox.all.at(0).learned;
  }

  RememberingInbox inbox;
  DnsTcpTransport transport{inbox};
  LoopbackSocket server;
  probes::ProbeSpec spec;
  FileDescriptor client;
};

}  // namespace

TEST_CASE("loopback DNS over TCP: an answer is learned with its facts and a round trip from query to answer") {
  for (const char* address : {"127.0.0.1", "::1"}) {
    INFO(address);
    Scene scene(address);
    const auto query = scene.asked();
    scene.send(framed(Scene::answer_to(query).build()));
    const Learned learned = scene.only_learned();
    CHECK(learned.kind == Kind::kAnswer);
    CHECK(learned.answer == AnswerKind::kDnsMessage);
    CHECK(learned.channel == 7);
    CHECK(learned.sequence == 3);
    CHECK(learned.content != 0);
    CHECK(learned.stamp.source == StampSource::kUserSpace);
    REQUIRE(learned.kernel_rtt);
    CHECK(*learned.kernel_rtt > base::Duration::zero());
    CHECK(*learned.kernel_rtt < std::chrono::seconds(3));
    CHECK(scene.inbox.all[0].detail->dns->records.size() == 1);
  }
}

TEST_CASE("loopback DNS over TCP: the round trip ends with the answer's arrival, not with the tick that reads it") {
  const base::SystemClock clock;
  // The kernel begins to stamp packets a moment after the first socket asks for it (net_enable_timestamp).
  Scene first;
  first.asked();
  ::poll(nullptr, 0, 200);
  Scene scene;
  const base::MonoTime before = clock.read().mono;
  const auto query = scene.asked();
  scene.send(framed(Scene::answer_to(query).build()));
  const base::MonoTime answered = clock.read().mono;
  ::poll(nullptr, 0, 300);  // a tick that comes far too late
  const Learned learned = scene.only_learned();
  REQUIRE(learned.kernel_rtt);
  CHECK(*learned.kernel_rtt < answered - before + std::chrono::milliseconds(150));
}

TEST_CASE("loopback DNS over TCP: an answer in single bytes is put together") {
  Scene scene;
  const auto query = scene.asked();
  const auto bytes = framed(Scene::answer_to(query).build());
  for (const std::byte& byte : bytes) {
    scene.send({&byte, 1});
    scene.transport.poll(base::SystemClock().read());
  }
  CHECK(scene.only_learned().kind == Kind::kAnswer);
}

TEST_CASE("loopback DNS over TCP: the largest answer is read whole") {
  Scene scene;
  const auto query = scene.asked();
  auto answer = Scene::answer_to(query);
  for (int i = 0; i < 4; ++i) answer.answers.push_back(test::dns_text_record("example.com", std::string(16000, 'x')));
  const auto bytes = framed(answer.build());
  REQUIRE(bytes.size() > 64000);
  for (std::size_t at = 0; at < bytes.size(); at += 8000) {
    scene.send(base::Bytes(bytes).subspan(at, std::min<std::size_t>(8000, bytes.size() - at)));
    scene.transport.poll(base::SystemClock().read());
  }
  CHECK(scene.only_learned().kind == Kind::kAnswer);
  CHECK(scene.inbox.all[0].detail->dns->answers == 5);
}

TEST_CASE("loopback DNS over TCP: an answer with another id or question is forged, a broken one malformed") {
  for (int fault = 0; fault < 3; ++fault) {
    INFO(fault);
    Scene scene;
    const auto query = scene.asked();
    auto answer = Scene::answer_to(query);
    if (fault == 0) answer.id = static_cast<std::uint16_t>(answer.id ^ 1U);
    if (fault == 1) answer.name = "example.net";
    auto bytes = answer.build();
    if (fault == 2) bytes.pop_back();
    scene.send(framed(bytes));
    CHECK(scene.only_learned().kind == (fault == 2 ? Kind::kMalformed : Kind::kForged));
  }
}

TEST_CASE("loopback DNS over TCP: a connection that ends without its answer is malformed, however it ends") {
  for (int how = 0; how < 4; ++how) {
    INFO(how);
    Scene scene;
    const auto query = scene.asked();
    const auto bytes = framed(Scene::answer_to(query).build());
    if (how == 1) scene.send(base::Bytes(bytes).first(20));
    if (how == 2) scene.send(test::Message{std::byte{0}, std::byte{3}});
    if (how == 3) {
      const linger reset{1, 0};
      ::setsockopt(scene.client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    if (how != 2) scene.client.reset();
    CHECK(scene.only_learned().kind == Kind::kMalformed);
  }
}

TEST_CASE("loopback DNS over TCP: a refused connection is an answer whose service is not as expected") {
  for (const bool is_expecting : {false, true}) {
    Scene scene;
    if (is_expecting) std::get<probes::DnsSpec>(scene.spec.ask).expect.rcodes = {"NOERROR"};
    REQUIRE(scene.ask() == AskStatus::kSent);
    const Learned learned = scene.only_learned();
    CHECK(learned.kind == Kind::kAnswer);
    CHECK(learned.answer == AnswerKind::kReset);
    CHECK(learned.service == (is_expecting ? probes::Service::kNotAsExpected : probes::Service::kNotJudged));
    CHECK(learned.stamp.source == StampSource::kUserSpace);
  }
}

TEST_CASE("loopback DNS over TCP: a question that is forgotten closes its connection without a word") {
  Scene scene;
  scene.asked();
  CHECK(scene.transport.connections() == 1);
  scene.transport.forget(7, 3);
  scene.transport.forget(7, 4);
  CHECK(scene.transport.connections() == 0);
  char byte = 0;
  REQUIRE(LoopbackSocket::readable(scene.client.get()));
  CHECK(::recv(scene.client.get(), &byte, 1, 0) <= 0);
  test::poll_a_little(scene.transport);
  CHECK(scene.inbox.all.empty());
}

}  // namespace blipd::engine
