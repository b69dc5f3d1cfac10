#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/simulation/country.hpp"

namespace blipd::simulation {
namespace {

double percentile(std::vector<double> values, double q) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
}

// Whether anything of the country is ever believed to be out.
bool is_any_outage(const Country& country) {
  for (std::size_t n = 0; n < country.networks.size(); ++n) {
    if (country.network_state(n) == NetworkState::kOutage) return true;
  }
  return country.level() == CountryLevel::kTotal;
}

TEST_CASE("Our own link's death is never the country's", "[simulation][vantage]") {
  int faults = 0;
  int runs = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Layout layout;
    layout.targets = seed % 3 == 0 ? std::vector{6, 4, 1, 3} : seed % 3 == 1 ? std::vector{3} : std::vector{12, 2};
    layout.controls = seed % 4 == 0 ? 1 : seed % 4 == 1 ? 3 : 5;
    layout.interval = seed % 5 == 0 ? Duration(1s) : seed % 5 == 1 ? Duration(20s) : Duration(5s);
    layout.control_interval = seed % 7 == 0 ? Duration(30s) : Duration(5s);
    layout.channels = seed % 2 == 0 ? 2 : 1;
    Country country(layout, seed);
    country.loss = seed % 6 == 0 ? 0.1 : 0.01;
    country.run(kStart + 120s);
    const MonoTime dead = kStart + 120s + Duration(static_cast<std::int64_t>(country.uniform() * 2e10));
    // Short flickers of the link, and long deaths. Nobody can notice a flicker between two questions to the controls.
    const bool is_thin = layout.controls == 1 || layout.control_interval > 5s;
    const Duration least = is_thin ? layout.control_interval + layout.timeout : Duration(200ms);
    const auto length = least + Duration(static_cast<std::int64_t>(country.uniform() * country.uniform() * 1.2e11));
    country.link_cuts.push_back({dead, dead + length});
    bool was_fault = false;
    country.run(dead + length + 60s, [&] {
      was_fault = was_fault || country.vantage() == VantageState::kFault;
      const bool is_outage = is_any_outage(country);
      if (is_outage) FAIL("an outage of the country for a cut of our link of " << base::to_seconds(length) << " s");
      return is_outage;
    });
    ++runs;
    faults += was_fault ? 1 : 0;
    country.run(dead + length + 180s);
    const auto after = country.snapshot();
    CHECK(after->vantage.state == VantageState::kOk);
    for (const auto n : country.networks) CHECK(after->networks[n].state == NetworkState::kNormal);
    CHECK(after->countries[0].level == CountryLevel::kNormal);
  }
  WARN("own link cut in " << runs << " runs, recognised as a vantage fault in " << faults);
  CHECK(faults > runs / 2);
}

TEST_CASE("One dead host of six is never an outage", "[simulation]") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    Layout layout;
    layout.channels = 1 + static_cast<int>(seed % 3);
    Country country(layout, seed);
    country.loss = 0.02;
    country.run(kStart + 120s);
    country.target_cuts[country.target(0, 2)].push_back({kStart + 120s, kStart + 4h});
    const std::uint64_t before = country.asked;
    country.run(kStart + 1h, [&] {
      REQUIRE_FALSE(is_any_outage(country));
      return false;
    });
    const auto snapshot = country.snapshot();
    CHECK(snapshot->targets[country.target(0, 2)].state == TargetState::kDown);
    CHECK(snapshot->networks[country.networks[0]].reachable_ratio.value_or(0) <= 5.0 / 6.0 + 0.001);
    CHECK(country.asked > before);
  }
}

TEST_CASE("A day of 17 % random loss has no outage, and asking at once stays within its budget", "[simulation]") {
  Layout layout;
  layout.targets = {6, 4, 3};
  layout.interval = 10s;
  layout.control_interval = 10s;
  Country country(layout, 1222);
  country.loss = 0.17;
  country.control_loss = 0.01;
  bool is_outage = false;
  bool is_fault = false;
  country.run(kStart + 24h, [&] {
    is_outage = is_outage || is_any_outage(country);
    is_fault = is_fault || country.vantage() == VantageState::kFault;
    return is_outage;
  });
  CHECK_FALSE(is_outage);
  CHECK_FALSE(is_fault);
  const double share = static_cast<double>(country.asked_at_once) / static_cast<double>(country.asked);
  WARN("asked out of turn: " << 100 * share << " % of probes");
  CHECK(share < 0.5);
  for (std::size_t c = 0; c < country.plan->channels.size(); ++c) {
    const auto& channel = country.plan->channels[c];
    if (!channel.is_active || country.plan->networks[channel.network].is_control()) continue;
    CHECK(country.snapshot()->channels[c].usual_answer_ratio.value_or(0) == Approx(0.83).margin(0.05));
  }
}

struct Latencies {
  std::vector<double> down;
  std::vector<double> up;
};

