// Streams of events against a server that has a lot to tell.
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "tests/unit/serve/running.hpp"

using namespace blipd;
using namespace blipd::serve;
using namespace std::chrono_literals;

namespace {

constexpr const char* kAsk = "GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n";

// Half a megabyte that is another each time.
RequestPublished restless() {
  sample::PlanMaker maker;
  const auto country = maker.country("XX", "");
  for (int i = 0; i < 4000; ++i) maker.network(country, "network-" + std::to_string(i));
  const auto snapshot = std::make_shared<const sample::Draft>(sample::empty_snapshot(std::move(maker.plan)));
  const auto asked = std::make_shared<std::atomic<int>>(0);
  return [snapshot, asked](const std::function<void(std::shared_ptr<const Published>)>& done) {
    sample::Draft next = *snapshot;
    next.countries[0].reachable_ratio = 1.0 / ++*asked;
    done(sample::publish(std::move(next)));
  };
}

}  // namespace

TEST_CASE("who takes events too slowly is let go, and the others hear on") {
  const auto server = sample::start(sample::loopback(), restless());
  sample::Client slow(server->port(), 4096);
  sample::Client quick(server->port());
  REQUIRE(slow.send(kAsk));
  REQUIRE(quick.send(kAsk));
  CHECK(quick.receive_until("retry: 2000").starts_with("HTTP/1.1 200 OK"));
  for (int i = 0; i < 4; ++i) quick.receive_until("event: status");
  CHECK(slow.is_reset());
  quick.receive_until("event: status");
  CHECK(sample::counter(server->port(), "blipd_http_cut_off_event_streams_total") == "1");
  CHECK(sample::counter(server->port(), "blipd_http_event_streams") == "1");
}

TEST_CASE("a listener that closes makes room at once") {
  const auto server = sample::start(sample::loopback());
  {
    sample::Client client(server->port());
    REQUIRE(client.send(kAsk));
    client.receive_until("event: status");
    CHECK(sample::counter(server->port(), "blipd_http_event_streams") == "1");
  }
  for (int i = 0; i < 100; ++i) {
    if (sample::counter(server->port(), "blipd_http_event_streams") == "0") return;
    std::this_thread::sleep_for(20ms);
  }
  FAIL("it is still there after two seconds");
}

TEST_CASE("to HTTP/1.0 a stream is what comes until the end") {
  auto server = sample::start(sample::loopback());
  sample::Client client(server->port());
  REQUIRE(client.send("GET /api/v1/events HTTP/1.0\r\n\r\n"));
  const std::string head = client.receive_until("\r\n\r\n");
  CHECK(head.find("Transfer-Encoding") == std::string::npos);
  CHECK(client.receive_until("\n\n") == "retry: 2000\n\n");
  client.receive_until("event: status");
  server.reset();
  client.receive_all();
}
