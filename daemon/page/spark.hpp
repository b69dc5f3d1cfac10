// A sparkline: one series as a small line without axes, and what it comes to in words.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "daemon/page/html.hpp"

namespace blipd::page {

// One value a step, absent where there is none: the line has a gap there. It goes from `bottom` to `top`, or
// as far as values do. `words` are for those who do not see it.
Html draw_spark(std::span<const std::optional<float>> values, float bottom, float top, std::string_view words);

// Fewer steps: of each `many` the middle or the largest value.
std::vector<std::optional<float>> thinned_to_median(std::span<const std::optional<float>> values, std::size_t many);
std::vector<std::optional<float>> thinned_to_largest(std::span<const std::optional<float>> values, std::size_t many);

}  // namespace blipd::page
