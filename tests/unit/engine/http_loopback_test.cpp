// HTTP in the clear against servers of the test's own on loopback. TLS is tests/integration/test_http.py's, against
// nginx.
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <string>

#include "daemon/engine/http.hpp"
#include "tests/unit/engine/dns_loopback.hpp"

namespace blipd::engine {
namespace {

using Kind = Learned::Kind;
using probes::AnswerKind;
using probes::HttpEnd;
using probes::HttpPhase;
using probes::Service;
using probes::StampSource;
using std::chrono::milliseconds;
using test::LoopbackSocket;
using test::RememberingInbox;

// A server that the test drives step by step: nothing happens behind its back.
struct Scene {
  explicit Scene(std::string_view address = "127.0.0.1") : server(SOCK_STREAM, address) {
    REQUIRE(::listen(server.fd(), 8) == 0);
    http().port = server.port();
    spec.timeout = std::chrono::seconds(5);
  }

  probes::HttpSpec& http() {
    if (!std::holds_alternative<probes::HttpSpec>(spec.ask)) spec.ask = probes::HttpSpec{};
    return std::get<probes::HttpSpec>(spec.ask);
  }

  void ask() {
    REQUIRE(transport.ask({7, 3, server.address(), &spec}, base::SystemClock().read()) == AskStatus::kSent);
  }

  // Until the request is there; what it says.
  std::string take_request(const LoopbackSocket& listening) {
    std::string request;
    const auto is_here = [&] {
      if (!client.is_open()) client = FileDescriptor(::accept4(listening.fd(), nullptr, nullptr, SOCK_NONBLOCK));
      if (!client.is_open()) return false;
      std::array<char, 4096> buffer{};
      const ssize_t count = ::recv(client.get(), buffer.data(), buffer.size(), 0);
      if (count > 0) request.append(buffer.data(), static_cast<std::size_t>(count));
      return request.ends_with("\r\n\r\n");
    };
    ::fcntl(listening.fd(), F_SETFL, O_NONBLOCK);
    REQUIRE(test::poll_until(transport, is_here));
    return request;
  }
  std::string take_request() { return take_request(server); }

