#include "daemon/app/publisher.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
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
  int targets = 100;
  std::shared_ptr<const config::Plan> plan = config::make_plan(many_targets(targets), nullptr);
  pipeline::Pipeline pipeline{plan, {}};
  std::atomic<int> wakes{0};
  app::Publisher publisher{pipeline, [this] { ++wakes; }};

  // Until `is_answered`: rows are made on another thread.
  void tick_until(const std::function<bool()>& is_answered) {
    while (!is_answered()) publisher.tick({}, [](serve::Published&) {});
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
  std::atomic<int> answered{0};
  for (int i = 0; i < 3; ++i) {
    b.publisher.request([&](auto published) {
      got.push_back(published);
      ++answered;
    });
  }
  CHECK(b.wakes == 3);
  b.tick_until([&] { return answered == 3; });
  CHECK(got[0] == got[2]);
  CHECK(got[0]->snapshot->channels.size() == 100);
}

TEST_CASE("who asks is told when a snapshot begins to be built, once and before it is there") {
  Bench b{5000};
  std::atomic<int> begun{0};
  std::atomic<int> answered{0};
  int begun_before = 0;
  b.publisher.request(
      [&](const auto&) {
        begun_before = begun;
        ++answered;
      },
      [&] { ++begun; });
  CHECK(begun == 0);
  b.publisher.tick({}, [](serve::Published&) {});
  CHECK(begun == 1);
  b.publisher.request([&](const auto&) { ++answered; }, [&] { ++begun; });
  b.tick_until([&] { return answered == 2; });
  CHECK(begun_before >= 1);  // the second may begin before the first one's rows are made
  CHECK(begun == 2);
}

TEST_CASE("verdicts come with the next tick, without channels, even while channels are being copied") {
  Bench b{5000};
  b.publisher.request([](const auto&) {});
  b.publisher.tick({}, [](serve::Published&) {});
  std::shared_ptr<const serve::Published> got;
  b.publisher.request_verdicts([&](auto published) { got = published; });
  CHECK(b.wakes == 2);
  bool is_complete = false;
  b.publisher.tick({}, [&](serve::Published&) { is_complete = true; });
  REQUIRE(got);
  CHECK(is_complete);
  CHECK(got->snapshot->plan == b.plan);
  CHECK(got->snapshot->targets.size() == 5000);
  CHECK(got->snapshot->channels.size() == 0);
}

TEST_CASE("requests from many threads are all answered, each once") {
  Bench b;
  constexpr int kThreads = 4, kEach = 200;
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) b.publisher.request([&](const auto& p) { answered += p->snapshot ? 1 : 0; });
    });
  }
  b.tick_until([&] { return answered == kThreads * kEach; });
  for (auto& thread : threads) thread.join();
  CHECK_FALSE(b.publisher.tick({}, [](serve::Published&) {}));
  CHECK(answered == kThreads * kEach);
}

TEST_CASE("a reload in the middle of a snapshot answers with the new plan") {
  Bench b{5000};
  std::shared_ptr<const serve::Published> got;
  std::atomic<bool> is_answered{false};
  b.publisher.request([&](auto published) {
    got = published;
    is_answered = true;
  });
  bool is_more = true;
  b.publisher.tick({}, [&](serve::Published&) { is_more = false; });
  CHECK(is_more);  // its channels are more than there are batches for
  b.plan = config::make_plan(many_targets(50), b.plan.get());
  b.publisher.restart();
  b.pipeline.adopt(b.plan);
  b.tick_until([&] { return is_answered.load(); });
  CHECK(got->snapshot->plan == b.plan);
  CHECK(got->snapshot->channels.size() == b.plan->channels.size());
}
