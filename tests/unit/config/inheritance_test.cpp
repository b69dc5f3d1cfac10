#include <catch2/catch.hpp>
#include <chrono>
#include <variant>

#include "config/settings.hpp"
#include "tests/unit/config/yaml.hpp"

namespace blipd::config {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::vector<Target>& targets_of(const Configuration& configuration) {
  return configuration.countries.at(0).networks.at(0).targets;
}

// The one channel of the one target.
probes::ProbeSpec only_spec(std::string_view yaml) {
  const Configuration configuration = load_good(yaml);
  REQUIRE(targets_of(configuration).at(0).probes.size() == 1);
  return targets_of(configuration)[0].probes[0];
}

}  // namespace

TEST_CASE("one target is enough, and everything else has a default") {
  const Configuration c = load_good("countries: [{code: XX, networks: [{targets: [192.0.2.1]}]}]");
  REQUIRE(c.countries.size() == 1);
  CHECK(c.countries[0].code == "XX");
  CHECK(c.countries[0].name == "XX");
  REQUIRE(c.countries[0].networks.size() == 1);
  const Network& network = c.countries[0].networks[0];
  CHECK(network.name == "default");
  CHECK(network.access == "fixed");
  CHECK(network.weight == 1.0);
  CHECK_FALSE(network.asn);
  REQUIRE(network.targets.size() == 1);
  CHECK(network.targets[0].name == "192.0.2.1");
  CHECK(network.targets[0].host == "192.0.2.1");
  REQUIRE(network.targets[0].probes.size() == 1);
  probes::ProbeSpec ping;
  ping.name = "ping";
  ping.rtt_buckets = default_rtt_buckets();
  ping.ask = probes::IcmpSpec{};
  CHECK(network.targets[0].probes[0] == ping);
  CHECK_FALSE(c.vantage_name.empty());
  CHECK(c.controls.empty());
  CHECK(c.listen == "127.0.0.1:10547");
  CHECK(c.journal == "/var/lib/blipd/journal.db");  // no systemd names a folder to the test
  CHECK(c.record.empty());
  CHECK(c.log_level == "info");
  CHECK(c.engine.ask_at_once);
  CHECK(c.detect.down_threshold == 9.2);
  CHECK(c.budget.total_rate == 20000);
}

TEST_CASE("defaults, named probe, network, target and use cover each other in this order") {
  const std::string head =
      "defaults: {interval: 11s}\nprobes: {ping: {type: icmp, interval: 12s}, web: {type: tcp, port: 80}}\n";
  const auto interval = [&head](const std::string& network) {
    return only_spec(head + "countries: [{code: XX, networks: [{" + network + "}]}]").interval;
  };
  CHECK(interval("targets: [{host: a.example, probes: [web]}]") == seconds(11));
  CHECK(interval("targets: [a.example]") == seconds(12));
  CHECK(interval("interval: 13s, targets: [a.example]") == seconds(13));
  CHECK(interval("interval: 13s, probes: [{use: ping, interval: 14s}], targets: [a.example]") == seconds(14));
  CHECK(interval("interval: 13s, probes: [{use: ping, interval: 14s}], targets: [{host: a.example, interval: 15s}]") ==
        seconds(15));
  CHECK(interval("interval: 13s, targets: [{host: a.example, interval: 15s, probes: [{use: ping, interval: 16s}]}]") ==
        seconds(16));
}

TEST_CASE("a use in the list of defaults counts above the named probe and below the network") {
  const std::string head =
      "defaults: {probes: [{use: ping, interval: 12s}]}\nprobes: {ping: {type: icmp, interval: 11s}}\n";
  CHECK(only_spec(head + "countries: [{code: XX, networks: [{targets: [a.example]}]}]").interval == seconds(12));
  CHECK(only_spec(head + "countries: [{code: XX, networks: [{interval: 13s, targets: [a.example]}]}]").interval ==
        seconds(13));
}

