#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "tests/unit/config/yaml.hpp"
#include "tests/unit/folder.hpp"

namespace blipd::config {

namespace {

using test::Folder;

Loaded load(const Folder& folder, const std::string& yaml) { return load_file(folder.write("blipd.yaml", yaml)); }

const std::string kMain = R"(
probes: {web: {type: tcp, port: 80}}
countries:
  - code: XX
    name: Nowhere
    networks: [{name: n, interval: 20s, probes: [web], targets: [192.0.2.1]}]
)";

}  // namespace

TEST_CASE("a target file in JSON adds targets to networks, which they inherit from") {
  const Folder folder;
  folder.write("more.json", R"([
	{"targets": ["192.0.2.2", "ns.example"],
	 "labels": {"country": "XX", "network": "n", "job": "passed over", "__meta_datacenter": "also"}},
	{"targets": ["192.0.2.3"], "labels": {"country": "XX", "network": "n", "probes": "ping, web"}}
])");
  const Loaded loaded = load(folder, "targets_files: [more.json]\n" + kMain);
  REQUIRE(loaded.faults.empty());
  const Network& network = loaded.configuration.countries.at(0).networks.at(0);
  REQUIRE(network.targets.size() == 4);
  CHECK(network.targets[1].name == "192.0.2.2");
  REQUIRE(network.targets[1].probes.size() == 1);
  CHECK(network.targets[1].probes[0].name == "web");
  CHECK(network.targets[1].probes[0].interval == std::chrono::seconds(20));
  CHECK(network.targets[2].host == "ns.example");
  REQUIRE(network.targets[3].probes.size() == 2);
  CHECK(network.targets[3].probes[0].name == "ping");
}

TEST_CASE("a target file may bring countries and networks of its own") {
  const Folder folder;
  folder.write("more.yml",
               "- {targets: [192.0.2.2], labels: {country: YY, network: m}}\n"
               "- {targets: [192.0.2.3], labels: {country: XX, network: m}}\n");
  const Loaded loaded = load(folder, "targets_files: [more.yml]\n" + kMain);
  REQUIRE(loaded.faults.empty());
  REQUIRE(loaded.configuration.countries.size() == 2);
  CHECK(loaded.configuration.countries[0].networks.at(1).name == "m");
  CHECK(loaded.configuration.countries[1].code == "YY");
  CHECK(loaded.configuration.countries[1].name == "YY");
  CHECK(loaded.configuration.countries[1].networks.at(0).targets.at(0).probes.at(0).name == "ping");
}

TEST_CASE("patterns take every file that matches, each once, in the order of names") {
  const Folder folder;
  folder.write("b.json", R"([{"targets": ["192.0.2.3"], "labels": {"country": "XX", "network": "n"}}])");
  folder.write("a.json", R"([{"targets": ["192.0.2.2"], "labels": {"country": "XX", "network": "n"}}])");
  const Loaded loaded = load(folder, "targets_files: ['*.json', a.json, 'none-*.json']\n" + kMain);
  REQUIRE(loaded.faults.empty());
  const auto& targets = loaded.configuration.countries.at(0).networks.at(0).targets;
  REQUIRE(targets.size() == 3);
  CHECK(targets[1].host == "192.0.2.2");
  CHECK(targets[2].host == "192.0.2.3");
  std::string said;
  for (const Fault& warning : loaded.warnings) said += warning.what + '\n';
  CHECK(said.find("no file matches 'none-*.json'; check the pattern") != std::string::npos);
}

TEST_CASE("an empty list in a target file is good, since targets may come later") {
  const Folder folder;
  folder.write("empty.json", "[]");
  folder.write("hollow.json", R"([{"targets": [], "labels": {"country": "YY", "network": "m"}}])");
  CHECK(load(folder, "targets_files: [empty.json, hollow.json]\n" + kMain).faults.empty());
}

TEST_CASE("a label that is nearly one of ours is pointed out") {
  const Folder folder;
  folder.write("a.json",
               R"([{"targets": ["192.0.2.2"], "labels": {"country": "XX", "network": "n", "probe": "ping"}}])");
  const Loaded loaded = load(folder, "targets_files: [a.json]\n" + kMain);
  CHECK(loaded.faults.empty());
  REQUIRE(loaded.warnings.size() == 2);
  CHECK(loaded.warnings[1].line == 1);
  CHECK(loaded.warnings[1].what == "label 'probe' means nothing here; did you mean 'probes'?");
}

}  // namespace blipd::config
