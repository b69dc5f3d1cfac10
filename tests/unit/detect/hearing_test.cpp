#include "daemon/detect/hearing.hpp"

#include <catch2/catch.hpp>
#include <chrono>

namespace blipd::detect {
namespace {

using namespace std::chrono_literals;
using base::MonoTime;
using probes::Outcome;

// One network of one host, asked one way; nobody outside.
struct Bench {
  Bench() : plan(config::make_plan(configuration(), nullptr)), hearing(plan, MonoTime(1000s)) {
    for (int i = 0; i < 30; ++i) {
      now += 1s;
      hearing.on_sent(0, now);
      settle(Outcome::kAnswered, now, now + 20ms);
    }
    now += 1s;
  }

  static config::Configuration configuration() {
    config::Configuration configuration;
    config::Country& country = configuration.countries.emplace_back();
    country.code = "KP";
    config::Network& network = country.networks.emplace_back();
    network.name = "n";
    config::Target& target = network.targets.emplace_back();
    target.name = "t";
    target.host = "198.18.0.1";
    target.probes.resize(1);
    target.probes[0].name = "p";
    return configuration;
  }
  void settle(Outcome outcome, MonoTime sent, MonoTime settled) {
    probes::Result result;
    result.outcome = outcome;
    result.was_sent = true;
    result.sent = sent;
    result.settled = settled;
    if (outcome == Outcome::kAnswered) result.rtt = settled - sent;
    hearing.on_result(result);
  }

  std::shared_ptr<const config::Plan> plan;
  Hearing hearing;
  MonoTime now{1000s};
};

TEST_CASE("A probe is overdue after a second, and no more once it is aborted", "[hearing]") {
  Bench bench;
  bench.hearing.on_sent(0, bench.now);
  bench.hearing.advance(bench.now + 999ms);
  CHECK(bench.hearing.silent_since(0) == kNever);
  bench.hearing.advance(bench.now + 1s);
  CHECK(bench.hearing.silent_since(0) == bench.now);
  bench.settle(Outcome::kAborted, bench.now, bench.now + 2s);
  CHECK(bench.hearing.silent_since(0) == kNever);
}

TEST_CASE("A probe that is aborted at the moment of becoming overdue is not", "[hearing]") {
  Bench bench;
  bench.hearing.on_sent(0, bench.now);
  bench.settle(Outcome::kAborted, bench.now, bench.now + 3s);
  bench.hearing.advance(bench.now + 4s);
  CHECK(bench.hearing.silent_since(0) == kNever);
}

TEST_CASE("An aborted probe says nothing of another that is overdue", "[hearing]") {
  Bench bench;
  bench.hearing.on_sent(0, bench.now);
  bench.hearing.advance(bench.now + 1500ms);
  bench.settle(Outcome::kAborted, bench.now + 1s, bench.now + 1600ms);
  CHECK(bench.hearing.silent_since(0) == bench.now);
}

}  // namespace
}  // namespace blipd::detect
