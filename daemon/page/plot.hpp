// What all charts are drawn on: a plane whose width is a range of time and whose height is a scale, with lines for
// both, and paths over bins. A bin is drawn as wide as it is and as high as its one value: nothing is smoothed or
// joined that was not measured so.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/journal/history.hpp"
#include "daemon/page/axis.hpp"
#include "daemon/page/html.hpp"

namespace blipd::page {

using Series = std::vector<std::optional<float>>;  // a value a bin

// From `bottom` to `top`, with a line and a text at each mark.
struct Scale {
  struct Line {
    float at = 0;
    std::string text;
  };
  float bottom = 0;
  float top = 1;
  std::vector<Line> lines;
};

// 0 to 100 %, or to the first of 5, 20 and 50 % that holds `most`.
Scale share_scale(float most);
// Round trips from 0 to somewhat above `most` seconds.
Scale time_scale(float most);

class Plot {
 public:
  Plot(const journal::Bins& bins, const Range& range, Scale scale, int height)
      : bins_(bins), range_(range), scale_(std::move(scale)), height_(height) {}

  // In the order of drawing, the first at the back. `style` is a class.
  void area(const Series& low, const Series& high, std::string_view style);
  void line(const Series& values, std::string_view style);
  // Bins for which it is true, from the bottom to the top of the plane.
  void stretch(const std::function<bool(std::size_t)>& is_in, std::string_view style, bool is_hatched);

  // The <svg>; `name` is said to those who do not see it. With a row for the times below it.
  Html finish(std::string_view name) const;

 private:
  double x(std::size_t bin) const { return 100 * range_.at(bins_.start_of(bin)); }
  double y(float value) const;

  journal::Bins bins_;
  Range range_;
  Scale scale_;
  int height_;
  Html back_;   // in percent
  Html front_;  // in a box of 10,000 by 1,000
};

// The bounds of what is usual in a range itself: the middle of the lower and of the upper values. Absent where there is
// nothing.
std::optional<float> median_of(std::span<const std::optional<float>> values);

}  // namespace blipd::page
