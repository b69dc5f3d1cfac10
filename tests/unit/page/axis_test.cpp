#include "daemon/page/axis.hpp"

#include <catch2/catch.hpp>

using namespace blipd;
using namespace std::chrono_literals;
using page::Range;

TEST_CASE("A moment stands where its share of the range is, and never beyond it") {
  const Range range{base::WallTime(100s), base::WallTime(200s)};
  CHECK(range.at(base::WallTime(100s)) == 0);
  CHECK(range.at(base::WallTime(125s)) == 25);
  CHECK(range.at(base::WallTime(200s)) == 100);
  CHECK(range.at(base::WallTime(99s)) == 0);
  CHECK(range.at(base::WallTime(9000s)) == 100);
  CHECK(Range{}.at(base::WallTime(5s)) == 0);
}

TEST_CASE("There are some marks and not many, at whole hours and days, within the range") {
  for (base::Duration length = 10min; length < 24h * 3660; length = length * 5 / 4) {
    CAPTURE(length.count());
    const Range range{base::WallTime(1419264900s), base::WallTime(1419264900s) + length};
    const auto marks = page::marks_of(range);
    CHECK(marks.size() >= 2);
    CHECK(marks.size() <= 10);
    for (const auto& mark : marks) {
      CHECK(mark.at >= range.from);
      CHECK(mark.at < range.to);
    }
  }
}

TEST_CASE("Midnight is named by its day") {
  const auto marks = page::marks_of({base::WallTime(1419264900s), base::WallTime(1419264900s) + 24h});
  REQUIRE(marks.size() == 8);
  CHECK(marks[0].text == "18:00");
  CHECK(marks[2].text == "23\u00A0Dec");
}

TEST_CASE("Numbers of pictures have two decimals at most and none that says nothing") {
  CHECK(page::decimal(12.5) == "12.5");
  CHECK(page::decimal(100) == "100");
  CHECK(page::decimal(1.0 / 3) == "0.33");
  CHECK(page::decimal(-0.001) == "0");
}
