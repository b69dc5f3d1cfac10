#include "daemon/engine/tcp_connect.hpp"

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

probes::ProbeSpec spec_for(std::uint16_t port) {
  probes::ProbeSpec spec;
  spec.ask = probes::TcpSpec{port, probes::TcpMode::kConnect};
  return spec;
}

struct Scene {
  explicit Scene(std::string_view address = "127.0.0.1")
      : server(SOCK_STREAM, address), spec(spec_for(server.port())) {}

  AskStatus ask(probes::ChannelIndex channel, probes::Sequence sequence) {
    return transport.ask({channel, sequence, server.address(), &spec}, base::SystemClock().read());
  }

  RememberingInbox inbox;
  TcpConnectTransport transport{inbox};
  LoopbackSocket server;
  probes::ProbeSpec spec;
};

}  // namespace

TEST_CASE("loopback TCP: an open port is connected, with the kernel's round trip, and closed with a reset") {
  for (const char* address : {"127.0.0.1", "::1"}) {
    INFO(address);
    Scene scene(address);
    REQUIRE(::listen(scene.server.fd(), 8) == 0);
    REQUIRE(scene.ask(7, 3) == AskStatus::kSent);
    REQUIRE(test::poll_for_one(scene.transport, scene.inbox));
    const Learned& learned = scene.inbox.all.at(0).learned;
    CHECK(learned.kind == Kind::kAnswer);
    CHECK(learned.answer == AnswerKind::kConnected);
    CHECK(learned.channel == 7);
    CHECK(learned.sequence == 3);
    CHECK(learned.from == scene.server.address());
    CHECK(learned.stamp.source == StampSource::kKernel);
    REQUIRE(learned.kernel_rtt);
    CHECK(*learned.kernel_rtt > base::Duration::zero());
    CHECK(*learned.kernel_rtt < std::chrono::seconds(1));
    CHECK(scene.transport.connections() == 0);
    const FileDescriptor accepted(::accept(scene.server.fd(), nullptr, nullptr));
    REQUIRE(LoopbackSocket::readable(accepted.get()));
    char byte = 0;
    CHECK(::recv(accepted.get(), &byte, 1, 0) == -1);
    CHECK(errno == ECONNRESET);
  }
}

TEST_CASE("loopback TCP: a closed port answers with a reset, timed in user space") {
  for (const char* address : {"127.0.0.1", "::1"}) {
    INFO(address);
    Scene scene(address);
    REQUIRE(scene.ask(7, 3) == AskStatus::kSent);
    REQUIRE(test::poll_for_one(scene.transport, scene.inbox));
    const Learned& learned = scene.inbox.all.at(0).learned;
    CHECK(learned.kind == Kind::kAnswer);
    CHECK(learned.answer == AnswerKind::kReset);
    CHECK(learned.stamp.source == StampSource::kUserSpace);
    REQUIRE(learned.kernel_rtt);
    CHECK(*learned.kernel_rtt > base::Duration::zero());
    CHECK_FALSE(learned.notice);
    CHECK(scene.transport.connections() == 0);
  }
}

TEST_CASE("loopback TCP: what cannot be dialled fails with its reason and leaves nothing behind") {
  Scene scene;
  scene.spec.source = test::loopback_address("192.0.2.1");
  CHECK(scene.ask(7, 3) == AskStatus::kFailed);
  CHECK(errno == EADDRNOTAVAIL);
  scene.spec.source.reset();
  scene.spec.interface = "no-such-if";
  CHECK(scene.ask(7, 3) == AskStatus::kFailed);
  CHECK(errno == ENODEV);
  scene.spec = probes::ProbeSpec{};
  CHECK(scene.ask(7, 3) == AskStatus::kFailed);
  CHECK(errno == EINVAL);
  CHECK(scene.transport.connections() == 0);
}

TEST_CASE("loopback TCP: a source address of another family is not used") {
  Scene scene;
  REQUIRE(::listen(scene.server.fd(), 8) == 0);
  scene.spec.source = test::loopback_address("::1");
  REQUIRE(scene.ask(7, 3) == AskStatus::kSent);
  CHECK(test::poll_for_one(scene.transport, scene.inbox));
}

TEST_CASE("loopback TCP: a connection that is forgotten is abandoned without a word") {
  Scene scene;
  // A full queue of connections leaves further SYNs without an answer.
  REQUIRE(::listen(scene.server.fd(), 0) == 0);
  for (probes::Sequence i = 0; i < 3; ++i) REQUIRE(scene.ask(7, i) == AskStatus::kSent);
  test::poll_a_little(scene.transport);
  REQUIRE(scene.transport.connections() > 0);
  const std::size_t known = scene.inbox.all.size();
  for (probes::Sequence i = 0; i < 3; ++i) scene.transport.forget(7, i);
  scene.transport.forget(7, 99);
  CHECK(scene.transport.connections() == 0);
  test::poll_a_little(scene.transport);
  CHECK(scene.inbox.all.size() == known);
}

TEST_CASE("loopback TCP: a handshake whose SYN had to be sent twice is an answer without a round trip") {
  Scene scene;
  // With a full queue the kernel drops SYNs; once it is emptied, the retransmission after a second is answered.
  REQUIRE(::listen(scene.server.fd(), 0) == 0);
  constexpr probes::Sequence kAsked = 4;
  for (probes::Sequence i = 0; i < kAsked; ++i) REQUIRE(scene.ask(7, i) == AskStatus::kSent);
  test::poll_a_little(scene.transport);
  const std::size_t at_once = scene.inbox.all.size();
  REQUIRE(at_once < kAsked);
  std::vector<FileDescriptor> accepted;
  REQUIRE(test::poll_until(scene.transport, [&] {
    if (LoopbackSocket::readable(scene.server.fd(), 0)) {
      accepted.emplace_back(::accept(scene.server.fd(), nullptr, nullptr));
    }
    return scene.inbox.all.size() == kAsked;
  }));
  for (std::size_t i = 0; i < kAsked; ++i) {
    const Learned& learned = scene.inbox.all[i].learned;
    INFO(i);
    CHECK(learned.answer == AnswerKind::kConnected);
    CHECK(learned.kernel_rtt.has_value() == (i < at_once));
    CHECK((learned.stamp.source == StampSource::kKernel) == (i < at_once));
  }
}

TEST_CASE("loopback TCP: hundreds at once are each told apart") {
  Scene open;
  REQUIRE(::listen(open.server.fd(), 512) == 0);
  const Scene closed;
  for (probes::ChannelIndex i = 0; i < 300; ++i) {
    const bool is_open = i % 3 != 0;
    const probes::ProbeSpec spec = spec_for(is_open ? open.server.port() : closed.server.port());
    REQUIRE(open.transport.ask({i, i + 1, open.server.address(), &spec}, base::SystemClock().read()) ==
            AskStatus::kSent);
  }
  REQUIRE(test::poll_until(open.transport, [&] { return open.inbox.all.size() >= 300; }));
  for (const auto& one : open.inbox.all) {
    CHECK(one.learned.sequence == one.learned.channel + 1);
    CHECK(one.learned.answer == (one.learned.channel % 3 != 0 ? AnswerKind::kConnected : AnswerKind::kReset));
  }
  CHECK(open.transport.connections() == 0);
}

}  // namespace blipd::engine
