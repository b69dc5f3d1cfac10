#include "daemon/page/axis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "daemon/page/words.hpp"

namespace blipd::page {

namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::array<base::Duration, 17> kSteps = {
    minutes(1),    minutes(2),    minutes(5),    minutes(10),    minutes(15),   minutes(30),
    hours(1),      hours(2),      hours(3),      hours(6),       hours(12),     hours(24),
    hours(24 * 2), hours(24 * 4), hours(24 * 7), hours(24 * 14), hours(24 * 28)};
constexpr std::int64_t kMostMarks = 9;
// Nearer to an edge than this, in percent, a text would be cut off.
constexpr double kMargin = 3;

base::Duration step_of(base::Duration length) {
  for (const base::Duration step : kSteps) {
    if (length / step <= kMostMarks) return step;
  }
  return length / kMostMarks + base::Duration(1);
}

}  // namespace

double Range::at(base::WallTime time) const {
  if (to <= from) return 0;
  const double share = base::to_seconds(time - from) / base::to_seconds(to - from);
  return 100 * std::clamp(share, 0.0, 1.0);
}

std::string decimal(double number) {
  std::string text = fmt::format("{:.2f}", number);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::vector<Mark> marks_of(const Range& range) {
  std::vector<Mark> marks;
  if (range.to <= range.from) return marks;
  const base::Duration step = step_of(range.length());
  const std::int64_t first = range.from.time_since_epoch() / step;
  for (std::int64_t i = first; base::WallTime(step * i) < range.to; ++i) {
    const base::WallTime at(step * i);
    if (at < range.from) continue;
    const bool is_midnight = at.time_since_epoch() % hours(24) == base::Duration::zero();
    marks.push_back({at, is_midnight ? day_in_words(at) : clock_in_words(at)});
  }
  return marks;
}

Html axis_row(const Range& range) {
  Html html;
  html("<svg class=\"axis\" width=\"100%\" height=\"18\" aria-hidden=\"true\">");
  std::size_t shown = 0;
  for (const Mark& mark : marks_of(range)) {
    const double x = range.at(mark.at);
    if (x < kMargin || x > 100 - kMargin) continue;
    html("<text x=\"", decimal(x), "%\" y=\"13\"");
    if (shown++ % 2 == 1) html(" class=\"spare\"");  // left out where there is little room
    html(">", mark.text, "</text>");
  }
  html("</svg>\n");
  return html;
}

Html axis_lines(const Range& range) {
  Html html;
  for (const Mark& mark : marks_of(range)) {
    const std::string x = decimal(range.at(mark.at));
    html("<line class=\"mark\" x1=\"", x, "%\" x2=\"", x, "%\" y1=\"0\" y2=\"100%\"/>");
  }
  return html;
}

}  // namespace blipd::page
