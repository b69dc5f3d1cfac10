// Round trips of many minutes as one distribution, from the points that are kept of each: within a minute they lie
// evenly between its points, and a minute weighs as much as it had answers. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace blipd::journal {

// Round trips of a bin, seconds. Of one minute they are exact; of more, as if each minute's round trips lay evenly
// between the points that are kept of it.
struct RttSpread {
  float least = 0, p10 = 0, p25 = 0, p50 = 0, p75 = 0, p90 = 0, most = 0;
};

class SpreadMixer {
 public:
  // Ascending: the least, p10, p25, p50, p75, p90, the most; any unit.
  using Points = std::array<double, 7>;

  void add(const Points& points, double weight);
  // Of all since the last call; absent: there were none.
  std::optional<Points> take();

 private:
  // The density of the mixture changes only at points.
  struct Step {
    double at = 0;
    double density = 0;  // by how much it changes here
    double mass = 0;     // that lies here as a whole
  };

  std::vector<Step> steps_;
  Points only_{};  // of the last that was added
  std::size_t count_ = 0;
  double weight_ = 0;
};

}  // namespace blipd::journal
