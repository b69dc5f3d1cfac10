#include "daemon/engine/tide.hpp"

#include <catch2/catch.hpp>

using namespace blipd;
using namespace std::chrono_literals;
using engine::Tide;

namespace {

base::Moment moment(base::Duration t) { return {base::MonoTime(t), base::WallTime(1000s + t), base::BootTime(t), {}}; }

// Both shards, looked at every 10 ms; `second` is heard only until `until`.
void run(Tide& tide, base::Duration from, base::Duration to, base::Duration until) {
  for (base::Duration t = from; t <= to; t += 10ms) {
    tide.heard(0, moment(t));
    if (t <= until) tide.heard(1, moment(t));
    tide.look(moment(t));
  }
}

}  // namespace

TEST_CASE("all is known up to where the slowest has come") {
  Tide tide(3, moment(0ms));
  CHECK(tide.mark().mono == moment(0ms).mono);
  tide.heard(0, moment(30ms));
  tide.heard(1, moment(20ms));
  tide.look(moment(31ms));
  CHECK(tide.mark().mono == moment(0ms).mono);
  tide.heard(2, moment(25ms));
  tide.look(moment(32ms));
  CHECK(tide.mark().mono == moment(20ms).mono);
  CHECK(tide.mark().wall == moment(20ms).wall);
}

TEST_CASE("a silent shard is waited for, and then no more") {
  Tide tide(2, moment(0ms));
  run(tide, 10ms, 1s + Tide::kPatience - 10ms, 1s);
  CHECK(tide.mark().mono == moment(1s).mono);
  CHECK(tide.silent() == 0);
  run(tide, 1s + Tide::kPatience, 1s + Tide::kPatience, 1s);
  CHECK(tide.mark().mono == moment(1s + Tide::kPatience).mono);
  CHECK(tide.silent() == 1);
  // It is heard again, of a moment long gone: time does not go back, and it is waited for again.
  tide.heard(1, moment(2s));
  tide.look(moment(5s));
  CHECK(tide.silent() == 0);
  CHECK(tide.mark().mono == moment(1s + Tide::kPatience).mono);
  run(tide, 5010ms, 5020ms, 5010ms);
  CHECK(tide.mark().mono == moment(5010ms).mono);
}

TEST_CASE("with nobody heard of, time passes all the same") {
  Tide tide(2, moment(0ms));
  for (base::Duration t = 0ms; t <= 10s; t += 10ms) tide.look(moment(t));
  CHECK(tide.silent() == 2);
  CHECK(tide.mark().mono == moment(10s).mono);
}

TEST_CASE("a process that was stopped as a whole blames nobody") {
  Tide tide(2, moment(0ms));
  run(tide, 10ms, 1s, 1s);
  tide.look(moment(1h));
  CHECK(tide.silent() == 0);
  CHECK(tide.mark().mono == moment(1s).mono);
}
