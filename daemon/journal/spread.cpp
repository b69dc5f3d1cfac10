#include "daemon/journal/spread.hpp"

#include <algorithm>
#include <cstddef>

namespace blipd::journal {

namespace {

constexpr std::array kShares = {0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0};

}  // namespace

void SpreadMixer::add(const Points& points, double weight) {
  ++count_;
  only_ = points;
  weight_ += weight;
  double density = 0;
  for (std::size_t i = 0; i + 1 < points.size(); ++i) {
    const double mass = (kShares[i + 1] - kShares[i]) * weight;
    const double width = points[i + 1] - points[i];
    const double next = width > 0 ? mass / width : 0;
    steps_.push_back({points[i], next - density, width > 0 ? 0 : mass});
    density = next;
  }
  steps_.push_back({points.back(), -density, 0});
}

std::optional<SpreadMixer::Points> SpreadMixer::take() {
  std::optional<Points> taken;
  if (count_ == 1) {
    taken = only_;
  } else if (count_ > 1) {
    std::ranges::sort(steps_, {}, &Step::at);
    taken.emplace();
    taken->front() = steps_.front().at;
    taken->back() = steps_.back().at;
    std::size_t wanted = 1;
    const auto target = [&] { return kShares[wanted] * weight_; };
    double at = steps_.front().at;
    double density = 0;
    double mass = 0;
    for (const Step& step : steps_) {
      const double reached = mass + density * (step.at - at);
      for (; wanted + 1 < kShares.size() && target() <= reached && density > 0; ++wanted) {
        (*taken)[wanted] = std::clamp(at + (target() - mass) / density, at, step.at);
      }
      mass = reached + step.mass;
      for (; wanted + 1 < kShares.size() && target() <= mass; ++wanted) (*taken)[wanted] = step.at;
      density += step.density;
      at = step.at;
    }
    // What rounding kept from being reached.
    for (; wanted + 1 < kShares.size(); ++wanted) (*taken)[wanted] = taken->back();
  }
  steps_.clear();
  count_ = 0;
  weight_ = 0;
  return taken;
}

}  // namespace blipd::journal
