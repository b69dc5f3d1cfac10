// /api/v1/events over real connections: who listens, for how long, and what becomes of those who do not take what they
// are told.
#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <vector>

#include "config/web_file.hpp"
#include "daemon/serve/event_streams.hpp"
#include "tests/unit/folder.hpp"
#include "tests/unit/serve/running.hpp"
#include "tests/unit/serve/tls_client.hpp"

using namespace blipd;
using namespace blipd::serve;
using namespace std::chrono_literals;
using sample::Client;
using sample::counter;
using sample::fetch;
using sample::loopback;
using sample::request;
using sample::start;

namespace {

constexpr const char* kOpen = "blipd_http_event_streams";
constexpr const char* kCutOff = "blipd_http_cut_off_event_streams_total";

Client listener(std::uint16_t port, int receive_buffer = 0) {
  Client client(port, receive_buffer);
  client.send(request("/api/v1/events"));
  return client;
}

// A country of many networks whose level is the number of the question, and so is another one each time.
std::shared_ptr<const Published> changing(std::size_t networks, int number) {
  sample::PlanMaker maker;
  const auto country = maker.country("XX", "");
  for (std::size_t i = 0; i < networks; ++i) maker.network(country, "network" + std::to_string(i));
  sample::Draft snapshot = sample::empty_snapshot(std::move(maker.plan));
  snapshot.countries[0].reachable_ratio = 1.0 / number;
  return sample::publish(std::move(snapshot));
}

// More in one message than the buffers of a connection hold for a client who does not read.
RequestPublished many_networks(std::atomic<int>& asked) {
  return [&asked](const auto& done) { done(changing(3000, ++asked)); };
}

// Within five seconds: soon enough to tell what happens at once from what the next comment brings.
bool comes(const std::function<bool()>& claim) {
  const auto end = std::chrono::steady_clock::now() + 5s;
  while (std::chrono::steady_clock::now() < end) {
    if (claim()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

}  // namespace

TEST_CASE("who listens hears at once how it stands, and changes for longer than any time limit") {
  ServerOptions options = loopback();
  options.request_timeout = 100ms;
  options.idle_timeout = 100ms;
  std::atomic<int> number = 1;
  const auto server = start(options, [&](const auto& done) { done(changing(2, number)); });
  Client client = listener(server->port());
  const std::string head = client.receive_until("\r\n\r\n");
  CHECK(head.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(head.find("\r\nContent-Type: text/event-stream\r\n") != std::string::npos);
  CHECK(head.find("\r\nCache-Control: no-store\r\n") != std::string::npos);
  CHECK(head.find("\r\nContent-Length") == std::string::npos);
  CHECK(client.receive_until("\"reachable_ratio\":1.0").find("retry: 2000\n\nevent: status\ndata: {") !=
        std::string::npos);
  Client second = listener(server->port());
  second.receive_until("\"reachable_ratio\":1.0");
  std::this_thread::sleep_for(500ms);
  number = 2;
  client.receive_until("\"reachable_ratio\":0.5");
  second.receive_until("\"reachable_ratio\":0.5");
  CHECK(counter(server->port(), kOpen) == "2");
  CHECK(counter(server->port(), kCutOff) == "0");
}

TEST_CASE("the probing side is asked once a second for all who listen, and not at all for nobody") {
  std::atomic<int> asked = 0;
  ServerOptions options = loopback();
  options.request_verdicts = [&](const auto& done) {
    ++asked;
    done(sample::small());
  };
  const auto server = start(options);
  {
    std::vector<Client> clients;
    for (int i = 0; i < 10; ++i) {
      clients.push_back(listener(server->port()));
      clients.back().receive_until("event: status");
    }
    CHECK(asked == 1);
    REQUIRE(comes([&] { return asked == 2; }));
    std::this_thread::sleep_for(500ms);
    CHECK(asked == 2);
  }
  REQUIRE(comes([&] { return counter(server->port(), kOpen) == "0"; }));
  const int before = asked;
  std::this_thread::sleep_for(1200ms);
  CHECK(asked == before);
}

TEST_CASE("so many may listen and no more, and who hangs up gives his place to the next") {
  const auto server = start(loopback());
  std::vector<Client> clients;
  for (std::size_t i = 0; i < EventStreams::kMostListeners; ++i) {
    clients.push_back(listener(server->port()));
    clients.back().receive_until("event: status");
  }
  const std::string refusal = fetch(server->port(), "/api/v1/events");
  CHECK(refusal.starts_with("HTTP/1.1 503 "));
  CHECK(refusal.find("\r\nRetry-After: 1\r\n") != std::string::npos);
  CHECK(counter(server->port(), "blipd_http_refused_event_streams_total") == "1");
  clients.pop_back();
  REQUIRE(comes([&] { return counter(server->port(), kOpen) == "31"; }));
  listener(server->port()).receive_until("event: status");
}

TEST_CASE("a HEAD of events has the head of a GET and ends, and nothing else may be done to them") {
  const auto server = start(loopback());
  const std::string head = fetch(server->port(), "/api/v1/events", "HEAD");
  CHECK(head.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(head.find("\r\nContent-Type: text/event-stream\r\n") != std::string::npos);
  CHECK(head.find("\r\nTransfer-Encoding: chunked\r\n") != std::string::npos);
  CHECK(head.ends_with("\r\n\r\n"));
  CHECK(counter(server->port(), kOpen) == "0");
  const std::string post = fetch(server->port(), "/api/v1/events", "POST");
  CHECK(post.starts_with("HTTP/1.1 405 "));
  CHECK(post.find("\r\nAllow: GET, HEAD\r\n") != std::string::npos);
}

TEST_CASE("a client of HTTP/1.0 hears the same, without chunks") {
  const auto server = start(loopback());
  Client client(server->port());
  client.send("GET /api/v1/events HTTP/1.0\r\n\r\n");
  CHECK(client.receive_until("\r\n\r\n").find("chunked") == std::string::npos);
  CHECK(client.receive_until("event: status\n") == "retry: 2000\n\nevent: status\n");
}

TEST_CASE("a listener that takes nothing is cut off after its time, and others hear on") {
  ServerOptions options = loopback();
  options.request_timeout = 300ms;
  std::atomic<int> asked = 0;
  const auto server = start(options, many_networks(asked));
  Client good = listener(server->port());
  // On a thread of its own: a listener who paused to look at the other one would be cut off as well, and rightly.
  std::atomic<int> heard = 0;
  const std::jthread hears([&](const std::stop_token& stop) {
    try {
      for (; !stop.stop_requested(); ++heard) good.receive_until("event: status");
    } catch (const std::runtime_error&) {  // cut off: it hears no more
    }
  });
  Client stuck = listener(server->port(), 4096);
  CHECK(stuck.is_reset());
  const int until_then = heard;
  CHECK(comes([&] { return heard > until_then; }));
  CHECK(counter(server->port(), kCutOff) == "1");
  CHECK(counter(server->port(), kOpen) == "1");
}

TEST_CASE("what waits for a slow listener has a bound, however long it may take") {
  ServerOptions options = loopback();
  options.request_timeout = 1h;
  std::atomic<int> asked = 0;
  const auto server = start(options, many_networks(asked));
  Client stuck = listener(server->port(), 4096);
  CHECK(stuck.is_reset());
  CHECK(counter(server->port(), kCutOff) == "1");
}

TEST_CASE("what a listener says is not listened to, and without end it is the end") {
  const auto server = start(loopback());
  Client client = listener(server->port());
  client.receive_until("event: status");
  client.send(request("/metrics"));
  std::this_thread::sleep_for(50ms);
  CHECK(counter(server->port(), kOpen) == "1");
  const std::string much(16384, 'x');
  CHECK(comes([&] { return !client.send(much); }));
  CHECK(comes([&] { return counter(server->port(), kOpen) == "0"; }));
}

TEST_CASE("streams end whole and at once when the server stops") {
  std::vector<Client> clients;
  auto server = start(loopback());
  for (int i = 0; i < 3; ++i) {
    clients.push_back(listener(server->port()));
    clients.back().receive_until("event: status");
  }
  const auto before = std::chrono::steady_clock::now();
  server.reset();
  CHECK(std::chrono::steady_clock::now() - before < 400ms);
  for (Client& client : clients) CHECK(client.receive_all().ends_with("0\r\n\r\n"));
}

TEST_CASE("a reload that changes who may ask ends streams, and one that does not lets them go on") {
  const test::Folder folder;
  const auto web = [&](const char* text) {
    config::Web made;
    made.config_file = folder.write("web.yml", text);
    made.file = config::load_web_file(made.config_file).file;
    REQUIRE(made.file);
    return made;
  };
  const auto server = start(loopback());
  Client client = listener(server->port());
  client.receive_until("event: status");
  server->adopt(config::Web{});
  std::this_thread::sleep_for(100ms);
  CHECK(counter(server->port(), kOpen) == "1");
  server->adopt(web("basic_auth_users: {alice: $2y$04$8zzZJinAkAGE7iLQD.SfyO7Lm/RYv4cMqhG8T73SLVnIUtM5ivOLi}\n"));
  CHECK(client.receive_all().ends_with("0\r\n\r\n"));
  CHECK(fetch(server->port(), "/api/v1/events").starts_with("HTTP/1.1 401 "));
}

TEST_CASE("over TLS as well, who hangs up is gone at once") {
  const test::Folder folder;
  const auto identity = certificates::make_identity({"localhost", -60, 3600, false, nullptr});
  folder.write("cert.pem", identity.certificate_pem());
  folder.write("key.pem", identity.key_pem());
  ServerOptions options = loopback();
  options.web.config_file = folder.write("web.yml", "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n");
  options.web.file = config::load_web_file(options.web.config_file).file;
  REQUIRE(options.web.file);
  const auto server = start(options);
  const auto open = [&] {
    const std::string text = sample::tls_fetch(server->port(), request("/metrics", "GET", "Connection: close\r\n"));
    return sample::read_metrics(sample::body_of(text)).at(kOpen);
  };
  {
    sample::TlsClient client(server->port());
    REQUIRE(client.shake());
    client.send(request("/api/v1/events"));
    CHECK(comes([&] { return open() == "1"; }));
  }
  CHECK(comes([&] { return open() == "0"; }));
}
