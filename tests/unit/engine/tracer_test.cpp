// Which traces run when. Without a sender every trace that begins ends as aborted, which is all that is needed here;
// what a trace finds is trace_run_test.cpp's, and real routers are tests/integration/test_paths.py's.
#include "daemon/engine/tracer.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace blipd;
using namespace std::chrono_literals;
using engine::Tracer;
using Leave = Tracer::Leave;
using Pace = Tracer::Pace;

namespace {

config::Configuration with_traces(const std::vector<std::string>& names) {
  config::Configuration configuration;
  config::Network network;
  network.name = "n";
  for (const std::string& name : names) {
    probes::ProbeSpec ping;
    ping.name = "ping";
    ping.ask = probes::IcmpSpec{};
    probes::ProbeSpec path;
    path.name = "path";
    path.ask = probes::TraceSpec{};
    path.interval = 10min;
    path.timeout = 1s;
    config::Target target{name, "198.18.0.1", {ping}};
    target.traces.push_back(path);
    network.targets.push_back(std::move(target));
  }
  configuration.countries = {{"LB", "Labland", {network}}};
  return configuration;
}

std::string path_of(const std::string& name) { return "LB/n/" + name + "/path"; }

struct Bench {
  explicit Bench(const std::vector<std::string>& names, Pace p = Pace::kOnRequest) : pace(p) { adopt(names); }

  void adopt(const std::vector<std::string>& names) {
    plan = config::make_plan(with_traces(names), plan.get());
    roster.adopt(plan, budget);
    tracer.adopt(*plan, {}, pace, now.mono);
  }
  void ask(const std::vector<std::string>& names) {
    std::vector<std::string> paths;
    for (const std::string& name : names) paths.push_back(path_of(name));
    tracer.trace_now(paths);
  }
  // The traces that ended, in the order in which they did.
  std::vector<std::string> tick(Leave leave = Leave::kSend) {
    tracer.tick(now, leave, budget);
    std::vector<std::string> ended;
    for (const probes::TracedPath& path : tracer.take_paths()) {
      CHECK(path.end == probes::PathEnd::kAborted);
      CHECK(path.hops.empty());
      ended.push_back((path.was_asked_for ? "asked " : "due ") + path.name);
    }
    return ended;
  }
  void pass(base::Duration time) {
    now.mono += time;
    now.wall += time;
  }

  Pace pace;
  base::Moment now{base::MonoTime(1000s), base::WallTime(1000s), {}, {}};
  std::shared_ptr<const config::Plan> plan;
  engine::Budget budget{config::Budget()};
  engine::Roster roster;
  Tracer tracer{{}, {}, roster, nullptr};
};

}  // namespace

TEST_CASE("a trace that cannot be sent ends at once, as aborted, and is counted as that") {
  Bench b({"a", "b"});
  CHECK(b.tick().empty());
  CHECK_FALSE(b.tracer.is_busy());
  b.ask({"b", "a"});
  CHECK(b.tracer.is_busy());
  CHECK(b.tick() == std::vector<std::string>{"asked " + path_of("b"), "asked " + path_of("a")});
  CHECK_FALSE(b.tracer.is_busy());
  engine::Health health;
  b.tracer.add_to(health);
  CHECK_FALSE(health.can_trace);
  CHECK(health.traces_ended.at(static_cast<std::size_t>(probes::PathEnd::kAborted)) == 2);
  CHECK(health.trace_packets == 0);
}

TEST_CASE("names that nobody has are passed over, and one that waits is not traced twice") {
  Bench b({"a"});
  b.ask({"x", "a", "a"});
  CHECK(b.tick() == std::vector<std::string>{"asked " + path_of("a")});
  CHECK(b.tick().empty());
}

TEST_CASE("while probes wait no trace begins") {
  Bench b({"a"});
  b.ask({"a"});
  CHECK(b.tick(Leave::kWait).empty());
  CHECK(b.tracer.is_busy());
  CHECK(b.tick() == std::vector<std::string>{"asked " + path_of("a")});
}

TEST_CASE("each path is traced once in its interval, and those that are asked for come first") {
  Bench b({"a", "b", "c"}, Pace::kScheduled);
  std::vector<std::string> due;
  for (int second = 0; second < 600; ++second) {
    b.pass(1s);
    for (const std::string& name : b.tick()) due.push_back(name);
  }
  std::ranges::sort(due);
  CHECK(due == std::vector<std::string>{"due " + path_of("a"), "due " + path_of("b"), "due " + path_of("c")});
  // All three are due meanwhile.
  b.pass(600s);
  CHECK(b.tick(Leave::kWait).empty());
  b.ask({"c"});
  const std::vector<std::string> order = b.tick();
  REQUIRE(order.size() == 3);
  CHECK(order.front() == "asked " + path_of("c"));
}

TEST_CASE("what waits is known by its name in a new plan, and what has gone waits no more") {
  Bench b({"a", "b", "c"});
  b.ask({"a", "c"});
  b.adopt({"c", "b"});
  CHECK(b.tick() == std::vector<std::string>{"asked " + path_of("c")});
  b.adopt({"b"});
  b.ask({"c"});
  CHECK(b.tick().empty());
  b.tracer.stop();
  CHECK_FALSE(b.tracer.next_due());
}