  void say(std::string_view text) const {
    REQUIRE(::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
  }
  void reset() {
    const linger now{1, 0};
    ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    client.reset();
  }

  const test::Remembered& outcome() {
    REQUIRE(test::poll_for_one(transport, inbox));
    CHECK(inbox.all.size() == 1);
    CHECK(transport.connections() == 0);
    REQUIRE(inbox.all[0].detail);
    REQUIRE(inbox.all[0].detail->http);
    return inbox.all[0];
  }
  const probes::HttpFacts& facts() { return *outcome().detail->http; }

  RememberingInbox inbox;
  HttpTransport transport{inbox, [](probes::ChannelIndex) { return std::string("target.example"); }};
  LoopbackSocket server;
  FileDescriptor client;
  probes::ProbeSpec spec;
};

}  // namespace

TEST_CASE("loopback HTTP: a whole answer, with the round trip of the handshake, its phases and its status") {
  for (const char* address : {"127.0.0.1", "::1"}) {
    INFO(address);
    Scene scene(address);
    scene.http().path = "/a?b=c";
    scene.ask();
    const std::string request = scene.take_request();
    CHECK(request.starts_with("GET /a?b=c HTTP/1.1\r\nHost: target.example:"));
    CHECK(request.find("\r\nUser-Agent: blipd\r\n") != std::string::npos);
    CHECK(request.find("\r\nConnection: close\r\n") != std::string::npos);
    CHECK(request.find("Accept-Encoding") == std::string::npos);
    scene.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    const Learned& learned = scene.outcome().learned;
    CHECK(learned.kind == Kind::kAnswer);
    CHECK(learned.answer == AnswerKind::kHttp);
    CHECK(learned.channel == 7);
    CHECK(learned.sequence == 3);
    CHECK(learned.from == scene.server.address());
    CHECK(learned.service == Service::kAsExpected);
    CHECK(learned.stamp.source == StampSource::kKernel);
    REQUIRE(learned.kernel_rtt);
    CHECK(*learned.kernel_rtt < std::chrono::seconds(1));
    const probes::HttpFacts& facts = scene.facts();
    CHECK(facts.end == HttpEnd::kWhole);
    CHECK(facts.status == 200);
    CHECK(facts.version == "1.1");
    CHECK(facts.body_bytes == 5);
    CHECK(facts.announced_bytes == 5U);
    CHECK_FALSE(facts.is_cut);
    CHECK(facts.unmet.empty());
    CHECK(facts.phases[0] == learned.kernel_rtt);
    CHECK_FALSE(facts.phases[1]);
    REQUIRE(facts.phases[2]);
    REQUIRE(facts.phases[3]);
    REQUIRE(facts.whole);
    CHECK(*facts.phases[2] + *facts.phases[3] <= *facts.whole);
  }
}

TEST_CASE("loopback HTTP: our end of the connection is closed with a reset") {
  Scene scene;
  scene.ask();
  scene.take_request();
  scene.say("HTTP/1.0 204 No Content\r\n\r\n");
  CHECK(scene.facts().version == "1.0");
  char byte = 0;
  REQUIRE(LoopbackSocket::readable(scene.client.get()));
  CHECK(::recv(scene.client.get(), &byte, 1, 0) == -1);
  CHECK(errno == ECONNRESET);
}

TEST_CASE("loopback HTTP: a refused connection is an answer, and never as expected") {
  Scene scene;
  scene.server.close();
  scene.ask();
  const Learned& learned = scene.outcome().learned;
  CHECK(learned.kind == Kind::kAnswer);
  CHECK(learned.answer == AnswerKind::kReset);
  CHECK(learned.service == Service::kNotAsExpected);
  CHECK(scene.facts().end == HttpEnd::kRefused);
  CHECK(scene.facts().unmet == "the connection was refused");
}

TEST_CASE("loopback HTTP: silence after the handshake is told at the timeout, as a host that is there") {
  Scene scene;
  scene.spec.timeout = milliseconds(100);
  const auto asked = std::chrono::steady_clock::now();
  scene.ask();
  scene.take_request();
  const Learned& learned = scene.outcome().learned;
  CHECK(std::chrono::steady_clock::now() - asked >= milliseconds(100));
  CHECK(learned.kind == Kind::kAnswer);
  CHECK(learned.answer == AnswerKind::kConnected);
  CHECK(learned.kernel_rtt);
  CHECK(learned.service == Service::kNotAsExpected);
  CHECK(scene.facts().end == HttpEnd::kSilent);
  CHECK(scene.facts().phase == HttpPhase::kFirstByte);
  CHECK(scene.facts().unmet == "nothing more within 100ms, before the first byte of the answer");
}

TEST_CASE("loopback HTTP: a reset in mid-body is told from an early close and from silence") {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 8192\r\n\r\n" + std::string(1024, 'x');
  enum class How { kReset, kClose, kSilence };
  for (const How how : {How::kReset, How::kClose, How::kSilence}) {
    Scene scene;
    if (how == How::kSilence) scene.spec.timeout = milliseconds(300);
    scene.ask();
    scene.take_request();
    scene.say(head);
    test::poll_a_little(scene.transport);
    if (how == How::kReset) scene.reset();
    if (how == How::kClose) scene.client.reset();
    CHECK(scene.outcome().learned.answer == AnswerKind::kConnected);
    CHECK(scene.outcome().learned.service == Service::kNotAsExpected);
    const char* const expected = how == How::kReset   ? "reset while the body was read, after 1,024 of 8,192 bytes"
                                 : how == How::kClose ? "closed while the body was read, after 1,024 of 8,192 bytes"
                                                      : "nothing more within 300ms, while the body was read, after "
                                                        "1,024 of 8,192 bytes";
    CHECK(scene.facts().unmet == expected);
    CHECK(scene.facts().status == 200);
  }
}

TEST_CASE("loopback HTTP: a reset in the place of an answer says so") {
  Scene scene;
  scene.ask();
  scene.take_request();
  scene.reset();
  CHECK(scene.facts().unmet == "reset before the first byte of the answer");
}

TEST_CASE("loopback HTTP: of a body no more is read than its limit, exactly") {
  for (const std::size_t size : {std::size_t{99}, std::size_t{100}, std::size_t{101}}) {
    INFO(size);
    Scene scene;
    scene.http().body_limit = 100;
    scene.http().expect.body_matches = {"x"};
    scene.ask();
    scene.take_request();
    scene.say("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + std::string(size, 'x'));
    CHECK(scene.outcome().learned.answer == AnswerKind::kHttp);
    CHECK(scene.outcome().learned.service == Service::kAsExpected);
    CHECK(scene.facts().body_bytes == std::min<std::size_t>(size, 100));
    CHECK(scene.facts().is_cut == (size > 100));
  }
}

TEST_CASE("loopback HTTP: an answer to HEAD has no body to wait for") {
  Scene scene;
  scene.http().method = probes::HttpMethod::kHead;
  scene.ask();
  CHECK(scene.take_request().starts_with("HEAD / HTTP/1.1\r\n"));
  scene.say("HTTP/1.1 200 OK\r\nContent-Length: 8192\r\n\r\n");
  CHECK(scene.facts().end == HttpEnd::kWhole);
  CHECK(scene.facts().body_bytes == 0);
}

TEST_CASE("loopback HTTP: what is no HTTP is told, whatever it is") {
  for (const std::string& noise : {std::string("SSH-2.0-OpenSSH_9.2\r\n"), std::string(64, '\0'),
                                   "HTTP/1.1 200 OK\r\nA: " + std::string(70000, 'a') + "\r\n\r\n"}) {
    Scene scene;
    scene.ask();
    scene.take_request();
    ::send(scene.client.get(), noise.data(), noise.size(), MSG_NOSIGNAL);
    test::poll_a_little(scene.transport);
    scene.client.reset();
    CHECK(scene.outcome().learned.answer == AnswerKind::kConnected);
    CHECK(scene.facts().end == HttpEnd::kMalformed);
    CHECK(scene.facts().unmet.starts_with("no HTTP "));
  }
}

TEST_CASE("loopback HTTP: a redirect elsewhere is told and not followed") {
  Scene scene;
  scene.http().redirects = 5;
  scene.ask();
  scene.take_request();
  scene.say("HTTP/1.1 302 Found\r\nLocation: http://other.example/x\r\nContent-Length: 0\r\n\r\n");
  CHECK(scene.outcome().learned.answer == AnswerKind::kHttp);
  CHECK(scene.facts().status == 302);
  CHECK(scene.facts().location == "http://other.example/x");
  CHECK(scene.facts().followed == 0);
}

TEST_CASE("loopback HTTP: a redirect on the same host is followed to another port, but not without leave") {
  for (const std::uint8_t leave : {std::uint8_t{0}, std::uint8_t{1}}) {
    Scene scene;
    LoopbackSocket second(SOCK_STREAM, "127.0.0.1");
    REQUIRE(::listen(second.fd(), 8) == 0);
    scene.http().redirects = leave;
    scene.ask();
    scene.take_request();
    const std::string there = "http://TARGET.example:" + std::to_string(second.port()) + "/there?now";
    scene.say("HTTP/1.1 301 Moved\r\nLocation: " + there + "\r\nContent-Length: 0\r\n\r\n");
    if (leave == 0) {
      CHECK(scene.facts().status == 301);
      CHECK(scene.facts().location.find("/there?now") != std::string::npos);
      continue;
    }
    test::poll_a_little(scene.transport);
    scene.client.reset();
    CHECK(scene.take_request(second).starts_with("GET /there?now HTTP/1.1\r\n"));
    scene.say("HTTP/1.1 301 Moved\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
    CHECK(scene.facts().followed == 1);
    CHECK(scene.facts().location.ends_with("/again"));
    CHECK(scene.facts().end == HttpEnd::kWhole);
  }
}

TEST_CASE("loopback HTTP: a redirect to a closed port of the same host leaves the host reachable") {
  Scene scene;
  LoopbackSocket second(SOCK_STREAM, "127.0.0.1");
  scene.http().redirects = 1;
  scene.ask();
  scene.take_request();
  scene.say("HTTP/1.1 301 Moved\r\nLocation: http://target.example:" + std::to_string(second.port()) +
            "/\r\nContent-Length: 0\r\n\r\n");
  CHECK(scene.outcome().learned.kind == Kind::kAnswer);
  CHECK(scene.outcome().learned.answer == AnswerKind::kConnected);
  CHECK(scene.outcome().learned.kernel_rtt);
  CHECK(scene.facts().end == HttpEnd::kRefused);
}

TEST_CASE("loopback HTTP: a redirect for which we have no socket left is our own fault, and nothing is judged") {
  // No new descriptor from here on.
  struct NoDescriptors {
    NoDescriptors() {
      ::getrlimit(RLIMIT_NOFILE, &before);
      const rlimit none{1, before.rlim_max};
      ::setrlimit(RLIMIT_NOFILE, &none);
    }
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before); }
    rlimit before{};
  };
  Scene scene;
  scene.http().redirects = 1;
  scene.http().expect.statuses = {"200"};
  scene.ask();
  scene.take_request();
  scene.say("HTTP/1.1 301 Moved\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n");
  const NoDescriptors none;
  CHECK(scene.outcome().learned.kind == Kind::kAnswer);  // the first handshake stood
  CHECK(scene.outcome().learned.service == Service::kNotJudged);
  CHECK(scene.facts().end == HttpEnd::kOverrun);
  CHECK(scene.facts().unmet.empty());
}

TEST_CASE("loopback HTTP: a forgotten exchange is over, and tells nothing") {
  Scene scene;
  scene.ask();
  scene.take_request();
  CHECK(scene.transport.connections() == 1);
  scene.transport.forget(7, 3);
  CHECK(scene.transport.connections() == 0);
  test::poll_a_little(scene.transport);
  CHECK(scene.inbox.all.empty());
}

TEST_CASE("loopback HTTP: a proxy in the environment is nobody") {
  ::setenv("http_proxy", "http://127.0.0.1:9", 1);
  Scene scene;
  scene.ask();
  scene.take_request();
  scene.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  CHECK(scene.facts().status == 200);
  ::unsetenv("http_proxy");
}

TEST_CASE("a URL is taken apart only when it is one that may be asked") {
  const auto https = parse_url("https://A.example/x/../y?z#w");
  REQUIRE(https);
  CHECK(https->is_tls);
  CHECK(https->port == 443);
  CHECK(https->path == "/x/../y?z");
  const auto literal = parse_url("http://[2001:db8::1]:8080");
  REQUIRE(literal);
  CHECK(literal->host == "2001:db8::1");
  CHECK(literal->port == 8080);
  CHECK(literal->url() == "http://[2001:db8::1]:8080/");
  for (const char* bad :
       {"", "ftp://a/", "file:///etc/passwd", "http://user:secret@a/", "gopher://a", "http://", "//a/"}) {
    INFO(bad);
    CHECK_FALSE(parse_url(bad));
  }
}

}  // namespace blipd::engine
