// docs/configuration.md has a table for each mapping, under a heading that begins with its name in backticks.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "config/keys.hpp"
#include "tests/unit/config/yaml.hpp"

namespace blipd::config {

namespace {

using KeysByGroup = std::map<std::string, std::set<std::string>>;

std::ifstream open_document() {
  std::ifstream in(std::filesystem::path(BLIPD_SOURCE_DIR) / "docs/configuration.md");
  REQUIRE(in);
  return in;
}

KeysByGroup documented_keys() {
  static const std::regex kHeading("^##+ `([a-z ]+)`.*");
  static const std::regex kAnyHeading("^#+ .*");
  static const std::regex kRow("^\\| `([A-Za-z_0-9-]+)` \\|.*");
  KeysByGroup keys;
  std::string group;
  std::ifstream in = open_document();
  for (std::string line; std::getline(in, line);) {
    std::smatch match;
    if (std::regex_match(line, match, kHeading)) {
      group = match[1];
    } else if (std::regex_match(line, kAnyHeading)) {
      group.clear();
    } else if (std::regex_match(line, match, kRow)) {
      INFO(line);
      CHECK_FALSE(group.empty());
      CHECK(keys[group].insert(match[1]).second);
    }
  }
  return keys;
}

}  // namespace

TEST_CASE("every key that the loader knows is documented, and no other") {
  KeysByGroup known;
  for (const KeyGroup& group : key_groups()) {
    known[std::string(group.name)] = {group.keys.begin(), group.keys.end()};
  }
  CHECK(documented_keys() == known);
}

TEST_CASE("every whole example of the documentation that stands alone loads") {
  std::ifstream in = open_document();
  std::string block;
  bool is_inside = false;
  int loaded = 0;
  for (std::string line; std::getline(in, line);) {
    if (line == "```yaml") {
      is_inside = true;
      block.clear();
    } else if (line == "```" && is_inside) {
      is_inside = false;
      // A fragment is completed with what it leaves out.
      if (block.find("targets:\n") == 0) continue;
      if (block.find("probes:\n") != 0) {
        block += "probes: {ping: {type: icmp}, web: {type: tcp, port: 80}, soa: {type: dns, query: ., record: SOA}}\n";
      }
      if (block.find("countries:") == std::string::npos) {
        block += "countries: [{code: XX, networks: [{targets: [192.0.2.1]}]}]\n";
      }
      load_good(block);
      ++loaded;
    } else if (is_inside) {
      block += line + '\n';
    }
  }
  CHECK(loaded == 4);
}

}  // namespace blipd::config
