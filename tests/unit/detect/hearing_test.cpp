#include "daemon/detect/hearing.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

namespace blipd::detect {
namespace {

using namespace std::chrono_literals;
using base::MonoTime;
using probes::Outcome;

// One network of so many hosts, each asked one way; nobody outside.
struct Bench {
  explicit Bench(int hosts = 1)
      : plan(config::make_plan(configuration(hosts), nullptr)), hearing(plan, MonoTime(1000s)) {
    for (int i = 0; i < 30; ++i) {
      now += 1s;
      for (probes::ChannelIndex c = 0; c < plan->channels.size(); ++c) {
        hearing.on_sent(c, now);
        settle(Outcome::kAnswered, now, now + 20ms, c);
      }
    }
    now += 1s;
  }

  static config::Configuration configuration(int hosts) {
    config::Configuration configuration;
    config::Country& country = configuration.countries.emplace_back();
    country.code = "KP";
    config::Network& network = country.networks.emplace_back();
    network.name = "n";
    for (int i = 0; i < hosts; ++i) {
      config::Target& target = network.targets.emplace_back();
      target.name = "t" + std::to_string(i);
      target.host = "198.18.0." + std::to_string(i + 1);
      target.probes.resize(1);
      target.probes[0].name = "p";
    }
    return configuration;
  }
  void settle(Outcome outcome, MonoTime sent, MonoTime settled, probes::ChannelIndex channel = 0) {
    probes::Result result;
    result.channel = channel;
    result.outcome = outcome;
    result.was_sent = true;
    result.sent = sent;
    result.settled = settled;
    if (outcome == Outcome::kAnswered) result.rtt = settled - sent;
    hearing.on_result(result);
  }

  // All fail at once, until somebody is asked out of turn.
  std::vector<probes::ChannelIndex> asked_when_all_fall() {
    for (probes::ChannelIndex c = 0; c < plan->channels.size(); ++c) {
      settle(Outcome::kLost, now, now + 1s, c);
      if (const auto asked = hearing.take_urgent(); asked.size() > 1) return asked;
    }
    return {};
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

TEST_CASE("Of a network in doubt all are asked out of turn where they are few, and else some, others each time",
          "[hearing]") {
  Bench few(64);
  CHECK(few.asked_when_all_fall().size() == 63);  // the one whose silence brought it about has been asked

  Bench many(250);
  const auto first = many.asked_when_all_fall();
  CHECK(first.size() > 56);
  CHECK(first.size() <= 64);
  // Spread over the whole, in no step that every second or fourth host would fall in with.
  for (unsigned every = 2; every <= 8; ++every) {
    const auto hit = std::ranges::count_if(first, [&](auto channel) { return channel % every == 0; });
    CHECK(static_cast<double>(hit) == Approx(static_cast<double>(first.size()) / every).margin(5));
  }
  many.now += 10s;
  std::vector<probes::ChannelIndex> second = many.asked_when_all_fall();
  REQUIRE(second.size() > 56);
  std::erase_if(second, [&](auto channel) { return std::ranges::find(first, channel) != first.end(); });
  CHECK(second.size() > 28);
}

}  // namespace
}  // namespace blipd::detect
