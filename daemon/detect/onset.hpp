// How a fall went, as facts: what fell in which order, how fast, and what shape that is. Pure; given the parts that
// fell. Says nothing of why.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "daemon/detect/change.hpp"
#include "daemon/event/event.hpp"
#include "probes/base/time.hpp"

namespace blipd::detect {

// Something that fell, or did not: a target of a network, a network of a country.
struct Part {
  std::string_view name;  // belongs to the plan
  double weight = 1;
  std::optional<event::Span> fell;
};

// Sorted by time, with shared ranks where intervals overlap. Parts that did not fall are left out.
std::vector<event::Fall> order_of(const std::vector<Part>& parts);

// From the moment at which a tenth of the weight had fallen to that at which nine tenths had; absent when they have
// not.
std::optional<base::Duration> fall_of(const std::vector<Part>& parts);

// By what was before, and by the order and the speed of the fall as far as they are known.
event::Shape shape_of(bool was_unstable, bool was_degraded, const event::Onset& onset);

// What was before, for several networks taken together: loss and round trips as means, counts as sums.
std::vector<event::Before> joined(const std::vector<std::vector<event::Before>>& parts);
event::Failures joined(const std::vector<event::Failures>& parts);

}  // namespace blipd::detect
