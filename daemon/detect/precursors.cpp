#include "daemon/detect/precursors.hpp"

#include <cmath>

namespace blipd::detect {

Precursors::Step& Precursors::step(base::MonoTime now) {
  if (!steps_) steps_ = std::make_unique<std::array<Step, kSteps>>();
  const std::int32_t number = number_of(now);
  Step& step = (*steps_)[static_cast<std::size_t>(number) % kSteps];
  if (step.number != number) {
    step = {};
    step.number = number;
  }
  return step;
}

event::Before Precursors::before(base::MonoTime start, base::Duration length, const Flaps& flaps) const {
  event::Before result;
  result.length = length;
  const base::MonoTime just_before = start - base::Duration(1);
  result.flaps = flaps.count(just_before, length);
  if (!steps_) return result;
  const std::int32_t last = number_of(start) - 1;  // the step of the onset itself holds the fall
  const std::int32_t first = number_of(start - length);
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;
  std::uint64_t excesses = 0;
  double excess = 0;
  double n = 0, sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
  for (const Step& step : *steps_) {
    if (step.number < first || step.number > last) continue;
    answered += step.answered;
    failed += step.failed;
    result.late += step.late;
    excess += static_cast<double>(step.excess);
    excesses += step.excesses;
    const double total = static_cast<double>(step.answered) + step.failed;
    if (total == 0) continue;
    const double x = static_cast<double>(step.number - last) * base::to_seconds(kStep) / 3600.0;
    const double y = step.failed / total;
    n += 1;
    sum_x += x;
    sum_y += y;
    sum_xx += x * x;
    sum_xy += x * y;
  }
  if (answered + failed > 0) {
    result.loss_ratio = static_cast<double>(failed) / static_cast<double>(answered + failed);
  }
  const double spread = n * sum_xx - sum_x * sum_x;
  if (n >= 3 && spread > 0) result.loss_slope = (n * sum_xy - sum_x * sum_y) / spread;
  if (excesses > 0) result.rtt_ratio = std::exp(excess / static_cast<double>(excesses));
  return result;
}

}  // namespace blipd::detect
