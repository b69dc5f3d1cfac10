#include "daemon/detect/vantage.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace blipd::detect {

bool VantageTest::update(const std::vector<ControlView>& controls, base::MonoTime now, const config::Detect& rules,
                         double answered_here) {
  has_controls_ = !controls.empty();
  std::size_t up = 0;
  scratch_.clear();
  controls_.clear();
  for (const ControlView& control : controls) {
    if (control.state == TargetState::kUnknown) continue;
    controls_.push_back(control);
    if (control.state == TargetState::kUp) ++up;
    scratch_.push_back(control.witness->answered());
  }
  const std::size_t known = controls_.size();
  const VantageState before = state_;
  if (known == 0) {
    answer_ratio_.reset();
    vouched_until_ = kNever;
    state_ = VantageState::kUnknown;
  } else {
    const double needed = rules.control_quorum * static_cast<double>(known) * answered_here;
    quorum_ = std::clamp<std::size_t>(static_cast<std::size_t>(std::ceil(needed)), 1, known);
    // To vouch takes two answers.
    const auto vouching = static_cast<std::size_t>(std::ceil(needed * answered_here));
    vouching_quorum_ = std::clamp<std::size_t>(vouching, 1, known);
    const auto nth = scratch_.begin() + static_cast<std::ptrdiff_t>(quorum_ - 1);
    std::nth_element(scratch_.begin(), nth, scratch_.end(), std::greater<>());
    vouched_until_ = *nth;
    answer_ratio_ = static_cast<double>(up) / static_cast<double>(known);
    state_ = static_cast<double>(up) < needed ? VantageState::kFault : VantageState::kOk;
  }
  if (state_ == before) return false;
  since_ = now;
  // What was sent during the fault stays void, also when its timeout passes after the fault.
  if (before == VantageState::kFault) void_before_ = now;
  return true;
}

Testimony VantageTest::testimony(base::MonoTime sent) const {
  if (!has_controls_) return Testimony::kVouched;
  if (controls_.empty()) return Testimony::kOpen;
  std::size_t vouching = 0;
  std::size_t against = 0;
  for (const ControlView& control : controls_) {
    vouching += control.witness->vouches(sent) ? 1 : 0;
    against += control.witness->speaks_against(sent) ? 1 : 0;
  }
  if (vouching >= vouching_quorum_) return Testimony::kVouched;
  return against > controls_.size() - vouching_quorum_ ? Testimony::kAgainst : Testimony::kOpen;
}

}  // namespace blipd::detect
