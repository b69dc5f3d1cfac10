// A stretch of time as a width: where a moment stands, in percent, and which moments deserve a mark. All pictures of a
// document that share a stretch share this, and so line up.
#pragma once

#include <string>
#include <vector>

#include "daemon/page/html.hpp"
#include "probes/base/time.hpp"

namespace blipd::page {

// [from, to).
struct Range {
  base::WallTime from{};
  base::WallTime to{};

  base::Duration length() const { return to - from; }
  // 0 at `from`, 100 at `to`; what lies outside stands at the edge.
  double at(base::WallTime time) const;
};

// "12.5", for attributes: two decimals at most.
std::string decimal(double number);

struct Mark {
  base::WallTime at{};
  std::string text;
};

// At whole hours, days and so on, about eight of them.
std::vector<Mark> marks_of(const Range& range);

// A row of the texts of the marks.
Html axis_row(const Range& range);
// Upright lines at the marks, for within an <svg>.
Html axis_lines(const Range& range);

}  // namespace blipd::page
