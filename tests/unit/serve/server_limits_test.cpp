// What slow, greedy, broken and too many clients do to the server, and to each other: as little as can be.
#include <fcntl.h>
#include <sys/resource.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "tests/unit/serve/running.hpp"

using namespace blipd;
using namespace blipd::serve;
using namespace std::chrono_literals;
using sample::always;
using sample::body_of;
using sample::Client;
using sample::counter;
using sample::fetch;
using sample::large;
using sample::loopback;
using sample::request;
using sample::start;

TEST_CASE("a body is ignored while it is small, and refused when it is not") {
  const auto server = start(loopback());
  Client small(server->port());
  small.send(request("/-/healthy", "GET", "Content-Length: 5\r\n") + "hello" +
             request("/-/healthy", "GET", "Connection: close\r\n"));
  const std::string answer = small.receive_all();
  CHECK(answer.find("healthy\n") != answer.rfind("healthy\n"));
  Client big(server->port());
  big.send(request("/-/healthy", "GET", "Content-Length: 100000\r\n"));
  CHECK(big.receive_all().starts_with("HTTP/1.1 413 "));
}

TEST_CASE("a header that is too large is refused with 431") {
  ServerOptions options = loopback();
  options.max_header_bytes = 1024;
  const auto server = start(options);
  Client client(server->port());
  client.send(request("/metrics", "GET", "X: " + std::string(2000, 'x') + "\r\n"));
  CHECK(client.receive_all().starts_with("HTTP/1.1 431 "));
  Client endless(server->port());
  endless.send("GET /" + std::string(2000, 'x'));
  CHECK(endless.receive_all().starts_with("HTTP/1.1 431 "));
  Client fitting(server->port());
  fitting.send(request("/-/healthy", "GET", "Connection: close\r\nX: " + std::string(900, 'x') + "\r\n"));
  CHECK(fitting.receive_all().starts_with("HTTP/1.1 200 "));
}

