#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "config/plan.hpp"
#include "tests/unit/config/yaml.hpp"

namespace blipd::config {

namespace {

// Compares by the plan, which holds all that runs, and by the dump, which holds the rest.
void check_round_trip(const Configuration& configuration) {
  const std::string text = dump(configuration);
  INFO(text);
  const Configuration again = load_good(text);
  CHECK(dump(again) == text);
  const auto before = make_plan(configuration, nullptr);
  const auto after = make_plan(again, nullptr);
  REQUIRE(before->channels.size() == after->channels.size());
  for (ChannelIndex i = 0; i < before->channels.size(); ++i) {
    CHECK(before->channel_name(i) == after->channel_name(i));
    CHECK(before->channels[i].spec() == after->channels[i].spec());
    CHECK(before->targets[before->channels[i].target].host == after->targets[after->channels[i].target].host);
  }
  REQUIRE(before->networks.size() == after->networks.size());
  for (std::size_t i = 0; i < before->networks.size(); ++i) {
    CHECK(before->networks[i].name == after->networks[i].name);
    CHECK(before->networks[i].asn == after->networks[i].asn);
    CHECK(before->networks[i].access == after->networks[i].access);
    CHECK(before->networks[i].upstream == after->networks[i].upstream);
    CHECK(before->networks[i].weight == after->networks[i].weight);
  }
  CHECK(again.vantage_name == configuration.vantage_name);
  CHECK(again.budget.total_rate == configuration.budget.total_rate);
  CHECK(again.budget.prefix_rate == configuration.budget.prefix_rate);
  CHECK(again.budget.do_not_probe == configuration.budget.do_not_probe);
  CHECK(again.detect.usual_alpha == configuration.detect.usual_alpha);
  CHECK(again.detect.down_failure == configuration.detect.down_failure);
  CHECK(again.engine.late_window == configuration.engine.late_window);
  CHECK(again.engine.max_lag == configuration.engine.max_lag);
  CHECK(again.engine.ask_at_once == configuration.engine.ask_at_once);
  CHECK(again.engine.shards == configuration.engine.shards);
  CHECK(again.listen == configuration.listen);
  CHECK(again.journal == configuration.journal);
  CHECK(again.record == configuration.record);
  CHECK(again.log_level == configuration.log_level);
}

}  // namespace

TEST_CASE("the examples load without a fault, and what is dumped of them loads to the same") {
  for (const char* name : {"minimal", "kp", "lab"}) {
    INFO(name);
    const Loaded loaded =
        load_file(std::filesystem::path(BLIPD_SOURCE_DIR) / "config/examples" / (std::string(name) + ".yaml"));
    for (const Fault& fault : loaded.faults) UNSCOPED_INFO(fault.to_string());
    CHECK(loaded.faults.empty());
    check_round_trip(loaded.configuration);
  }
}

TEST_CASE("the examples of countries give nothing to warn of") {
  for (const char* name : {"kp", "lab"}) {
    INFO(name);
    const Loaded loaded =
        load_file(std::filesystem::path(BLIPD_SOURCE_DIR) / "config/examples" / (std::string(name) + ".yaml"));
    for (const Fault& warning : loaded.warnings) UNSCOPED_INFO(warning.to_string());
    CHECK(loaded.warnings.empty());
  }
}

TEST_CASE("the laboratory's example asks addresses set aside for measurements, and no others") {
  const Loaded loaded = load_file(std::filesystem::path(BLIPD_SOURCE_DIR) / "config/examples/lab.yaml");
  const auto plan = make_plan(loaded.configuration, nullptr);
  const auto v4 = base::Prefix::parse("198.18.0.0/15").value();
  const auto v6 = base::Prefix::parse("2001:2::/48").value();
  CHECK(plan->targets.size() == 22);
  for (const PlannedTarget& target : plan->targets) {
    INFO(target.host);
    const auto address = base::Address::parse(target.host);
    REQUIRE(address);
    CHECK((v4.contains(*address) || v6.contains(*address)));
  }
}

TEST_CASE("a dump keeps every setting, whatever level it came from") {
  check_round_trip(load_good(R"(
vantage: {name: "a: b", controls: [{name: "[x]", host: 2001:db8::1, network: "#1"}]}
defaults: {ttl: 99, rtt_buckets: [1500us, 20ms, 1s]}
probes:
  ping: {type: icmp, size: 100, dont_fragment: true, dscp: 46, interface: eth0}
  ping-2: {type: icmp}
  web: {type: tcp, port: 443, mode: connect, source: "2001:db8::9"}
  "null": {type: dns, query: "a\\032b.kp", record: TYPE65, transport: tcp, expect: {rcodes: [NOERROR], answer_matches: ["\"x\"\t\\d"], answer_mismatches: ["'"]}}
countries:
  - code: XX
    name: "조선 'n' \"d\""
    networks:
      - {name: a, weight: 0.1, asn: 7, upstream: "~", targets: [192.0.2.1, {host: 192.0.2.2, interval: 7s}]}
      - {name: b, interval: 1m30s, probes: [ping, ping-2, "null", {use: web, name: ping-3}], targets: [a.example, 192.0.2.1]}
budget: {total_rate: 0.3, do_not_probe: [192.0.2.0/25]}
detect: {usual_alpha: 0.00012345}
engine: {late_window: 1s1ms1us, ask_at_once: false, shards: 3}
record: "results: today.jsonl"
log: {level: error}
)"));
}

}  // namespace blipd::config
