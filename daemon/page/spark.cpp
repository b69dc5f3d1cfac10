#include "daemon/page/spark.hpp"

#include <algorithm>

#include "daemon/page/axis.hpp"

namespace blipd::page {

namespace {

template <class Pick>
std::vector<std::optional<float>> thinned(std::span<const std::optional<float>> values, std::size_t many, Pick pick) {
  std::vector<std::optional<float>> result;
  std::vector<float> known;
  for (std::size_t from = 0; from < values.size(); from += many) {
    known.clear();
    for (const auto& value : values.subspan(from, std::min(many, values.size() - from))) {
      if (value) known.push_back(*value);
    }
    result.push_back(known.empty() ? std::nullopt : std::optional(pick(known)));
  }
  return result;
}

}  // namespace

std::vector<std::optional<float>> thinned_to_median(std::span<const std::optional<float>> values, std::size_t many) {
  return thinned(values, many, [](std::vector<float>& known) {
    const auto middle = known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2);
    std::ranges::nth_element(known, middle);
    return *middle;
  });
}

std::vector<std::optional<float>> thinned_to_largest(std::span<const std::optional<float>> values, std::size_t many) {
  return thinned(values, many, [](const std::vector<float>& known) { return *std::ranges::max_element(known); });
}

Html draw_spark(std::span<const std::optional<float>> values, float bottom, float top, std::string_view words) {
  constexpr float kTall = 22;
  for (const auto& value : values) {
    top = std::max(top, value.value_or(top));
    bottom = std::min(bottom, value.value_or(bottom));
  }
  Html html;
  html("<svg class=\"spark\" viewBox=\"0 0 ", std::max<std::size_t>(values.size(), 1),
       " 24\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"", words, "\"><path d=\"");
  bool is_drawing = false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i]) {
      if (is_drawing) html("h.7");  // so that a single value shows
      is_drawing = false;
      continue;
    }
    const float y = 23 - (top > bottom ? kTall * (*values[i] - bottom) / (top - bottom) : 0);
    html(is_drawing ? "L" : "M", i, " ", decimal(static_cast<double>(y)));
    is_drawing = true;
  }
  if (is_drawing) html("h.7");
  html("\"/></svg>");
  return html;
}

}  // namespace blipd::page
