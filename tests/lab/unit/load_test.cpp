#include "daemon/simulate/load.hpp"

#include <catch2/catch.hpp>

#include "tests/lab/dns_server.hpp"

namespace {

using namespace blipd;

// The first fault, as it is printed; empty without one.
std::string fault_in(const std::string& yaml) {
  const auto loaded = simulate::load_scenario(yaml, "bad.yaml");
  return loaded.faults.empty() ? "" : loaded.faults.front().to_string();
}

const std::string kNetwork = "networks:\n  - {name: a, targets: [{name: x, host: 198.18.1.1}]}\n";

}  // namespace

TEST_CASE("the scenario that ships loads, and its zones are sound") {
  const auto loaded = simulate::load_scenario_file(BLIPD_SOURCE_DIR "/config/scenarios/lab.yaml");
  for (const auto& fault : loaded.faults) UNSCOPED_INFO(fault.to_string());
  REQUIRE(loaded.faults.empty());
  CHECK(loaded.scenario.code == "LB");
  CHECK(loaded.scenario.networks.size() == 7);
  CHECK(loaded.scenario.repeat == std::chrono::minutes(4));
  const auto dns = lab::DnsServer::make(loaded.scenario);
  CHECK(dns.has_value());
}

TEST_CASE("a target inherits from its network and the network from the defaults") {
  const auto loaded = simulate::load_scenario(R"(
defaults: {loss: 0.1, ttl: 50, open: [22]}
networks:
  - name: a
    loss: 0.2
    targets:
      - {name: x, host: 198.18.1.1}
      - {name: y, host: 198.18.1.2, loss: 0.3, open: [80, 443]}
)",
                                              "test.yaml");
  REQUIRE(loaded.faults.empty());
  const auto& targets = loaded.scenario.networks[0].targets;
  CHECK(targets[0].behaviour.loss == 0.2);
  CHECK(targets[0].behaviour.ttl == 50);
  CHECK(targets[0].services.open == std::vector<std::uint16_t>{22});
  CHECK(targets[1].behaviour.loss == 0.3);
  CHECK(targets[1].services.open == std::vector<std::uint16_t>{80, 443});
}

TEST_CASE("controls with one network's name share it") {
  const auto loaded = simulate::load_scenario(
      "controls: [{name: a, host: 198.18.100.1, network: n}, {name: b, host: 198.18.100.2, network: n}, {name: c, "
      "host: 198.18.100.3}]",
      "test.yaml");
  REQUIRE(loaded.faults.empty());
  REQUIRE(loaded.scenario.networks.size() == 2);
  CHECK(loaded.scenario.networks[0].targets.size() == 2);
  CHECK(loaded.scenario.networks[1].name == "c");
  CHECK(loaded.scenario.networks[1].is_control);
}

