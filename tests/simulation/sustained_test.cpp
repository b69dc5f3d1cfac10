// When an outage is long enough to be told at once: the claim that alert rules page for.
#include <catch2/catch.hpp>

#include <optional>

#include "tests/simulation/story.hpp"

namespace blipd::simulation {
namespace {

bool is_country_sustained(const Country& country) { return country.pipeline.judge().country(0).stability.is_sustained; }
bool is_network_sustained(const Country& country) {
  return country.pipeline.judge().network(country.networks[0]).stability.is_sustained;
}

// The seconds after `cut` at which it is first so; none before `until`.
std::optional<double> first_sustained(Story& story, Duration cut, Duration until) {
  const MonoTime at = story.country.run(kStart + until, [&] { return is_country_sustained(story.country); });
  if (!is_country_sustained(story.country)) return std::nullopt;
  return base::to_seconds(at - (kStart + cut));
}

TEST_CASE("An outage is sustained once a probe sent a minute after its start has failed", "[simulation][sustained]") {
  Layout layout;
  layout.targets = {6, 3};
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Story story(layout, seed);
    story.cut_all(10min, 20min);
    const auto after = first_sustained(story, 10min, 20min);
    REQUIRE(after);
    // The start lies up to an interval around the cut; what is asked then settles a timeout later.
    CHECK(*after >= 55);
    CHECK(*after <= 60 + 5 + 3 + 5);
    CHECK(story.country.level() == CountryLevel::kTotal);
  }
}

TEST_CASE("A shorter one never is", "[simulation][sustained]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Story story({}, seed);
    story.cut_all(10min, 54s);
    CHECK_FALSE(first_sustained(story, 10min, 20min));
    CHECK_FALSE(is_network_sustained(story.country));
  }
}

TEST_CASE("With 0s it is sustained as soon as it is known", "[simulation][sustained]") {
  Layout layout;
  layout.change_rules = [](config::Detect& rules) { rules.sustained = 0s; };
  Story story(layout);
  story.cut_all(10min, 20min);
  const auto after = first_sustained(story, 10min, 20min);
  REQUIRE(after);
  CHECK(*after < 15);
}

TEST_CASE("What fell in a fault of our own link, with the country back before its end, is not sustained",
          "[simulation][sustained]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Story story({}, seed);
    story.cut_all(10min, 2min);
    story.country.link_cuts.push_back({kStart + 10min + 30s, kStart + 20min});
    CHECK_FALSE(first_sustained(story, 10min, 30min));
    // It was found before the fault, so that is not for want of an outage.
    story.run(kStart + 30min);
    CHECK(story.of(event::Scope::kCountry, event::Kind::kOutage).size() == 1);
  }
}

TEST_CASE("It stays so through a fault of our own link and until a relapse would be another outage",
          "[simulation][sustained]") {
  Layout layout;
  layout.change_rules = [](config::Detect& rules) { rules.recovery = 10min; };
  Story story(layout);
  Country& country = story.country;
  story.cut_all(10min, 20min);
  country.link_cuts.push_back({kStart + 15min, kStart + 18min});
  country.run(kStart + 17min);
  CHECK(country.level() == CountryLevel::kUnknown);
  CHECK(is_country_sustained(country));
  country.run(kStart + 39min);
  CHECK(country.level() == CountryLevel::kRecovering);
  CHECK(is_country_sustained(country));
  CHECK_FALSE(is_network_sustained(country));  // a network's relapse is a minute
  country.run(kStart + 41min);
  CHECK(country.level() == CountryLevel::kNormal);
  CHECK_FALSE(is_country_sustained(country));
}

TEST_CASE("It is sustained again soon after a restart, counted from when it began", "[simulation][sustained]") {
  Layout layout;
  Story before(layout);
  before.cut_all(10min, 20min);
  before.country.run(kStart + 10min + 30s);
  REQUIRE(before.country.level() == CountryLevel::kTotal);
  REQUIRE_FALSE(is_country_sustained(before.country));
  pipeline::Pipeline& old = before.country.pipeline;

  Country after(layout, 2, kWallStart + 10min + 40s);
  REQUIRE(after.pipeline.restore(old.memory()));
  for (const auto network : after.networks) after.network_cuts[network].push_back({kStart, kStart + 5min});
  CHECK_FALSE(is_country_sustained(after));
  const MonoTime at = after.run(kStart + 5min, [&] { return is_country_sustained(after); });
  CHECK(base::to_seconds(at - kStart) == Approx(20).margin(10));
}

}  // namespace
}  // namespace blipd::simulation
