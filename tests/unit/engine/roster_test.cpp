#include "daemon/engine/roster.hpp"

#include <catch2/catch.hpp>

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
  CHECK(b.roster.channels_at(address("198.18.1.1")).size() == 2);
  CHECK(b.roster.channels_at(address("198.18.1.9")).empty());
}
