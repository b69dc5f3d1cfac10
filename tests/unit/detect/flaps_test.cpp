#include "daemon/detect/flaps.hpp"

#include <catch2/catch.hpp>

#include "daemon/detect/onset.hpp"
#include "daemon/detect/tails.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using base::MonoTime;
using base::WallTime;
using detect::Flaps;

namespace {

const config::Detect kRules;

event::Span at(base::Duration earliest, base::Duration latest) { return {WallTime(earliest), WallTime(latest)}; }

}  // namespace

TEST_CASE("Binomial tails are exact", "[tails]") {
  CHECK(detect::binomial_tail(10, 0.5, 0) == 1.0);
  CHECK(detect::binomial_tail(10, 0.5, 10) == Approx(1.0 / 1024));
  CHECK(detect::binomial_tail(10, 0.5, 9) == Approx(11.0 / 1024));
  CHECK(detect::binomial_tail(3, 0.1, 1) == Approx(1 - 0.729));
  CHECK(detect::binomial_tail(3, 0.1, 4) == 0.0);
  CHECK(detect::binomial_tail(20, 0.02, 5) == Approx(3.859e-5).epsilon(0.01));
  CHECK(detect::binomial_tail(5, 0.0, 1) == 0.0);
  CHECK(detect::binomial_tail(5, 1.0, 5) == 1.0);
}

TEST_CASE("Whether a binomial tail is below a limit is what the tail says", "[tails]") {
  for (const std::uint32_t n : {1U, 2U, 7U, 40U, 300U}) {
    for (const double p : {0.001, 0.02, 0.3, 0.9}) {
      for (std::uint32_t k = 0; k <= n + 1; ++k) {
        CAPTURE(n, p, k);
        for (const double limit : {1e-9, 0.001, 0.1}) {
          CHECK(detect::is_binomial_tail_below(limit, n, p, k) == (detect::binomial_tail(n, p, k) < limit));
        }
      }
    }
  }
}

TEST_CASE("A tail of very many is that of the normal law", "[tails]") {
  // Thirty million probes, three deviations above the mean; with the correction for whole numbers.
  const double n = 30e6;
  const double p = 0.02;
  const double deviation = std::sqrt(n * p * (1 - p));
  const auto k = static_cast<std::uint32_t>(std::lround(n * p + 3 * deviation));
  const double z = (k - 0.5 - n * p) / deviation;
  CHECK(detect::binomial_tail(30'000'000, p, k) == Approx(0.5 * std::erfc(z / std::sqrt(2.0))).epsilon(0.02));
}

TEST_CASE("Poisson tails are exact", "[tails]") {
  CHECK(detect::poisson_tail(2.0, 0) == 1.0);
  CHECK(detect::poisson_tail(0.0, 1) == 0.0);
  CHECK(detect::poisson_tail(2.0, 1) == Approx(1 - std::exp(-2.0)));
  CHECK(detect::poisson_tail(0.125, 4) == Approx(9.2e-6).epsilon(0.01));
  CHECK(detect::poisson_tail(50.0, 1) == Approx(1.0));
}

TEST_CASE("The penalty halves in its half-life and has a ceiling", "[flaps]") {
  Flaps flaps;
  flaps.add(MonoTime(10h), kRules);
  CHECK(flaps.penalty(MonoTime(10h), 2h, kRules) == Approx(1000));
  CHECK(flaps.penalty(MonoTime(12h), 2h, kRules) == Approx(500));
  CHECK(flaps.penalty(MonoTime(10h + 15min), detect::kRouterHalfLife, kRules) == Approx(500));
  for (int i = 1; i < 10; ++i) flaps.add(MonoTime(12h + std::chrono::minutes(i)), kRules);
  CHECK(flaps.penalty(MonoTime(12h + 10min), 2h, kRules) == kRules.flap_ceiling);
}