TEST_CASE("what is not HTTP is refused with 400 or closed, and harms nobody") {
  const auto server = start(loopback());
  const std::vector<std::string> garbage = {
      "\r\n\r\n",
      std::string("\0\0\0\0\xFF\xFE\r\n\r\n", 10),
      std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03 a TLS hello", 23),
      "GET\r\n\r\n",
      "GET /metrics\r\n\r\n",
      "GET /me trics HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /metrics HTTP/1.1\r\nHost x\r\n\r\n",
      "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
      "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
      "GET /metrics HTTP/1.1\r\n\r\n",
      "GET /metrics HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
  };
  for (const std::string& text : garbage) {
    INFO(text);
    Client client(server->port());
    client.send(text);
    client.half_close();
    const std::string answer = client.receive_all();
    const std::string status = answer.substr(0, 13);
    CHECK((status.empty() || status == "HTTP/1.1 400 " || status == "HTTP/1.1 505 "));
  }
  Client future(server->port());
  future.send("GET /metrics HTTP/2.0\r\nHost: x\r\n\r\n");
  CHECK(future.receive_all().starts_with("HTTP/1.1 505 "));
  CHECK(fetch(server->port(), "/-/healthy").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("a request that trickles in is cut off with 408 after its time, however busily it trickles") {
  ServerOptions options = loopback();
  options.request_timeout = 300ms;
  const auto server = start(options);
  Client client(server->port());
  client.send("GET /metrics HTTP/1.1\r\n");
  std::atomic<bool> is_done = false;
  std::thread trickle([&] {
    for (int i = 0; i < 200 && !is_done; ++i) {
      client.send("X: y\r\n");
      std::this_thread::sleep_for(10ms);
    }
  });
  const std::string answer = client.receive_until("\r\n");
  is_done = true;
  trickle.join();
  CHECK(answer == "HTTP/1.1 408 Request Timeout\r\n");
  CHECK(counter(server->port(), "blipd_http_cut_off_connections_total") == "1");
}

TEST_CASE("who connects and says nothing, or falls silent, is closed after his time") {
  ServerOptions options = loopback();
  options.request_timeout = 200ms;
  options.idle_timeout = 200ms;
  const auto server = start(options);
  Client silent(server->port());
  CHECK(silent.is_closed());
  Client once(server->port());
  once.send(request("/-/healthy"));
  once.receive_until("healthy\n");
  CHECK(once.is_closed());
}

TEST_CASE("a reader that never reads is cut off, and others are served meanwhile") {
  ServerOptions options = loopback();
  options.request_timeout = 500ms;
  bool is_first = true;  // only the server's thread asks
  const auto server =
      start(options, [&](const auto& done) { done(std::exchange(is_first, false) ? large() : sample::small()); });
  Client stuck(server->port(), 4096);
  stuck.send(request("/metrics"));
  CHECK(fetch(server->port(), "/-/healthy").starts_with("HTTP/1.1 200 "));
  CHECK(stuck.is_reset());
  CHECK(counter(server->port(), "blipd_http_cut_off_connections_total") == "1");
}

TEST_CASE("many scrapes at one time all get the whole text") {
  const auto server = start(loopback(), always(large()));
  std::vector<std::thread> threads;
  std::vector<std::string> bodies(8);
  for (std::string& body : bodies) threads.emplace_back([&] { body = body_of(fetch(server->port(), "/metrics")); });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& body : bodies) {
    const std::string last = R"(blipd_target_info{country="XX",network="net",target="t299",host="h"} 1)";
    CHECK(body.starts_with("# HELP "));
    CHECK(body.ends_with(last + "\n"));
  }
  CHECK(sample::read_metrics(bodies[0]).families.at("blipd_probes_sent_total").series.size() == 300);
}

TEST_CASE("a thousand idle connections leave the limit in force, and room again once they are gone") {
  ServerOptions options = loopback();
  options.max_connections = 16;
  const auto server = start(options);
  {
    std::vector<Client> idle;
    for (int i = 0; i < 1000; ++i) idle.emplace_back(server->port());
    const std::string answer = fetch(server->port(), "/-/healthy");
    CHECK(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    CHECK(answer.find("\r\nRetry-After: 1\r\n") != std::string::npos);
    idle[0].send(request("/-/healthy"));  // was there first, so it is served
    CHECK(idle[0].receive_until("\r\n") == "HTTP/1.1 200 OK\r\n");
  }
  std::string answer;
  for (int i = 0; i < 100 && !answer.starts_with("HTTP/1.1 200 "); ++i) {
    answer = fetch(server->port(), "/-/healthy");
    std::this_thread::sleep_for(10ms);
  }
  CHECK(answer.starts_with("HTTP/1.1 200 "));
}

TEST_CASE("with a full descriptor table the server waits, counts and serves again, without spinning") {
  const auto server = start(loopback());
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  Client early(server->port());
  early.send(request("/-/healthy"));
  early.receive_until("healthy\n");

  // A socket of ours is open before the table is full, so that only the server's accept() is refused.
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(descriptor >= 0);
  const int next = ::fcntl(descriptor, F_DUPFD, 0);
  REQUIRE(next >= 0);
  ::close(next);
  rlimit full = before;
  full.rlim_cur = static_cast<rlim_t>(next);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &full) == 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int connected = ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  std::this_thread::sleep_for(350ms);
  early.send(request("/metrics"));  // open connections are served all the same
  const std::string metrics = early.receive_until("\r\n0\r\n\r\n");
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK(connected == 0);
  const auto body = sample::read_metrics(body_of(metrics));
  const int errors = std::stoi(body.at("blipd_http_accept_errors_total"));
  CHECK(errors >= 2);
  CHECK(errors <= 6);  // one each 100 ms
  ::close(descriptor);
  CHECK(fetch(server->port(), "/-/healthy").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("of the values that slow readers keep in memory only the newest four are kept") {
  std::atomic<int> asked = 0;
  const auto server = start(loopback(), [&](const auto& done) {  // a new value each time, each a second younger
    auto published = *large();
    auto snapshot = *published.snapshot;
    snapshot.taken += std::chrono::seconds(++asked);
    published.snapshot = std::make_shared<const pipeline::Snapshot>(std::move(snapshot));
    done(std::make_shared<const Published>(std::move(published)));
  });
  std::vector<Client> readers;
  for (int i = 0; i < 5; ++i) {
    readers.emplace_back(server->port(), 4096);
    readers.back().send(request("/metrics"));
    readers.back().receive_until("\r\n\r\n");
    std::this_thread::sleep_for(260ms);  // past the age at which a value is given again
  }
  CHECK(asked == 5);
  CHECK(readers[0].is_reset());
  CHECK(!readers[1].is_reset(0));
  CHECK(!readers[4].is_reset(0));
}
