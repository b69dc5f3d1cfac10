#include "daemon/serve/server.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <thread>

#include "tests/unit/serve/running.hpp"

using namespace blipd;
using namespace blipd::serve;
using namespace std::chrono_literals;
using sample::always;
using sample::body_of;
using sample::Client;
using sample::fetch;
using sample::large;
using sample::loopback;
using sample::request;
using sample::start;

TEST_CASE("the metrics are served in chunks that are whole") {
  const auto server = start(loopback());
  const std::string answer = fetch(server->port(), "/metrics");
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(answer.find("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n") != std::string::npos);
  CHECK(sample::read_metrics(body_of(answer)).families.contains("blipd_probes_sent_total"));
}

TEST_CASE("a client of HTTP/1.0 gets the same text, ended by closing") {
  const auto server = start(loopback());
  Client client(server->port());
  client.send("GET /metrics HTTP/1.0\r\n\r\n");
  const std::string answer = client.receive_all();
  CHECK(answer.find("Transfer-Encoding") == std::string::npos);
  CHECK(answer.find("\r\nConnection: close\r\n") != std::string::npos);
  CHECK(sample::read_metrics(body_of(answer)).families.contains("blipd_probes_sent_total"));
}

TEST_CASE("a HEAD gets the same head and no body") {
  const auto server = start(loopback());
  const std::string page = fetch(server->port(), "/", "HEAD");
  CHECK(page.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(page.ends_with("\r\n\r\n"));
  CHECK(page.find("\r\nContent-Length: 0\r\n") == std::string::npos);
  CHECK(fetch(server->port(), "/metrics", "HEAD").ends_with("\r\n\r\n"));
}

TEST_CASE("wrong paths and methods are refused with what would be right") {
  const auto server = start(loopback());
  CHECK(fetch(server->port(), "/nothing").starts_with("HTTP/1.1 404 Not Found\r\n"));
  const std::string answer = fetch(server->port(), "/metrics", "DELETE");
  CHECK(answer.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
  CHECK(answer.find("\r\nAllow: GET, HEAD\r\n") != std::string::npos);
}

TEST_CASE("readiness goes from 503 to 200 once the first round has settled") {
  auto value = std::make_shared<Published>(*sample::small());
  value->health.is_first_round_settled = false;
  {
    const auto server = start(loopback(), always(value));
    CHECK(fetch(server->port(), "/-/ready").starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    CHECK(fetch(server->port(), "/-/healthy").starts_with("HTTP/1.1 200 OK\r\n"));
  }
  const auto server = start(loopback());
  CHECK(fetch(server->port(), "/-/ready").starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("requests on one connection are answered one after the other") {
  const auto server = start(loopback());
  Client client(server->port());
  for (int i = 0; i < 3; ++i) {
    client.send(request("/-/healthy"));
    CHECK(client.receive_until("\r\n\r\n").starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(client.receive_until("healthy\n") == "healthy\n");
  }
}

TEST_CASE("requests sent all at once are answered in their order") {
  const auto server = start(loopback());
  Client client(server->port());
  client.send(request("/-/healthy") + request("/nothing") + request("/metrics") + request("/-/ready") +
              request("/-/healthy", "GET", "Connection: close\r\n"));
  const std::string all = client.receive_all();
  const std::size_t first = all.find("HTTP/1.1 200 OK");
  const std::size_t second = all.find("HTTP/1.1 404 Not Found");
  const std::size_t third = all.find("Transfer-Encoding: chunked");
  const std::size_t fourth = all.find("\r\n\r\nready\n");
  const std::size_t last = all.rfind("\r\n\r\nhealthy\n");
  CHECK(first == 0);
  CHECK((first < second && second < third && third < fourth && fourth < last && last != std::string::npos));
}

TEST_CASE("who closes his half after asking gets the answer all the same") {
  const auto server = start(loopback());
  Client client(server->port());
  client.send(request("/metrics"));
  client.half_close();
  CHECK(sample::read_metrics(body_of(client.receive_all())).families.size() > 10);
}

TEST_CASE("only what shows channels asks for them") {
  std::atomic<int> with_channels = 0;
  std::atomic<int> without = 0;
  ServerOptions options = loopback();
  options.request_verdicts = [&](const auto& done) {
    ++without;
    done(sample::small());
  };
  const auto server = start(options, [&](const auto& done) {
    ++with_channels;
    done(sample::small());
  });
  for (const char* path : {"/", "/-/ready", "/api/v1/outages"}) {
    CHECK(fetch(server->port(), path).starts_with("HTTP/1.1 200 "));
  }
  CHECK(with_channels == 0);
  CHECK(without >= 1);
  for (const char* path : {"/metrics", "/api/v1/status", "/api/v1/targets"}) {
    CHECK(fetch(server->port(), path).starts_with("HTTP/1.1 200 "));
  }
  CHECK(with_channels >= 1);
}

TEST_CASE("scrapes at one time ask the probing side once") {
  std::atomic<int> questions = 0;
  std::mutex mutex;
  std::function<void(std::shared_ptr<const Published>)> pending;
  const auto server = start(loopback(), [&](PublishedWish done) {
    const std::lock_guard lock(mutex);
    ++questions;
    pending = std::move(done);
  });
  Client one(server->port());
  Client two(server->port());
  one.send(request("/-/ready", "GET", "Connection: close\r\n"));
  two.send(request("/-/ready", "GET", "Connection: close\r\n"));
  std::thread answerer([&] {
    for (int i = 0; i < 200; ++i) {
      std::this_thread::sleep_for(5ms);
      const std::lock_guard lock(mutex);
      if (i >= 20 && pending) {
        pending(sample::small());
        pending = nullptr;
        return;
      }
    }
  });
  CHECK(one.receive_all().starts_with("HTTP/1.1 200 "));
  CHECK(two.receive_all().starts_with("HTTP/1.1 200 "));
  answerer.join();
  CHECK(questions == 1);
}

TEST_CASE("a probing side that says nothing costs a second, and then it is 503") {
  const auto server = start(loopback(), [](auto done) { (void)std::move(done); });  // dropped: known at once
  CHECK(fetch(server->port(), "/metrics").starts_with("HTTP/1.1 503 "));
  std::function<void(std::shared_ptr<const Published>)> kept;
  std::mutex mutex;
  {
    const auto silent = start(loopback(), [&](auto done) {
      const std::lock_guard lock(mutex);
      kept = std::move(done);
    });
    CHECK(fetch(silent->port(), "/metrics").starts_with("HTTP/1.1 503 "));
  }
  kept(sample::small());  // too late: the server is gone, and nothing happens
}

TEST_CASE("the server stops within a second, whatever its clients are doing") {
  auto server = start(loopback(), always(large()));
  const std::uint16_t port = server->port();
  Client idle(port);
  Client half(port);
  half.send("GET /metrics HT");
  Client stuck(port, 4096);
  stuck.send(request("/metrics"));
  fetch(port, "/-/healthy");  // the others have been accepted
  const auto before = std::chrono::steady_clock::now();
  server.reset();
  CHECK(std::chrono::steady_clock::now() - before < 1s);
  CHECK(idle.is_closed());
  CHECK(half.is_closed());
  CHECK_THROWS(Client(port));
}

TEST_CASE("an answer that is being made is finished when the server stops") {
  std::function<void(std::shared_ptr<const Published>)> pending;
  std::mutex mutex;
  std::atomic<bool> is_asked = false;
  auto server = start(loopback(), [&](auto done) {
    const std::lock_guard lock(mutex);
    pending = std::move(done);
    is_asked = true;
  });
  Client client(server->port());
  client.send(request("/metrics"));
  for (int i = 0; i < 500 && !is_asked; ++i) std::this_thread::sleep_for(5ms);
  REQUIRE(is_asked);
  std::thread stop([&] { server.reset(); });
  {
    const std::lock_guard lock(mutex);
    pending(sample::small());
  }
  const std::string answer = client.receive_all();
  stop.join();
  CHECK(sample::read_metrics(body_of(answer)).families.contains("blipd_probes_sent_total"));
}

TEST_CASE("a taken port is said with what to do") {
  const auto first = start(loopback());
  ServerOptions options;
  options.listen = "127.0.0.1:" + std::to_string(first->port());
  const auto second = Server::start(options, always(sample::small()));
  REQUIRE(!second);
  CHECK(second.error().text == "cannot listen on " + options.listen +
                                   ": address already in use; another blipd may be running: choose another address "
                                   "with listen:");
}

TEST_CASE("an address that is not ours is said with what to do") {
  ServerOptions options;
  options.listen = "192.0.2.1:0";
  const auto server = Server::start(options, always(sample::small()));
  REQUIRE(!server);
  CHECK(server.error().text ==
        "cannot listen on 192.0.2.1:0: cannot assign requested address; no interface has this address: choose another "
        "one with listen:");
}

TEST_CASE("a socket that was handed over is served, and one that does not listen is refused") {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  ServerOptions options;
  options.listen = "nonsense";
  options.inherited_socket = descriptor;
  const auto refused = Server::start(options, always(sample::small()));
  REQUIRE(!refused);
  CHECK(refused.error().text.find("is not a listening TCP socket") != std::string::npos);
  REQUIRE(::listen(descriptor, 8) == 0);
  const auto server = start(options);
  CHECK(fetch(server->port(), "/-/healthy").starts_with("HTTP/1.1 200 "));
}