TEST_CASE("every fault of a scenario has its place and says what to do") {
  struct Case {
    std::string yaml, place, what;
  };
  const Case cases[] = {
      {"networks: [", "bad.yaml:1:", ""},
      {"{}", "bad.yaml:", "nobody answers; list at least one of networks or controls"},
      {"networks: [{name: a}]", "bad.yaml:1:12: networks[0]:", "holds no address; give it prefixes or targets"},
      {"networks:\n  - {name: a, prefixes: [198.18.1.0/24], losss: 0.1}",
       "bad.yaml:2:42: networks[0]:", "unknown key 'losss'; did you mean 'loss'?"},
      {"networks:\n  - {name: a, prefixes: [198.18.1.0/24], loss: 1.5}", "bad.yaml:2:48: networks[0].loss:", ""},
      {"networks:\n  - {name: a, targets: [{name: x, host: nowhere}]}",
       "bad.yaml:2:41: networks[0].targets[0].host:", "'nowhere' is not an IP address; write one such as 198.18.1.15"},
      {kNetwork + "  - {name: b, targets: [{name: y, host: 198.18.1.1}]}",
       "bad.yaml:3:41: networks[1].targets[0].host:", "belongs to a/x already; use another address"},
      {kNetwork + "  - {name: a, prefixes: [198.18.1.0/24]}",
       "bad.yaml:3:12: networks[1].name:", "'a' is taken by another network; use another"},
      {"networks:\n  - {name: a, prefixes: [198.18.1.0/24], rtt: {shape: lognormal, mean: 5ms}}",
       "bad.yaml:2:72: networks[0].rtt.mean:", "this shape is described by 'median'; use that"},
      {"networks:\n  - {name: a, prefixes: [198.18.1.0/24], rtt: {shape: normal}}",
       "bad.yaml:2:47: networks[0].rtt:", "has no 'mean'; say how long an answer takes"},
      {"networks:\n  - {name: a, prefixes: [198.18.1.0/24], open: [http]}",
       "bad.yaml:2:48: networks[0].open:", "'http' is not a port; give numbers from 1 to 65535"},
      {"networks:\n  - {name: a, prefixes: [198.18.1.0/24], forged: {ratio: 1}}",
       "bad.yaml:2:50: networks[0].forged:", "has no 'wrong'; list some of token, source, ttl"},
      {kNetwork + "timeline: [{at: 1s, networks: [z], effect: cut}]",
       "bad.yaml:3:31: timeline[0].networks:", "there is no network 'z'; list names from above"},
      {kNetwork + "timeline: [{at: 1s, targets: [a/z], effect: cut}]",
       "bad.yaml:3:30: timeline[0].targets:", "there is no target 'a/z'; write network/target"},
      {kNetwork + "timeline: [{at: 1s, effect: cut}]",
       "bad.yaml:3:12: timeline[0]:", "give exactly one of networks, targets, all and vantage"},
      {kNetwork + "timeline: [{at: 1s, all: true, effect: cut, ratio: 0.5}]",
       "bad.yaml:3:52: timeline[0].ratio:", "means nothing to this effect; leave it out"},
      {kNetwork + "timeline: [{at: 1s, all: true, effect: loss}]",
       "bad.yaml:3:12: timeline[0].ratio:", "missing; say which share is lost, from 0 to 1"},
      {"repeat: 10s\n" + kNetwork + "timeline: [{at: 5s, for: 6s, all: true, effect: cut}]",
       "bad.yaml:4:17: timeline[0].at:", "reaches beyond 'repeat'; end it before the timeline starts anew"},
      {kNetwork + "timeline: [{at: 5s, for: 6s, every: 7s, all: true, effect: cut}]",
       "bad.yaml:3:12: timeline[0]:", "every and times belong together; give both or neither"},
      {kNetwork + "timeline: [{at: 5s, for: 6s, every: 5s, times: 2, all: true, effect: cut}]",
       "bad.yaml:3:37: timeline[0].every:", "each turn must end before the next; make it at least as long as 'for'"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.yaml);
    const std::string fault = fault_in(each.yaml);
    CHECK_THAT(fault, Catch::StartsWith(each.place));
    CHECK_THAT(fault, Catch::EndsWith(each.what));
  }
}

TEST_CASE("an effect may end exactly where the timeline starts anew") {
  CHECK(fault_in("repeat: 10s\n" + kNetwork + "timeline: [{at: 5s, for: 5s, all: true, effect: cut}]").empty());
}

TEST_CASE("a scenario that cannot be read is a fault of the file") {
  const auto loaded = simulate::load_scenario_file("/nonexistent/scenario.yaml");
  REQUIRE(loaded.faults.size() == 1);
  CHECK(loaded.faults[0].line == 0);
}

TEST_CASE("a zone's bad record is named with its line") {
  const auto loaded =
      simulate::load_scenario(kNetwork + "zones:\n  - origin: lab.\n    records:\n      - \"@ A x\"\n", "bad.yaml");
  REQUIRE(loaded.faults.empty());
  const auto dns = lab::DnsServer::make(loaded.scenario);
  REQUIRE_FALSE(dns.has_value());
  CHECK_THAT(dns.error().text, Catch::StartsWith("bad.yaml:6: record '@ A x': "));
}
