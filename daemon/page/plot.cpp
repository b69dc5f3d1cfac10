#include "daemon/page/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "daemon/page/words.hpp"

namespace blipd::page {

namespace {

constexpr double kTall = 1000;
constexpr int kHead = 8;  // room above the plane, for the topmost text

// [from, to) of bins in which `is_in` holds throughout.
template <class IsIn, class Do>
void for_each_run(std::size_t count, const IsIn& is_in, const Do& act) {
  for (std::size_t from = 0; from < count; ++from) {
    if (!is_in(from)) continue;
    std::size_t to = from + 1;
    while (to < count && is_in(to)) ++to;
    act(from, to);
    from = to;
  }
}

}  // namespace

Scale share_scale(float most) {
  float top = 1;
  for (const float candidate : {0.5F, 0.2F, 0.05F}) {
    if (most <= candidate) top = candidate;
  }
  Scale scale{0, top, {}};
  for (const float share : {0.0F, 0.5F, 1.0F}) {
    const double value = static_cast<double>(share * top);
    scale.lines.push_back({share * top, fmt::format("{:.2g}\u00A0%", 100 * value)});
  }
  scale.lines.back().text = fmt::format("{:.0f}\u00A0%", 100 * static_cast<double>(top));
  return scale;
}

Scale time_scale(float most) {
  // The narrowest of 1, 2 and 5 times a power of ten that needs four lines at most.
  double step = std::pow(10.0, std::floor(std::log10(std::max(static_cast<double>(most), 1e-4))) - 1);
  for (std::size_t i = 0; static_cast<double>(most) > 4 * step; ++i) step *= i % 3 == 1 ? 2.5 : 2;
  Scale scale{0, std::max(most, 1e-4F) * 1.05F, {}};
  for (int i = 0; i < 10 && static_cast<float>(step * i) <= scale.top; ++i) {
    scale.lines.push_back({static_cast<float>(step * i), i == 0 ? "0" : round_trip_in_words(step * i)});
  }
  return scale;
}

double Plot::y(float value) const {
  const float share = (value - scale_.bottom) / (scale_.top - scale_.bottom);
  return kTall * (1 - static_cast<double>(std::clamp(share, 0.0F, 1.0F)));
}

void Plot::area(const Series& low, const Series& high, std::string_view style) {
  const std::size_t count = std::min({low.size(), high.size(), bins_.count});
  front_("<path class=\"", style, "\" d=\"");
  const auto is_known = [&](std::size_t bin) { return low[bin] && high[bin]; };
  for_each_run(count, is_known, [&](std::size_t from, std::size_t to) {
    front_("M", decimal(x(from)), " ", decimal(y(*high[from])));
    // A corner only where the height changes.
    for (std::size_t bin = from; bin < to; ++bin) {
      if (bin == from || high[bin] != high[bin - 1]) front_("V", decimal(y(*high[bin])));
      if (bin + 1 == to || high[bin + 1] != high[bin]) front_("H", decimal(x(bin + 1)));
    }
    for (std::size_t bin = to; bin > from; --bin) {
      if (bin == to || low[bin - 1] != low[bin]) front_("V", decimal(y(*low[bin - 1])));
      if (bin - 1 == from || low[bin - 2] != low[bin - 1]) front_("H", decimal(x(bin - 1)));
    }
    front_("Z");
  });
  front_("\"/>");
}

void Plot::line(const Series& values, std::string_view style) {
  front_("<path class=\"", style, "\" d=\"");
  const std::size_t count = std::min(values.size(), bins_.count);
  for_each_run(
      count, [&](std::size_t bin) { return values[bin].has_value(); },
      [&](std::size_t from, std::size_t to) {
        front_("M", decimal(x(from)), " ", decimal(y(*values[from])));
        std::optional<float> last;
        for (std::size_t bin = from; bin < to; ++bin) {
          if (last != values[bin] && last) front_("V", decimal(y(*values[bin])));
          last = values[bin];
          if (bin + 1 == to || values[bin + 1] != last) front_("H", decimal(x(bin + 1)));
        }
      });
  front_("\"/>");
}

void Plot::stretch(const std::function<bool(std::size_t)>& is_in, std::string_view style, bool is_hatched) {
  for_each_run(bins_.count, is_in, [&](std::size_t from, std::size_t to) {
    const double left = x(from) / 100;
    const double right = x(to) / 100;
    if (right <= left) return;
    back_("<rect class=\"", style, "\" x=\"", decimal(left), "%\" width=\"", decimal(right - left), "%\" y=\"", kHead,
          "\" height=\"", height_, "\"");
    if (is_hatched) back_(" fill=\"url(#hatch)\"");
    back_("/>");
  });
}

Html Plot::finish(std::string_view name) const {
  Html html;
  html("<svg class=\"plot\" width=\"100%\" height=\"", height_ + kHead + 1, "\" role=\"img\" aria-label=\"", name,
       "\">", back_, axis_lines(range_));
  for (const Scale::Line& line : scale_.lines) {
    const std::string at = decimal(kHead + y(line.at) / kTall * height_);
    html("<line class=\"level-line\" x1=\"0\" x2=\"100%\" y1=\"", at, "\" y2=\"", at, "\"/>");
  }
  html("<svg x=\"0\" y=\"", kHead, "\" width=\"100%\" height=\"", height_,
       "\" viewBox=\"0 0 10000 1000\" preserveAspectRatio=\"none\">", front_, "</svg>");
  for (const Scale::Line& line : scale_.lines) {
    const std::string at = decimal(kHead + y(line.at) / kTall * height_ - 3);
    html("<text class=\"scale\" x=\"0\" y=\"", at, "\">", line.text, "</text>");
  }
  html("</svg>", axis_row(range_));
  return html;
}

std::optional<float> median_of(std::span<const std::optional<float>> values) {
  std::vector<float> known;
  for (const auto& value : values) {
    if (value) known.push_back(*value);
  }
  if (known.empty()) return std::nullopt;
  const auto middle = known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2);
  std::ranges::nth_element(known, middle);
  return *middle;
}

}  // namespace blipd::page
