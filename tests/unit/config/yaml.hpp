// Shorthand for tests that load a piece of YAML.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "config/load.hpp"

namespace blipd::config {

// The configuration of a text that must be without fault.
inline Configuration load_good(std::string_view yaml) {
  const Loaded loaded = load_text(yaml, "test.yaml");
  for (const Fault& fault : loaded.faults) UNSCOPED_INFO(fault.to_string());
  REQUIRE(loaded.faults.empty());
  return loaded.configuration;
}

// All faults of a text, one a line.
inline std::string faults_of(std::string_view yaml) {
  std::string all;
  for (const Fault& fault : load_text(yaml, "test.yaml").faults) all += fault.to_string() + '\n';
  return all;
}

// All warnings of a text that must be without fault, one a line.
inline std::string warnings_of(std::string_view yaml) {
  const Loaded loaded = load_text(yaml, "test.yaml");
  for (const Fault& fault : loaded.faults) UNSCOPED_INFO(fault.to_string());
  REQUIRE(loaded.faults.empty());
  std::string all;
  for (const Fault& warning : loaded.warnings) all += warning.to_string() + '\n';
  return all;
}

}  // namespace blipd::config
