// Whether the events that a simulation found are those that its scenario expects.
#pragma once

#include <string>
#include <vector>

#include "daemon/simulate/scenario.hpp"

namespace blipd::simulate {

bool matches(const Expectation& wanted, const event::Event& event);

struct Finding {
  bool is_met = false;
  std::size_t found = 0;
  std::string text;  // "met: …" or "NOT met: …; found 0, expected 1"
};
std::vector<Finding> compare(const std::vector<Expectation>& expectations, const std::vector<event::Event>& events);

}  // namespace blipd::simulate
