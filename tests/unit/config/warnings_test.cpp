#include <catch2/catch.hpp>
#include <string>

#include "tests/unit/config/yaml.hpp"

namespace blipd::config {

namespace {

const std::string kControls =
    "vantage: {controls: [{host: 192.0.2.101, network: a}, {host: 192.0.2.102, network: b},"
    " {host: 192.0.2.103, network: c}, {host: 192.0.2.104, network: c}, {host: 192.0.2.105, network: c}]}\n";

std::string country(const std::string& network) { return "countries: [{code: XX, networks: [{" + network + "}]}]\n"; }

}  // namespace

TEST_CASE("five controls in three networks and slow probes leave nothing to warn of") {
  CHECK(warnings_of(kControls + country("targets: [192.0.2.1]")) == "");
}

TEST_CASE("fewer than five controls or three networks are warned of") {
  const std::string rest = country("targets: [192.0.2.1]");
  CHECK(warnings_of(rest) ==
        "test.yaml:1:1: vantage.controls: no controls, so a fault of our own link looks like an outage; add targets "
        "outside the country, such as public resolvers, in three networks or more\n");
  CHECK(warnings_of("vantage: {controls: [192.0.2.101, 192.0.2.102, 192.0.2.103, 192.0.2.104]}\n" + rest)
            .find("4 controls of 4 networks (at least 5 of 3 are advised)") != std::string::npos);
  CHECK(warnings_of("vantage: {controls: [192.0.2.101, 192.0.2.102, 192.0.2.103, 192.0.2.104, 192.0.2.105]}\n" +
                    rest) == "");
  CHECK(warnings_of(
            "vantage: {controls: [{host: 192.0.2.101, network: a}, {host: 192.0.2.102, network: a},"
            " {host: 192.0.2.103, network: a}, {host: 192.0.2.104, network: b}, {host: 192.0.2.105, network: b}]}\n" +
            rest)
            .find("5 controls of 2 networks") != std::string::npos);
}

TEST_CASE("a control that is a target too is warned of") {
  CHECK(warnings_of(kControls + country("targets: [192.0.2.101]")) ==
        "test.yaml:2:46: countries[0].networks[0].targets[0]: 192.0.2.101 is a control too; controls must lie outside "
        "the country that is watched\n");
}

TEST_CASE("a public host that is asked more than once a second is warned of, once a probe") {
  CHECK(warnings_of(kControls + country("interval: 1s, targets: [8.8.8.8]")) == "");
  const std::string said = warnings_of(kControls + country("interval: 999ms, targets: [8.8.8.8, 8.8.4.4]"));
  CHECK(said.find("asks 8.8.8.8 every 999ms by probe 'ping'; ") != std::string::npos);
  CHECK(said.find("8.8.4.4") == std::string::npos);
  CHECK(warnings_of(kControls + country("interval: 100ms, timeout: 1s, targets: [192.168.0.1]")) == "");
  CHECK(warnings_of(kControls + country("interval: 100ms, targets: [a.example]")) != "");
}

TEST_CASE("a timeout of more than ten intervals is warned of") {
  CHECK(warnings_of(kControls + country("interval: 1s, timeout: 10s, targets: [192.0.2.1]")) == "");
  CHECK(warnings_of(kControls + country("interval: 1s, timeout: 10001ms, targets: [192.0.2.1]"))
            .find("probe 'ping' waits 10s1ms but asks every 1s, so more than 10 are under way; shorten the timeout") !=
        std::string::npos);
}

TEST_CASE("a target on the do-not-probe list is warned of") {
  const std::string said =
      warnings_of("budget: {do_not_probe: [192.0.2.0/31]}\n" + kControls + country("targets: [192.0.2.1, 192.0.2.2]"));
  CHECK(said.find("192.0.2.1 lies in 192.0.2.0/31 of budget.do_not_probe and will never be asked; ") !=
        std::string::npos);
  CHECK(said.find("192.0.2.2") == std::string::npos);
}

TEST_CASE("more probes than the budget allows are warned of") {
  const std::string rest = country("interval: 1s, targets: [198.51.100.1, 198.51.100.2]");
  CHECK(warnings_of("budget: {prefix_rate: 2}\n" + kControls + rest) == "");
  CHECK(warnings_of("budget: {prefix_rate: 1.9}\n" + kControls + rest)
            .find("2 probes a second are asked of 198.51.100.0/24, 1.9 allowed; ") != std::string::npos);
  CHECK(warnings_of("budget: {total_rate: 3}\n" + kControls + rest) == "");  // five controls every five seconds
  CHECK(warnings_of("budget: {total_rate: 2.9}\n" + kControls + rest)
            .find("3 probes a second are asked for, 2.9 allowed; ") != std::string::npos);
  CHECK(warnings_of("budget: {total_rate: 0, prefix_rate: 0}\n" + kControls + rest) == "");
}

TEST_CASE("a file without any target is good, and warned of once") {
  const std::string said =
      "test.yaml:1:1: countries: no target, so nobody is asked; add one, such as "
      "[{code: XX, networks: [{targets: [192.0.2.1]}]}]\n";
  CHECK(warnings_of("listen: 127.0.0.1:10547") == said);
  CHECK(warnings_of("probes: {web: {type: tcp, port: 80}}") == said);
  CHECK(load_good("countries: []").countries.empty());
  CHECK(faults_of("# only a comment") != "");
}

TEST_CASE("a named probe that nobody uses is warned of") {
  CHECK(warnings_of("probes: {ping: {type: icmp}, web: {type: tcp, port: 80}}\n" + kControls +
                    country("targets: [192.0.2.1]"))
            .find("probes.web: no target uses this probe; ") != std::string::npos);
}

}  // namespace blipd::config
