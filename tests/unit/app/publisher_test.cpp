#include "daemon/app/publisher.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

using namespace blipd;

namespace {

config::Configuration many_targets(int count) {
  config::Configuration configuration;
  config::Network network;
  network.name = "n";
  for (int i = 0; i < count; ++i) {
    probes::ProbeSpec spec;
    spec.name = "ping";
    spec.ask = probes::IcmpSpec{};
    network.targets.push_back({std::to_string(i), "198.18.0.1", {spec}});
  }
  configuration.countries = {{"LB", "Labland", {network}}};
  return configuration;
}

struct Bench {
  std::shared_ptr<const config::Plan> plan = config::make_plan(many_targets(100), nullptr);
  pipeline::Pipeline pipeline{plan, {}};
  std::atomic<int> wakes{0};
  app::Publisher publisher{pipeline, [this] { ++wakes; }};

  void tick_until_done() {
    for (int i = 0; i < 1000 && publisher.tick({}, [](serve::Published&) {}); ++i) {
    }
  }
};

}  // namespace

TEST_CASE("nothing is built while nobody asks") {
  Bench b;
  CHECK_FALSE(b.publisher.tick({}, [](serve::Published&) {}));
  CHECK(b.wakes == 0);
}

TEST_CASE("requests that wait at the same time get the same snapshot") {
  Bench b;
  std::vector<std::shared_ptr<const serve::Published>> got;
  for (int i = 0; i < 3; ++i) b.publisher.request([&](auto published) { got.push_back(published); });
  CHECK(b.wakes == 3);
  b.tick_until_done();
  REQUIRE(got.size() == 3);
  CHECK(got[0] == got[2]);
  CHECK(got[0]->snapshot->channels.size() == 100);
}

TEST_CASE("requests from many threads are all answered, each once") {
  Bench b;
  constexpr int kThreads = 4, kEach = 200;
  std::atomic<int> answered{0};
  std::atomic<int> running{kThreads};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) b.publisher.request([&](const auto& p) { answered += p->snapshot ? 1 : 0; });
      --running;
    });
  }
  while (running > 0) b.tick_until_done();
  for (auto& thread : threads) thread.join();
  b.tick_until_done();
  CHECK(answered == kThreads * kEach);
}

TEST_CASE("a reload in the middle of a snapshot answers with the new plan") {
  Bench b;
  std::shared_ptr<const serve::Published> got;
  b.publisher.request([&](auto published) { got = published; });
  b.plan = config::make_plan(many_targets(50), b.plan.get());
  b.publisher.restart();
  b.pipeline.adopt(b.plan);
  b.tick_until_done();
  REQUIRE(got);
  CHECK(got->snapshot->plan == b.plan);
}
