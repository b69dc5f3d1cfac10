#include "daemon/page/strip.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "sample.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using namespace page;
using page::sample::count_of;

namespace {

const base::WallTime kFrom(60min * 1000);

journal::Bins bins(std::size_t count, base::Duration width = 5min) { return {kFrom, width, count}; }

journal::StateBin bin(std::uint32_t minutes, std::size_t state, base::Duration down = {}) {
  journal::StateBin result;
  result.minutes = minutes;
  result.minutes_in[state] = minutes;
  result.down = down;
  return result;
}

base::Duration sum(const Times& times) {
  base::Duration all{};
  for (const base::Duration time : times.in) all += time;
  return all;
}

}  // namespace

TEST_CASE("There is one rectangle for each run of equal state") {
  std::vector<journal::StateBin> states(288, bin(5, 0));
  for (std::size_t i = 100; i < 150; ++i) states[i] = bin(5, 3, 5min);
  const auto at = bins(288);
  const Range range{at.from, at.end()};
  const std::string picture = draw(strip_of(at, range, states), range, "a").text();
  CHECK(count_of(picture, "<rect") == 3);
  CHECK(count_of(picture, "class=\"down\"") == 1);
}

TEST_CASE("A blip in a bin is a tick: the share that was down decides how high it stands") {
  const auto at = bins(5);
  const Range range{at.from, at.end()};
  const Strip strip =
      strip_of(at, range, std::vector{bin(5, 0), bin(5, 0, 40s), bin(5, 0, 75s), bin(5, 0, 76s), bin(5, 3, 5min)});
  CHECK(strip.cells[0].look == Look::kUp);
  for (std::size_t i = 1; i < 5; ++i) CHECK(strip.cells[i].look == Look::kDown);
  CHECK(strip.cells[1].share == 1);
  CHECK(strip.cells[2].share == 1);
  CHECK(strip.cells[3].share == 2);
  CHECK(strip.cells[4].share == 4);
}

TEST_CASE("What was not watched and what is unknown are told apart from up and down") {
  const auto at = bins(4);
  const Range range{at.from, at.end()};
  journal::StateBin fault = bin(5, 5);
  fault.unknown = 5min;
  const Strip strip = strip_of(at, range, std::vector{bin(5, 0), {}, fault, bin(5, 1)});
  CHECK(strip.cells[1].look == Look::kNotWatched);
  CHECK(strip.cells[2].look == Look::kUnknown);
  CHECK(strip.cells[3].look == Look::kDegraded);
  CHECK(strip.times.in[static_cast<std::size_t>(Look::kNotWatched)] == 5min);
  CHECK(strip.times.in[static_cast<std::size_t>(Look::kUnknown)] == 5min);
  const std::string picture = draw(strip, range, "a").text();
  CHECK(page::sample::contains(picture, "fill=\"url(#hatch)\""));
  CHECK(page::sample::contains(picture, "fill=\"url(#dots)\""));
}

TEST_CASE("Times add up to the range, whatever the minutes say") {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto at = bins(1 + random() % 20);
    std::vector<journal::StateBin> states;
    for (std::size_t i = 0; i < at.count; ++i) {
      const auto minutes = static_cast<std::uint32_t>(random() % 6);
      states.push_back(bin(minutes, random() % 6, std::chrono::seconds(random() % (60 * minutes + 1))));
      states.back().unknown = std::chrono::seconds(random() % (60 * minutes + 1));
    }
    states.back().minutes = 0;  // so that no minute is about to come
    states.back() = {};
    const Range range{at.from, at.end()};
    const base::Duration off = range.length() - sum(strip_of(at, range, states).times);
    CHECK(off >= 0s);
    CHECK(off < 1us * static_cast<std::int64_t>(at.count));
  }
}

TEST_CASE("The minute that is not over yet does not count as not watched, older gaps do") {
  const auto at = bins(3, 1min);
  const Range range{at.from, at.end()};
  const auto not_watched = [&](const std::vector<journal::StateBin>& states) {
    return strip_of(at, range, states).times.in[static_cast<std::size_t>(Look::kNotWatched)];
  };
  CHECK(not_watched({bin(1, 0), bin(1, 0), {}}) == 0s);
  CHECK(not_watched({bin(1, 0), {}, bin(1, 0)}) == 1min);
  CHECK(not_watched({{}, {}, {}}) == 3min);
}

TEST_CASE("Without minutes events and watching tell") {
  const auto at = bins(4);
  const Range range{at.from, at.end()};
  event::Event event;
  event.start = {at.from + 10min, at.from + 10min};
  event.end = event::Span{at.from + 12min, at.from + 12min};
  const Strip strip = strip_of(at, range, {event}, {{at.from + 5min, at.end()}});
  CHECK(strip.cells[0].look == Look::kNotWatched);
  CHECK(strip.cells[1].look == Look::kUp);
  CHECK(strip.cells[2].look == Look::kDown);
  CHECK(strip.cells[2].share == 2);
  CHECK(in_words(strip.times) == "up 13\u00A0min, down 2\u00A0min, not watched 5\u00A0min");
  CHECK(sum(strip.times) == range.length());
}
