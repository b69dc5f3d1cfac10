#include "daemon/engine/roster.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

using namespace blipd;
using base::Address;
using engine::Budget;
using engine::Roster;

namespace {

Address address(const char* text) { return Address::parse(text).value(); }

probes::ProbeSpec ping() {
  probes::ProbeSpec spec;
  spec.name = "ping";
  spec.ask = probes::IcmpSpec{};
  return spec;
}

config::Configuration with_targets(std::vector<config::Target> targets) {
  config::Configuration configuration;
  config::Network network;
  network.name = "n";
  network.targets = std::move(targets);
  configuration.countries = {{"LB", "Labland", {network}}};
  return configuration;
}

struct Bench {
  config::Configuration configuration;
  Budget budget;
  Roster roster;

  explicit Bench(config::Configuration c) : configuration(std::move(c)), budget(configuration.budget) {
    roster.adopt(config::make_plan(configuration, nullptr), budget);
  }
};

std::vector<probes::ChannelIndex> channels_at(const Roster& roster, const char* text) {
  std::vector<probes::ChannelIndex> found;
  roster.find_at(address(text), [&](probes::ChannelIndex channel) {
    found.push_back(channel);
    return false;
  });
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace

TEST_CASE("a literal address is asked at once, a name once it has resolved") {
  Bench b(with_targets({{"a", "198.18.1.1", {ping()}}, {"b", "ns.lab", {ping()}}}));
  CHECK(b.roster.address(0, 0) == address("198.18.1.1"));
  CHECK_FALSE(b.roster.address(1, 0));
  CHECK(b.roster.unresolved_targets() == 1);
  CHECK(b.roster.names() == std::vector<std::string>{"ns.lab"});
  b.roster.resolved("ns.lab", {address("198.18.1.2")});
  CHECK(b.roster.address(1, 0) == address("198.18.1.2"));
  CHECK(b.roster.unresolved_targets() == 0);
}

TEST_CASE("a name with several addresses has them asked in turn") {
  Bench b(with_targets({{"b", "ns.lab", {ping()}}}));
  b.roster.resolved("ns.lab", {address("2001:2::1"), address("198.18.1.2"), address("198.18.1.2")});
  CHECK(b.roster.address(0, 0) == address("198.18.1.2"));
  CHECK(b.roster.address(0, 1) == address("2001:2::1"));
  CHECK(b.roster.address(0, 2) == address("198.18.1.2"));
}

TEST_CASE("the last addresses stay when a name stops resolving", "[complaint]") {
  Bench b(with_targets({{"b", "ns.lab", {ping()}}}));
  b.roster.resolved("ns.lab", {address("198.18.1.2")});
  b.roster.resolved("ns.lab", {});
  CHECK(b.roster.address(0, 0) == address("198.18.1.2"));
}

TEST_CASE("a reload keeps what names resolved to") {
  Bench b(with_targets({{"b", "ns.lab", {ping()}}}));
  b.roster.resolved("ns.lab", {address("198.18.1.2")});
  b.roster.adopt(
      config::make_plan(with_targets({{"b", "ns.lab", {ping()}}, {"c", "198.18.1.3", {ping()}}}), &b.roster.plan()),
      b.budget);
  CHECK(b.roster.address(0, 0) == address("198.18.1.2"));
  CHECK(b.roster.address(1, 0) == address("198.18.1.3"));
}

TEST_CASE("a probe with a source address asks only addresses of its family") {
  auto v6 = ping();
  v6.source = address("2001:2::99");
  Bench b(with_targets({{"b", "ns.lab", {v6}}}));
  b.roster.resolved("ns.lab", {address("198.18.1.2"), address("2001:2::1")});
  CHECK(b.roster.address(0, 0) == address("2001:2::1"));
  CHECK(b.roster.address(0, 1) == address("2001:2::1"));
}

TEST_CASE("an address on the do-not-probe list is never given out") {
  auto configuration = with_targets({{"a", "198.18.1.1", {ping()}}, {"b", "ns.lab", {ping()}}});
  configuration.budget.do_not_probe = {*base::Prefix::parse("198.18.1.0/24")};
  Bench b(configuration);
  b.roster.resolved("ns.lab", {address("198.18.1.2"), address("198.18.2.2")});
  CHECK_FALSE(b.roster.address(0, 0));
  CHECK(b.roster.address(1, 0) == address("198.18.2.2"));
  CHECK(b.roster.address(1, 1) == address("198.18.2.2"));
  CHECK(b.roster.refused_targets() == 2);
}

TEST_CASE("two targets on one address are both found there", "[complaint]") {
  Bench b(with_targets({{"a", "198.18.1.1", {ping()}}, {"b", "198.18.1.1", {ping()}}}));
  CHECK(channels_at(b.roster, "198.18.1.1") == std::vector<probes::ChannelIndex>{0, 1});
  CHECK(channels_at(b.roster, "198.18.1.9").empty());
}

TEST_CASE("a channel is found at the addresses that its name has now, and at no former one") {
  Bench b(with_targets({{"b", "ns.lab", {ping()}}}));
  for (int i = 0; i < 500; ++i) {
    const auto now = "198.18.2." + std::to_string(i % 250 + 1);
    const auto before = "198.18.2." + std::to_string((i + 249) % 250 + 1);
    b.roster.resolved("ns.lab", {address(now.c_str()), address("2001:2::1")});
    REQUIRE(channels_at(b.roster, now.c_str()).size() == 1);
    REQUIRE(channels_at(b.roster, "2001:2::1").size() == 1);
    REQUIRE(channels_at(b.roster, before.c_str()).empty());
  }
}

TEST_CASE("names with a great many addresses are all found again") {
  std::vector<config::Target> targets;
  for (int t = 0; t < 12; ++t)
    targets.push_back({"t" + std::to_string(t), "ns" + std::to_string(t) + ".lab", {ping()}});
  Bench b(with_targets(targets));
  for (int t = 0; t < 12; ++t) {
    std::vector<Address> addresses;
    for (int a = 1; a <= 200; ++a) {
      addresses.push_back(address(("198.18." + std::to_string(t) + "." + std::to_string(a)).c_str()));
    }
    b.roster.resolved("ns" + std::to_string(t) + ".lab", addresses);
  }
  for (int t = 0; t < 12; ++t) {
    for (int a = 1; a <= 200; ++a) {
      const auto text = "198.18." + std::to_string(t) + "." + std::to_string(a);
      REQUIRE(channels_at(b.roster, text.c_str()) == std::vector<probes::ChannelIndex>{static_cast<unsigned>(t)});
    }
  }
}

TEST_CASE("reloads leave the roster as a new one for the same plan would be") {
  std::mt19937 random(3);
  const auto made_up = [&] {
    std::vector<config::Target> targets;
    for (int t = 0; t < 40; ++t) {
      if (random() % 3 == 0) continue;
      const auto host = random() % 4 == 0
                            ? "ns" + std::to_string(random() % 5) + ".lab"
                            : "198.18." + std::to_string(random() % 3) + "." + std::to_string(1 + random() % 9);
      auto probe = ping();
      if (random() % 4 == 0) probe.source = address("2001:2::99");
      targets.push_back({"t" + std::to_string(t), host, {probe}});
    }
    auto configuration = with_targets(targets);
    if (random() % 4 == 0) configuration.budget.do_not_probe = {*base::Prefix::parse("198.18.1.0/24")};
    return configuration;
  };
  Bench b(made_up());
  std::unique_ptr<Budget> budget;
  for (int turn = 0; turn < 300; ++turn) {
    if (random() % 2 == 0) {
      const auto name = "ns" + std::to_string(random() % 5) + ".lab";
      const std::vector<Address> found = {address("198.18.1.77"), address("2001:2::7")};
      b.roster.resolved(name, {found[random() % 2]});
    } else {
      const auto configuration = made_up();
      auto next = std::make_unique<Budget>(configuration.budget);
      b.roster.adopt(config::make_plan(configuration, &b.roster.plan()), *next);
      budget = std::move(next);
    }
    const auto& plan = b.roster.plan();
    Roster fresh;
    const Budget limits(plan.configuration.budget);
    fresh.adopt(std::make_shared<const config::Plan>(plan), limits);
    for (const auto& name : fresh.names()) fresh.resolved(name, b.roster.addresses_of(name));
    REQUIRE(fresh.names() == b.roster.names());
    REQUIRE(fresh.unresolved_targets() == b.roster.unresolved_targets());
    REQUIRE(fresh.refused_targets() == b.roster.refused_targets());
    for (probes::ChannelIndex c = 0; c < plan.channels.size(); ++c)
      REQUIRE(fresh.address(c, 1) == b.roster.address(c, 1));
    for (const char* text : {"198.18.0.1", "198.18.1.5", "198.18.2.9", "198.18.1.77", "2001:2::7"}) {
      REQUIRE(channels_at(fresh, text) == channels_at(b.roster, text));
    }
  }
}