TEST_CASE("each level covers only the settings that it says") {
  const probes::ProbeSpec spec = only_spec(R"(
defaults: {dscp: 8, ttl: 100, timeout: 4s}
probes: {ping: {type: icmp, ttl: 101, size: 200, dont_fragment: true}}
countries:
  - code: XX
    networks:
      - interface: eth1
        targets: [{host: a.example, interval: 250ms, source: 192.0.2.9, rtt_buckets: [1ms, 1s]}]
)");
  CHECK(spec.dscp == 8);
  CHECK(spec.ttl == 101);
  CHECK(spec.timeout == seconds(4));
  CHECK(spec.interface == "eth1");
  CHECK(spec.interval == milliseconds(250));
  CHECK(spec.source == base::Address::parse("192.0.2.9").value());
  CHECK(spec.rtt_buckets == std::vector<double>{0.001, 1.0});
  CHECK(spec.ask == decltype(spec.ask)(probes::IcmpSpec{200, true}));
}

TEST_CASE("the nearest list of probes counts, whole") {
  const Configuration c = load_good(R"(
defaults: {probes: [a]}
probes: {a: {type: icmp}, b: {type: icmp}, c: {type: icmp}}
vantage: {controls: [192.0.2.100, {host: 192.0.2.101, probes: [c]}]}
countries:
  - code: XX
    networks:
      - {name: plain, targets: [192.0.2.1]}
      - {name: listed, probes: [b], targets: [192.0.2.1, {host: 192.0.2.2, probes: [c, a]}]}
)");
  const auto names = [](const Target& target) {
    std::string all;
    for (const auto& spec : target.probes) all += spec.name + ' ';
    return all;
  };
  CHECK(names(c.countries[0].networks[0].targets[0]) == "a ");
  CHECK(names(c.countries[0].networks[1].targets[0]) == "b ");
  CHECK(names(c.countries[0].networks[1].targets[1]) == "c a ");
  CHECK(names(c.controls[0].target) == "a ");
  CHECK(names(c.controls[1].target) == "c ");
}

TEST_CASE("one probe may be used twice under two names, with other settings") {
  const Configuration c = load_good(R"(
countries: [{code: XX, networks: [{targets: [
  {host: 192.0.2.1, probes: [ping, {use: ping, name: large, size: 1400}]}]}]}]
)");
  const auto& specs = targets_of(c)[0].probes;
  REQUIRE(specs.size() == 2);
  CHECK(specs[0].name == "ping");
  CHECK(std::get<probes::IcmpSpec>(specs[0].ask).size == 56);
  CHECK(specs[1].name == "large");
  CHECK(std::get<probes::IcmpSpec>(specs[1].ask).size == 1400);
}

TEST_CASE("every setting of a TCP and a DNS probe arrives") {
  const Configuration c = load_good(R"(
probes:
  web: {type: tcp, port: 443, mode: connect}
  soa:
    type: dns
    query: kp.
    record: SOA
    transport: tcp
    port: 5353
    recursion_desired: true
    nsid: false
    edns_size: 512
    expect: {rcodes: [NOERROR, NXDOMAIN], answer_matches: ['ns1\.'], answer_mismatches: [evil, 'bad$']}
countries: [{code: XX, networks: [{targets: [{host: 192.0.2.1, probes: [web, soa]}]}]}]
)");
  const auto& specs = targets_of(c)[0].probes;
  CHECK(std::get<probes::TcpSpec>(specs.at(0).ask) == probes::TcpSpec{443, probes::TcpMode::kConnect});
  const probes::DnsSpec soa{"kp.",
                            "SOA",
                            probes::DnsTransport::kTcp,
                            5353,
                            true,
                            false,
                            512,
                            {{"NOERROR", "NXDOMAIN"}, {"ns1\\."}, {"evil", "bad$"}}};
  CHECK(std::get<probes::DnsSpec>(specs.at(1).ask) == soa);
}

