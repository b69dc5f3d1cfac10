#include <catch2/catch.hpp>

#include "config/plan.hpp"
#include "tests/unit/config/yaml.hpp"

namespace blipd::config {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const Target& first_target(const Configuration& c) { return c.countries.at(0).networks.at(0).targets.at(0); }

constexpr const char* kTraced = R"(
defaults: {interval: 1s, timeout: 500ms, dscp: 8}
probes: {path: {type: trace, method: udp}, syn: {type: trace, method: tcp, max_hops: 12, attempts: 3}}
vantage: {controls: [{host: 192.0.2.100, probes: [ping, path]}]}
countries:
  - code: XX
    networks:
      - interval: 2s
        ttl: 9
        targets: [{name: a, host: 192.0.2.1, probes: [path, ping, {use: syn, interval: 30s}]}, 192.0.2.2]
)";

}  // namespace

TEST_CASE("a trace stands beside the probes of a target and is none of them") {
  const Configuration c = load_good(kTraced);
  const Target& target = first_target(c);
  REQUIRE(target.probes.size() == 1);
  CHECK(target.probes[0].name == "ping");
  REQUIRE(target.traces.size() == 2);
  CHECK(target.traces[0].name == "path");
  CHECK(target.traces[1].name == "syn");
  CHECK(c.countries[0].networks[0].targets[1].traces.empty());
}

TEST_CASE("how often hosts are asked says nothing of how often paths are") {
  const Configuration c = load_good(kTraced);
  const Target& target = first_target(c);
  CHECK(target.probes[0].interval == seconds(2));
  CHECK(target.traces[0].interval == minutes(10));
  CHECK(target.traces[0].timeout == seconds(1));
  CHECK(target.traces[0].dscp == 8);
  CHECK(target.traces[0].ttl == 64);
  CHECK(target.traces[1].interval == seconds(30));
}

TEST_CASE("a trace asks the usual port of its method") {
  const Configuration c = load_good(kTraced);
  const auto& traces = first_target(c).traces;
  CHECK(std::get<probes::TraceSpec>(traces[0].ask) == probes::TraceSpec{probes::TraceMethod::kUdp, 33434, 30, 2});
  CHECK(std::get<probes::TraceSpec>(traces[1].ask) == probes::TraceSpec{probes::TraceMethod::kTcp, 80, 12, 3});
}

TEST_CASE("a plan keeps traces apart from channels, controls' too") {
  const auto plan = make_plan(load_good(kTraced), nullptr);
  CHECK(plan->channels.size() == 3);
  REQUIRE(plan->traces.size() == 3);
  CHECK(plan->trace_name(0) == "XX/default/a/path");
  CHECK(plan->trace_name(1) == "XX/default/a/syn");
  CHECK(plan->trace_name(2) == "vantage/192.0.2.100/192.0.2.100/path");
  CHECK(plan->networks[plan->traces[2].network].is_control());
}

TEST_CASE("traces are dumped and load to the same") {
  const Configuration c = load_good(kTraced);
  const std::string text = dump(c);
  const Configuration again = load_good(text);
  CHECK(dump(again) == text);
  CHECK(first_target(again).traces == first_target(c).traces);
  CHECK(again.controls.at(0).target.traces == c.controls.at(0).target.traces);
}

TEST_CASE("the table of autonomous systems is read with the configuration, relative to its folder") {
  const auto folder = std::filesystem::path(BLIPD_SOURCE_DIR) / "tests/unit/config/good";
  const Loaded loaded = load_file(folder / "as_table.yaml");
  for (const Fault& fault : loaded.faults) UNSCOPED_INFO(fault.to_string());
  REQUIRE(loaded.faults.empty());
  CHECK(loaded.configuration.evidence.as_table == (folder / "as_table.csv").string());
  CHECK(loaded.configuration.evidence.table != nullptr);
  CHECK(dump(loaded.configuration).find("as_table: " + (folder / "as_table.csv").string()) != std::string::npos);
  const Loaded without = load_file(folder / "as_table.yaml", {.web_files = WebFiles::kLeave});
  CHECK(without.faults.empty());
  CHECK(without.configuration.evidence.table == nullptr);
}

}  // namespace blipd::config
