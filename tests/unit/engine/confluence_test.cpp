#include "daemon/engine/confluence.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "config/load.hpp"
#include "tests/unit/engine/told.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using engine::Batch;
using engine::BatchWriter;
using engine::Confluence;
using Lines = std::vector<std::string>;

namespace {

base::MonoTime at(int ms) { return base::MonoTime(std::chrono::milliseconds(ms)); }

std::shared_ptr<const config::Plan> plan_of(const std::string& targets, const config::Plan* previous = nullptr) {
  const std::string yaml = "countries: [{code: XX, networks: [{targets: [" + targets + "]}]}]";
  return config::make_plan(config::load_text(yaml, "test.yaml").configuration, previous);
}

// Ten channels, all of generation 1.
std::shared_ptr<const config::Plan> ten() {
  std::string targets;
  for (int i = 1; i <= 10; ++i) targets += fmt::format("198.18.0.{}, ", i);
  return plan_of(targets);
}

struct Scene {
  std::shared_ptr<const config::Plan> plan = ten();
  Confluence confluence{3};
  test::Told told;
  int done = 0;

  // Probes of `channel` that left at these times, in one batch.
  void sent(std::size_t stream, probes::ChannelIndex channel, const std::vector<int>& times,
            config::Generation generation = 1) {
    BatchWriter writer;
    writer.batch().generation = generation;
    for (const int ms : times) writer.on_sent(channel, at(ms));
    confluence.batches(stream).push_back(writer.batch());
  }
  void lost(std::size_t stream, probes::ChannelIndex channel, int sent, int settled) {
    BatchWriter writer;
    writer.batch().generation = 1;
    probes::Result result;
    result.channel = channel;
    result.outcome = probes::Outcome::kLost;
    result.sent = at(sent);
    result.settled = at(settled);
    writer.on_result(result, nullptr);
    confluence.batches(stream).push_back(writer.batch());
  }
  Lines flow(int until) {
    confluence.flow(at(until), *plan, told, [this](std::size_t, Batch&&) { ++done; });
    return std::exchange(told.lines, {});
  }
};

}  // namespace

TEST_CASE("streams are joined in order of time") {
  Scene scene;
  scene.sent(0, 0, {1, 4, 5, 9});
  scene.sent(1, 1, {2, 3});
  scene.sent(1, 1, {6});
  scene.sent(2, 2, {1, 8});
  CHECK(scene.flow(10) == Lines{"sent 0 1", "sent 2 1", "sent 1 2", "sent 1 3", "sent 0 4", "sent 0 5", "sent 1 6",
                                "sent 2 8", "sent 0 9"});
  CHECK(scene.done == 4);
}

TEST_CASE("nothing later than the given moment is let through, and it comes with the next") {
  Scene scene;
  scene.sent(0, 0, {1, 5, 6});
  scene.sent(1, 1, {2, 5});
  CHECK(scene.flow(4) == Lines{"sent 0 1", "sent 1 2"});
  CHECK(scene.flow(5) == Lines{"sent 0 5", "sent 1 5"});
  CHECK(scene.done == 1);
  CHECK(scene.flow(6) == Lines{"sent 0 6"});
  CHECK(scene.done == 2);
}

TEST_CASE("a stream's own order is kept, also where its times go back a little") {
  Scene scene;
  scene.sent(0, 0, {3, 2, 4});
  scene.sent(1, 1, {1, 5});
  CHECK(scene.flow(10) == Lines{"sent 1 1", "sent 0 3", "sent 0 2", "sent 0 4", "sent 1 5"});
}

TEST_CASE("what a straggler learned long ago is told as learned now, and when its probes left stays as it was") {
  Scene scene;
  scene.sent(0, 0, {100});
  scene.flow(100);
  scene.lost(1, 1, 20, 50);
  scene.sent(1, 1, {60});
  CHECK(scene.flow(200) == Lines{"result 1 100", "sent 1 60"});
  CHECK(scene.told.results.at(0).sent == at(20));
}

TEST_CASE("results by an older plan go through where the channel is still the same") {
  Scene scene;
  const auto before = plan_of("{name: a, host: 198.18.0.1}, {name: b, host: 198.18.0.2}, {name: c, host: 198.18.0.3}");
  // b gives its place to d; c is asked otherwise.
  const auto after = plan_of(
      "{name: a, host: 198.18.0.1}, {name: d, host: 198.18.0.4}, "
      "{name: c, host: 198.18.0.3, interval: 77s}",
      before.get());
  REQUIRE(after->channels.size() == 3);
  scene.plan = after;
  for (probes::ChannelIndex channel = 0; channel < 3; ++channel) scene.sent(0, channel, {1}, before->generation);
  CHECK(scene.flow(10) == Lines{"sent 0 1"});
  for (probes::ChannelIndex channel = 0; channel < 3; ++channel) scene.sent(0, channel, {11}, after->generation);
  CHECK(scene.flow(20) == Lines{"sent 0 11", "sent 1 11", "sent 2 11"});
  CHECK(scene.done == 6);
}

TEST_CASE("however many streams and batches there are, each call comes once, in order, and none too early") {
  const unsigned seed = 20141222;
  INFO("seed " << seed);
  std::mt19937 random(seed);
  Scene scene;
  std::size_t put = 0;
  std::size_t seen = 0;
  int last = 0;
  std::array<int, 3> times{};
  for (int until = 10; until <= 5000; until += 10) {
    for (std::size_t stream = 0; stream < 3; ++stream) {
      // Each has told everything up to `until`, and perhaps a little more.
      const int end = until + static_cast<int>(random() % 30);
      std::vector<int> batch;
      for (; times[stream] < end; times[stream] += static_cast<int>(random() % 5)) batch.push_back(times[stream]);
      put += batch.size();
      scene.sent(stream, static_cast<probes::ChannelIndex>(stream), batch);
    }
    for (const std::string& line : scene.flow(until)) {
      const int time = std::stoi(line.substr(line.rfind(' ')));
      REQUIRE(time >= last);
      REQUIRE(time <= until);
      last = time;
      ++seen;
    }
  }
  seen += scene.flow(10000).size();
  CHECK(seen == put);
}
