#include "probes/base/time.hpp"

#include <catch2/catch.hpp>
#include <type_traits>

using namespace blipd::base;
using namespace std::chrono_literals;

TEST_CASE("no kind of time becomes another by accident") {
  STATIC_REQUIRE_FALSE(std::is_constructible_v<WallTime, MonoTime>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<MonoTime, WallTime>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<MonoTime, BootTime>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<Duration, MonoTime>);
}

TEST_CASE("seconds become the nearest nanosecond") {
  CHECK(from_seconds(0) == 0ns);
  CHECK(from_seconds(0.4e-9) == 0ns);
  CHECK(from_seconds(0.6e-9) == 1ns);
  CHECK(from_seconds(-0.6e-9) == -1ns);
  CHECK(from_seconds(1.5) == 1500ms);
  CHECK(from_seconds(0.1) == 100ms);
}

TEST_CASE("durations and wall times read as seconds") {
  CHECK(to_seconds(1500ms) == 1.5);
  CHECK(to_seconds(-250ms) == -0.25);
  CHECK(to_unix_seconds(WallTime(1419264900s)) == 1419264900.0);
}
