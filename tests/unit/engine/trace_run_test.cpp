#include "daemon/engine/trace_run.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <set>

using namespace blipd;
using namespace std::chrono_literals;
using engine::TraceRun;

namespace {

base::Address router(int n) { return base::Address::parse("198.18." + std::to_string(n) + ".1").value(); }

// A path of `length` hops, the target the last, played in steps of 100 ms. Answers take 50 ms.
struct Way {
  int length = 5;
  std::set<int> silent{};             // distances
  std::map<int, int> rate_limited{};  // distance → how many packets are passed over first
  int unreachable_from = 0;           // the router before it says so, and nothing answers further on; 0: none does
  int cut_from = 0;                   // silence from here on; 0: none
};

struct Played {
  probes::TracedPath path;
  std::size_t most_in_flight = 0;
  int furthest = 0;
  base::Duration took{};
};

Played play(Way way, const TraceRun::Limits& limits) {
  TraceRun run(limits);
  Played played;
  struct Flying {
    std::uint32_t token;
    int distance;
    base::MonoTime sent;
  };
  std::vector<Flying> flying;
  base::MonoTime now{1000s};
  const base::MonoTime start = now;
  while (!run.is_over()) {
    REQUIRE(now - start < 10min);
    run.expire(now);
    for (const Flying& packet : std::exchange(flying, {})) {
      const int d = packet.distance;
      const bool is_cut = way.cut_from != 0 && d >= way.cut_from;
      TraceRun::Answer answer;
      answer.stamp = {base::WallTime(packet.sent.time_since_epoch() + 50ms), probes::StampSource::kCapture};
      answer.from = router(std::min(d, way.length));
      answer.said = d >= way.length ? TraceRun::Said::kTarget : TraceRun::Said::kExpired;
      if (way.unreachable_from != 0 && d >= way.unreachable_from) {
        answer.said = TraceRun::Said::kUnreachable;
        answer.from = router(way.unreachable_from - 1);
        answer.notice = {3, 1, answer.from};
      }
      if (is_cut || way.silent.contains(d) || way.rate_limited[d]-- > 0) continue;
      run.heard(packet.token, answer);
    }
    std::size_t in_flight = 0;
    while (const auto distance = run.next()) {
      const std::uint32_t token = 1000 + run.packets();
      run.sent(*distance, token, now, {base::WallTime(now.time_since_epoch()), probes::StampSource::kCapture});
      flying.push_back({token, *distance, now});
      played.furthest = std::max<int>(played.furthest, *distance);
      ++in_flight;
    }
    played.most_in_flight = std::max(played.most_in_flight, in_flight);
    now += 100ms;
  }
  played.took = now - start;
  run.finish(played.path);
  return played;
}

std::vector<int> distances(const probes::TracedPath& path) {
  std::vector<int> all;
  for (const auto& hop : path.hops) all.push_back(hop.distance);
  return all;
}

}  // namespace

TEST_CASE("a trace finds each hop up to the target, and goes no further than it has to") {
  const Played played = play({5}, {});
  CHECK(played.path.end == probes::PathEnd::kReached);
  CHECK(distances(played.path) == std::vector<int>{1, 2, 3, 4, 5});
  CHECK(played.path.hops[2].address == router(3));
  CHECK(played.path.hops[2].rtt == base::Duration(50ms));
  CHECK(played.furthest <= 8);
  CHECK(played.path.packets == static_cast<std::uint32_t>(played.furthest));
}

TEST_CASE("no more than a window of hops is in flight") {
  CHECK(play({20}, {}).most_in_flight == TraceRun::kWindow);
  CHECK(play({20, {}, {}, 0, 1}, {}).most_in_flight <= TraceRun::kWindow);
}

TEST_CASE("a silent hop is passed, and a router that limits its errors is told from a silent one by asking again") {
  CHECK(distances(play({5, {3}}, {}).path) == std::vector<int>{1, 2, 4, 5});
  CHECK(distances(play({5, {}, {{3, 1}}}, {}).path) == std::vector<int>{1, 2, 3, 4, 5});
  CHECK(distances(play({5, {}, {{3, 2}}}, {}).path) == std::vector<int>{1, 2, 4, 5});
  CHECK(distances(play({5, {}, {{3, 2}}}, {30, 3, 1s, 0}).path) == std::vector<int>{1, 2, 3, 4, 5});
}