Latencies measure_latencies(const Layout& layout, int seeds, double loss) {
  Latencies latencies;
  for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(seeds); ++seed) {
    CAPTURE(seed);
    Country country(layout, seed);
    country.loss = loss;
    const MonoTime cut = kStart + 300s + Duration(static_cast<std::int64_t>(country.uniform() * 2e10));
    for (const auto n : country.networks) country.network_cuts[n].push_back({cut, cut + 600s});
    country.run(cut);
    CHECK(country.level() == CountryLevel::kNormal);
    const MonoTime found = country.run(cut + 600s, [&] { return country.level() == CountryLevel::kTotal; });
    CHECK(country.level() == CountryLevel::kTotal);
    latencies.down.push_back(base::to_seconds(found - cut));
    country.run(cut + 600s);
    CHECK(country.level() == CountryLevel::kTotal);
    const MonoTime back = country.run(cut + 1200s, [&] { return country.level() == CountryLevel::kNormal; });
    CHECK(country.level() == CountryLevel::kNormal);
    latencies.up.push_back(base::to_seconds(back - cut - 600s));
  }
  return latencies;
}

TEST_CASE("A total outage is found within the timeout and a few probes, and so is its end", "[simulation]") {
  struct Case {
    const char* name;
    Layout layout;
    double loss;
    double most_down;  // p95, seconds
    double most_up;
  };
  Layout six;
  Layout slow;
  slow.interval = 20s;
  Layout three;
  three.targets = {3};
  three.interval = 20s;
  Layout one;
  one.targets = {1};
  Layout dns;
  dns.targets = {3};
  dns.is_dns = true;
  dns.interval = 30s;
  dns.timeout = 4s;
  Layout fast;
  fast.interval = 1s;
  Layout blind;
  blind.controls = 0;
  Layout many;
  many.targets = {6, 5, 4, 1};
  const std::vector<Case> cases = {
      {"6 targets every 5 s", six, 0.01, 15, 12},
      {"6 targets every 5 s, 10 % loss", six, 0.10, 20, 15},
      {"6 targets every 20 s", slow, 0.01, 30, 45},
      {"3 targets every 20 s", three, 0.01, 40, 60},
      {"1 target every 5 s", one, 0.01, 35, 30},
      {"3 targets, DNS only, every 30 s", dns, 0.01, 60, 90},
      {"6 targets every 1 s", fast, 0.01, 10, 5},
      {"6 targets every 5 s, no controls", blind, 0.01, 15, 12},
      {"four networks of 6, 5, 4 and 1", many, 0.01, 40, 40},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    const Latencies l = measure_latencies(c.layout, 25, c.loss);
    WARN(c.name << ": found after " << percentile(l.down, 0.5) << " s (p50), " << percentile(l.down, 0.95)
                << " s (p95); end after " << percentile(l.up, 0.5) << " s, " << percentile(l.up, 0.95) << " s");
    CHECK(percentile(l.down, 0.95) <= c.most_down);
    CHECK(percentile(l.up, 0.95) <= c.most_up);
  }
}

TEST_CASE("A network that never answered is unknown, and a target that never did has no vote", "[simulation]") {
  Layout layout;
  layout.targets = {4, 2};
  Country country(layout, 5);
  for (const std::size_t t : {0U, 1U}) country.target_cuts[country.target(1, t)].push_back({kStart, kStart + 10h});
  country.target_cuts[country.target(0, 0)].push_back({kStart, kStart + 10h});
  country.run(kStart + 10min, [&] {
    REQUIRE_FALSE(is_any_outage(country));
    return false;
  });
  const auto snapshot = country.snapshot();
  CHECK(snapshot->networks[country.networks[0]].state == NetworkState::kNormal);
  CHECK(snapshot->networks[country.networks[0]].reachable_ratio == 1.0);
  CHECK(snapshot->networks[country.networks[1]].state == NetworkState::kUnknown);
  CHECK_FALSE(snapshot->networks[country.networks[1]].reachable_ratio.has_value());
  CHECK(snapshot->targets[country.target(0, 0)].state == TargetState::kDown);
  CHECK(snapshot->countries[0].level == CountryLevel::kNormal);
  // The rest falls silent: that is the whole country, as far as anybody can tell.
  country.network_cuts[country.networks[0]].push_back({kStart + 10min, kStart + 1h});
  country.run(kStart + 12min);
  CHECK(country.level() == CountryLevel::kTotal);
}

TEST_CASE("A country is partial at once when a network is down, and when a share stays low", "[simulation]") {
  Layout layout;
  layout.targets = {4, 4, 4};
  Country country(layout, 9);
  country.run(kStart + 300s);
  country.network_cuts[country.networks[1]].push_back({kStart + 300s, kStart + 600s});
  country.run(kStart + 330s);
  CHECK(country.network_state(1) == NetworkState::kOutage);
  CHECK(country.level() == CountryLevel::kPartial);
  CHECK(country.snapshot()->countries[0].reachable_ratio.value_or(0) == Approx(2.0 / 3.0));
  CHECK(country.snapshot()->countries[0].usual_reachable_ratio.value_or(0) == Approx(1.0).margin(0.02));
  country.run(kStart + 660s);
  CHECK(country.level() == CountryLevel::kNormal);
  for (std::size_t n = 0; n < 3; ++n) {
    country.target_cuts[country.target(n, 0)].push_back({kStart + 660s, kStart + 2000s});
  }
  country.run(kStart + 700s);
  CHECK(country.level() == CountryLevel::kNormal);
  country.run(kStart + 780s);
  CHECK(country.level() == CountryLevel::kPartial);
}

}  // namespace
}  // namespace blipd::simulation