TEST_CASE("every other key arrives too") {
  const Configuration c = load_good(R"(
vantage:
  name: fra1
  controls:
    - 192.0.2.100
    - {name: anycast, host: 192.0.2.101}
    - {name: other, host: control.example, network: anycast}
countries:
  - code: "NO"
    name: Norway
    networks: [{name: n, asn: 4294967295, access: mobile, upstream: AS4837, weight: 2.5, targets: [a.example.]}]
budget: {total_rate: 1.5, prefix_rate: 0, do_not_probe: [203.0.113.0/24, "2001:db8::/32", 198.51.100.7]}
detect:
  down_threshold: 8
  small_down_threshold: 7
  up_threshold: -8
  clip: 10
  false_failure: 0.01
  down_failure: 0.99
  usual_alpha: 0.001
  usual_floor: 0.2
  control_quorum: 0.6
engine: {late_window: 0s, max_lag: 500ms, ask_at_once: false, shards: 64}
listen: "[::1]:0"
journal: journal.db
record: results.jsonl
log: {level: debug}
)");
  CHECK(c.vantage_name == "fra1");
  REQUIRE(c.controls.size() == 3);
  CHECK(c.controls[0].target.name == "192.0.2.100");
  CHECK(c.controls[0].network == "192.0.2.100");
  CHECK(c.controls[1].network == "anycast");
  CHECK(c.controls[2].network == "anycast");
  CHECK(c.countries[0].code == "NO");
  const Network& network = c.countries[0].networks[0];
  CHECK(network.asn == 4294967295U);
  CHECK(network.access == "mobile");
  CHECK(network.upstream == "AS4837");
  CHECK(network.weight == 2.5);
  CHECK(c.budget.total_rate == 1.5);
  CHECK(c.budget.prefix_rate == 0);
  REQUIRE(c.budget.do_not_probe.size() == 3);
  CHECK(c.budget.do_not_probe[2].to_string() == "198.51.100.7/32");
  CHECK(c.detect.down_threshold == 8);
  CHECK(c.detect.small_down_threshold == 7);
  CHECK(c.detect.up_threshold == -8);
  CHECK(c.detect.clip == 10);
  CHECK(c.detect.false_failure == 0.01);
  CHECK(c.detect.down_failure == 0.99);
  CHECK(c.detect.usual_alpha == 0.001);
  CHECK(c.detect.usual_floor == 0.2);
  CHECK(c.detect.control_quorum == 0.6);
  CHECK(c.engine.late_window == base::Duration::zero());
  CHECK(c.engine.max_lag == milliseconds(500));
  CHECK_FALSE(c.engine.ask_at_once);
  CHECK(c.engine.shards == 64);
  CHECK(c.listen == "[::1]:0");
  CHECK(c.journal == "journal.db");
  CHECK(c.record == "results.jsonl");
  CHECK(c.log_level == "debug");
}

TEST_CASE("a word that YAML could take for something else stays a word") {
  const Configuration c =
      load_good("countries: [{code: NO, networks: [{name: 7018, targets: [{name: true, host: a.example}]}]}]");
  CHECK(c.countries[0].code == "NO");
  CHECK(c.countries[0].networks[0].name == "7018");
  CHECK(targets_of(c)[0].name == "true");
}

TEST_CASE("the ends of every range are good values") {
  CHECK(faults_of(R"(
probes:
  least: {type: icmp, interval: 10ms, timeout: 1ms, dscp: 0, ttl: 1, size: 16}
  most: {type: icmp, interval: 1d, timeout: 5m, dscp: 63, ttl: 255, size: 8972}
  first: {type: tcp, port: 1}
  last: {type: tcp, port: 65535}
  no-edns: {type: dns, query: ., edns_size: 0}
  small-edns: {type: dns, query: ., edns_size: 512}
  large-edns: {type: dns, query: ., edns_size: 4096}
countries: [{code: XX, networks: [{asn: 1, targets: [192.0.2.1]}]}]
)") == "");
}

}  // namespace blipd::config
