#include "daemon/engine/clock_watch.hpp"

#include <catch2/catch.hpp>

using namespace blipd;
using namespace std::chrono_literals;
using engine::ClockWatch;

namespace {

base::Moment at(base::Duration mono, base::Duration wall, base::Duration boot, base::Duration spread = 0s) {
  return {base::MonoTime(mono), base::WallTime(wall), base::BootTime(boot), spread};
}

}  // namespace

TEST_CASE("clocks that run together are no event") {
  ClockWatch watch(at(0s, 100s, 0s));
  for (auto t = 10ms; t < 2s; t += 10ms) CHECK_FALSE(watch.look(at(t, 100s + t, t)));
  CHECK(watch.era() == 0);
}

TEST_CASE("a wall clock step of just over a millisecond is noticed, in both directions") {
  for (const int sign : {1, -1}) {
    ClockWatch watch(at(0s, 100s, 0s));
    const auto slack = ClockWatch::kStep + base::Duration(10ms) / 2000;
    CHECK_FALSE(watch.look(at(10ms, 100s + 10ms + sign * slack, 10ms)));
    const auto noticed = watch.look(at(20ms, 100s + 20ms + sign * (2 * slack + 1ns), 20ms));
    REQUIRE(noticed.step);
    CHECK(*noticed.step == sign * (slack + 1ns));
    CHECK(watch.era() == 1);
  }
}

TEST_CASE("slewing at 500 ppm over a long look is no step") {
  ClockWatch watch(at(0s, 100s, 0s));
  CHECK_FALSE(watch.look(at(10s, 100s + 10s + 5ms, 10s)));
}

TEST_CASE("a reading that was interrupted between the clocks is no step") {
  ClockWatch watch(at(0s, 100s, 0s));
  CHECK_FALSE(watch.look(at(10ms, 100s + 10ms + 4ms, 10ms + 4ms, 5ms)));
}

TEST_CASE("a suspend is noticed by its length and is not called a step") {
  ClockWatch watch(at(0s, 100s, 0s));
  const auto noticed = watch.look(at(10ms, 100s + 10ms + 1h, 10ms + 1h));
  REQUIRE(noticed.suspend);
  CHECK(*noticed.suspend == base::Duration(1h));
  CHECK_FALSE(noticed.step);
  CHECK(watch.era() == 1);
}