TEST_CASE("behind a cut it asks five hops beyond the length that the path had, each as often as allowed") {
  const Played known = play({9, {}, {}, 0, 4}, {30, 2, 1s, 9});
  CHECK(known.path.end == probes::PathEnd::kSilent);
  CHECK(distances(known.path) == std::vector<int>{1, 2, 3});
  CHECK(known.furthest == 14);
  CHECK(known.path.packets == 3 + 2 * 11);
  const Played unknown = play({9, {}, {}, 0, 4}, {30, 2, 1s, 0});
  CHECK(unknown.furthest == 8);
  CHECK(unknown.took < 10s);
}

TEST_CASE("five silent hops are passed when the path is known to be longer, and not otherwise") {
  const std::set<int> silent = {3, 4, 5, 6, 7};
  CHECK(play({9, silent}, {30, 1, 1s, 9}).path.end == probes::PathEnd::kReached);
  CHECK(play({9, silent}, {30, 1, 1s, 0}).path.end == probes::PathEnd::kSilent);
  CHECK(play({9, {3, 4, 5, 6}}, {30, 1, 1s, 0}).path.end == probes::PathEnd::kReached);
}

TEST_CASE("a router that says unreachable ends it, and stands where it is") {
  const Played played = play({9, {}, {}, 5}, {});
  CHECK(played.path.end == probes::PathEnd::kUnreachable);
  CHECK(distances(played.path) == std::vector<int>{1, 2, 3, 4});
  CHECK(played.path.notice->sender == router(4));
}

TEST_CASE("a router that says so in place of letting the packet's time run out is a hop") {
  TraceRun run({30, 1, 1s, 0});
  run.sent(1, 7, base::MonoTime(1000s), {});
  run.sent(2, 8, base::MonoTime(1000s), {});
  run.heard(7, {TraceRun::Said::kExpired, router(1), {}, {}, {}, {}});
  run.heard(8, {TraceRun::Said::kUnreachable, router(2), {}, {3, 0, router(2)}, {}, {}});
  probes::TracedPath path;
  run.finish(path);
  CHECK(path.end == probes::PathEnd::kUnreachable);
  CHECK(distances(path) == std::vector<int>{1, 2});
  CHECK(path.hops[1].address == router(2));
}

TEST_CASE("hops up to the limit that all answer are a path that is too long") {
  CHECK(play({9}, {8, 2, 1s, 0}).path.end == probes::PathEnd::kTooLong);
  CHECK(play({8}, {8, 2, 1s, 0}).path.end == probes::PathEnd::kReached);
}

TEST_CASE("an answer that comes after its timeout counts while the trace goes on, and the first one holds") {
  TraceRun run({30, 1, 1s, 0});
  const base::MonoTime now{1000s};
  run.sent(1, 7, now, {base::WallTime(0s), probes::StampSource::kCapture});
  run.sent(2, 8, now, {base::WallTime(0s), probes::StampSource::kCapture});
  run.expire(now + 1s);
  run.heard(7, {TraceRun::Said::kExpired, router(1), {base::WallTime(2s), {}}, {}, {}, {}});
  run.heard(7, {TraceRun::Said::kExpired, router(9), {base::WallTime(3s), {}}, {}, {}, {}});
  run.heard(99, {TraceRun::Said::kTarget, router(9), {base::WallTime(3s), {}}, {}, {}, {}});
  probes::TracedPath path;
  run.finish(path);
  REQUIRE(path.hops.size() == 1);
  CHECK(path.hops[0].address == router(1));
  CHECK(path.hops[0].rtt == base::Duration(2s));
}

TEST_CASE("a timeout is over at its end, not before") {
  TraceRun run({1, 1, 1s, 0});
  const base::MonoTime now{1000s};
  run.sent(1, 7, now, {});
  run.expire(now + 1s - 1ns);
  CHECK_FALSE(run.is_over());
  run.expire(now + 1s);
  CHECK(run.is_over());
}

TEST_CASE("no round trip spans a step of the wall clock") {
  TraceRun run({30, 1, 1s, 0});
  run.sent(1, 7, base::MonoTime(1000s), {base::WallTime(0s), probes::StampSource::kCapture});
  run.void_stamps();
  run.heard(7, {TraceRun::Said::kExpired, router(1), {base::WallTime(2s), {}}, {}, {}, {}});
  probes::TracedPath path;
  run.finish(path);
  CHECK_FALSE(path.hops.at(0).rtt);
}
