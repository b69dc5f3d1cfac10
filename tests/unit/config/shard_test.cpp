#include "config/shard.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "config/load.hpp"
#include "config/plan.hpp"

using namespace blipd::config;

namespace {

Configuration made_of(std::size_t countries, std::size_t networks) {
  Configuration configuration;
  for (std::size_t c = 0; c < countries; ++c) {
    Country country;
    country.code = {static_cast<char>('A' + c / 26), static_cast<char>('A' + c % 26)};
    for (std::size_t n = 0; n < networks; ++n) {
      Network network;
      network.name = "net" + std::to_string(n);
      network.targets.push_back({"host", "192.0.2.1", {blipd::probes::ProbeSpec{}}});
      country.networks.push_back(network);
    }
    configuration.countries.push_back(country);
  }
  return configuration;
}

std::set<std::string> names_of(const Configuration& configuration) {
  std::set<std::string> names;
  for (const Country& country : configuration.countries) {
    for (const Network& network : country.networks) names.insert(country.code + "/" + network.name);
  }
  return names;
}

}  // namespace

TEST_CASE("a shard is one of how many") {
  const auto shard = parse_shard("2/5");
  REQUIRE(shard);
  CHECK(shard->index == 2);
  CHECK(shard->count == 5);
  CHECK(parse_shard("1/1"));
  CHECK(parse_shard("1024/1024"));
  for (const char* wrong :
       {"", "2", "/", "0/5", "6/5", "2/", "/5", "-1/5", "2/5x", "x2/5", "1/1025", "2 / 5", "2/5/6"}) {
    INFO(wrong);
    CHECK_FALSE(parse_shard(wrong));
  }
}

TEST_CASE("every network falls to exactly one shard, evenly, and all controls to each") {
  Configuration whole = made_of(20, 50);
  whole.controls.resize(3);
  std::set<std::string> seen;
  for (std::uint32_t i = 1; i <= 4; ++i) {
    Configuration part = whole;
    keep_shard(part, {i, 4});
    CHECK(part.controls.size() == 3);
    const auto names = names_of(part);
    CHECK(names.size() > 200);  // of 1000 a quarter: 250, and its standard deviation is 14
    CHECK(names.size() < 300);
    for (const std::string& name : names) CHECK(seen.insert(name).second);
  }
  CHECK(seen == names_of(whole));
}

TEST_CASE("one shard more takes over its own part and moves nothing else") {
  std::size_t moved = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string network = "net" + std::to_string(i);
    const std::uint32_t before = shard_of("KP", network, 4);
    const std::uint32_t after = shard_of("KP", network, 5);
    if (after == before) continue;
    CHECK(after == 5);
    ++moved;
  }
  CHECK(moved > 140);  // a fifth: 200, standard deviation 13
  CHECK(moved < 260);
}

TEST_CASE("what falls where is the same for ever") {
  CHECK(shard_of("KP", "star-jv", 2) == 1);
  CHECK(shard_of("KP", "star-jv", 3) == 1);
  CHECK(shard_of("KP", "koryolink", 3) == 2);
  CHECK(shard_of("SY", "syriatel", 16) == 7);
}

TEST_CASE("one shard of one is everything, and nothing is split") {
  Configuration whole = made_of(2, 5);
  keep_shard(whole, {1, 1});
  CHECK(names_of(whole).size() == 10);
  CHECK_FALSE(whole.countries[0].is_split);
}

TEST_CASE("a country is split where another shard has some of it, and not there where none of it is left") {
  Configuration whole = made_of(1, 1);
  const std::uint32_t owner = shard_of("AA", "net0", 3);
  for (std::uint32_t i = 1; i <= 3; ++i) {
    Configuration part = whole;
    keep_shard(part, {i, 3});
    REQUIRE(part.countries.size() == (i == owner ? 1 : 0));
    if (i == owner) CHECK_FALSE(part.countries[0].is_split);
  }
  Configuration split = made_of(1, 50);
  keep_shard(split, {1, 3});
  CHECK(split.countries.at(0).is_split);
  CHECK(make_plan(split, nullptr)->countries.at(0).is_split);
}

TEST_CASE("a country that becomes whole is known anew") {
  const Configuration whole = made_of(1, 50);
  Configuration split = whole;
  keep_shard(split, {1, 3});
  const auto first = make_plan(split, nullptr);
  const auto second = make_plan(split, first.get());
  CHECK(second->countries.at(0).since_generation == first->countries.at(0).since_generation);
  const auto third = make_plan(whole, second.get());
  CHECK(third->countries.at(0).since_generation == third->generation);
}

TEST_CASE("a shard without any network is warned of, the file being checked as a whole") {
  const std::string_view yaml = "countries: [{code: AA, networks: [{name: net0, targets: [192.0.2.1]}]}]";
  const std::uint32_t other = shard_of("AA", "net0", 2) == 1 ? 2 : 1;
  const Loaded loaded = load_text(yaml, "x.yaml", {.shard = {other, 2}});
  CHECK(loaded.faults.empty());
  CHECK(loaded.configuration.countries.empty());
  REQUIRE_FALSE(loaded.warnings.empty());
  CHECK(loaded.warnings.back().to_string().find("no network falls to shard") != std::string::npos);
}