TEST_CASE("Unstable from the upper threshold until the lower, and not while down", "[flaps]") {
  Flaps flaps;
  flaps.add(MonoTime(10h), kRules);
  flaps.add(MonoTime(10h + 20min), kRules);
  CHECK_FALSE(flaps.is_unstable());
  // Three falls whose penalties come to 2500 exactly would be 2500 / 3 each: two ages of which are just above it.
  flaps.add(MonoTime(10h + 40min), kRules);
  CHECK(flaps.penalty(MonoTime(10h + 40min), kRules.flap_half_life, kRules) > kRules.unstable_from);
  CHECK(flaps.is_unstable());
  flaps.advance(MonoTime(13h), false, kRules);
  CHECK(flaps.is_unstable());
  flaps.advance(MonoTime(15h), true, kRules);
  CHECK(flaps.is_unstable());
  flaps.advance(MonoTime(15h), false, kRules);
  CHECK(flaps.penalty(MonoTime(15h), kRules.flap_half_life, kRules) <= kRules.unstable_until);
  CHECK_FALSE(flaps.is_unstable());
}

TEST_CASE("Falls that are usual there are no instability, and count only once", "[flaps]") {
  const auto falls_in_six_hours = [](double usual_a_day) {
    Flaps flaps;
    flaps.restore({{}, usual_a_day * 28, 28, false});
    int falls = 0;
    // Far enough apart to stay below the penalty's threshold.
    while (!flaps.is_unstable() && falls < 5) flaps.add(MonoTime(10h + std::chrono::minutes(90 * falls++)), kRules);
    return flaps.is_unstable() ? falls : 99;
  };
  CHECK(falls_in_six_hours(0.1) == 3);
  CHECK(falls_in_six_hours(0.5) == 4);
  CHECK(falls_in_six_hours(6) == 99);
}

TEST_CASE("What is usual is learned from calm time, with a prior", "[flaps]") {
  Flaps flaps;
  CHECK(flaps.usual_per_day() == Approx(0.5));
  flaps.watched(24h * 18);
  CHECK(flaps.usual_per_day() == Approx(1.0 / 20));
  for (int day = 0; day < 100; ++day) {
    flaps.add(MonoTime(24h * (day + 1)), kRules);
    flaps.watched(24h);
  }
  CHECK_FALSE(flaps.is_unstable());
  CHECK(flaps.usual_per_day() == Approx(1.0).epsilon(0.1));
}

TEST_CASE("Parts whose intervals overlap share a rank", "[onset]") {
  const std::vector<detect::Part> parts = {{"c", 1, at(20s, 24s)},
                                           {"a", 1, at(1s, 5s)},
                                           {"up", 1, std::nullopt},
                                           {"b", 1, at(5s, 9s)},
                                           {"d", 1, at(25s, 26s)}};
  const auto order = detect::order_of(parts);
  REQUIRE(order.size() == 4);
  CHECK(order[0].place == "a");
  CHECK(order[0].rank == 1);
  CHECK(order[1].rank == 1);  // 5 s is possible for both
  CHECK(order[2].place == "c");
  CHECK(order[2].rank == 2);
  CHECK(order[3].rank == 3);
}

TEST_CASE("The fall runs from a tenth to nine tenths of the weight, and is unknown before", "[onset]") {
  std::vector<detect::Part> parts;
  for (int i = 0; i < 10; ++i) parts.push_back({"one", 1, at(i * 10s, i * 10s)});
  CHECK(detect::fall_of(parts) == 80s);
  parts[8].fell.reset();
  CHECK(detect::fall_of(parts) == 90s);
  parts[7].fell.reset();
  CHECK_FALSE(detect::fall_of(parts));
}

TEST_CASE("The shape follows from what was before and from the speed", "[onset]") {
  event::Onset onset;
  onset.order = {{"a", at(0s, 0s), 1}, {"b", at(300s, 300s), 2}};
  CHECK(detect::shape_of(true, true, onset) == event::Shape::kAfterInstability);
  CHECK(detect::shape_of(false, true, onset) == event::Shape::kGradual);
  CHECK(detect::shape_of(false, false, onset) == event::Shape::kStaged);
  onset.fall = 120s;
  CHECK(detect::shape_of(false, false, onset) == event::Shape::kAbrupt);
  onset.fall = 120s + 1ns;
  CHECK(detect::shape_of(false, false, onset) == event::Shape::kStaged);
  onset.order.back().rank = 1;
  CHECK(detect::shape_of(false, false, onset) == event::Shape::kAbrupt);
}
