// The vantage test: whether the fault is ours. Owns what is known from the controls: how many answer, since
// when the vantage point is at fault, which failures are void because of it, and up to when the controls vouch
// for the vantage point. Never judges a country.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "config/model.hpp"
#include "daemon/detect/contact.hpp"
#include "daemon/detect/states.hpp"
#include "probes/base/time.hpp"

namespace blipd::detect {

// With fewer controls than this, one is believed to be silent only after two failures in a row: a single lost
// probe of each of two would otherwise be a fault.
inline constexpr std::size_t kManyControls = 5;

// What one control says. kUnknown: not settled yet.
struct ControlView {
  TargetState state = TargetState::kUnknown;
  base::MonoTime answered_sent = kNever;  // of the latest probe answered
};

class VantageTest {
 public:
  // All controls, as they stand at `now`. True when the state changed.
  bool update(const std::vector<ControlView>& controls, base::MonoTime now, const config::Detect& rules);

  VantageState state() const { return state_; }
  std::optional<double> answer_ratio() const { return answer_ratio_; }
  std::optional<base::MonoTime> since() const { return since_; }
  base::MonoTime vouched_until() const { return vouched_until_; }

  // Whether a failure of a probe sent then says nothing, since the vantage point was, or is, at fault.
  bool is_void(base::MonoTime sent) const { return state_ == VantageState::kFault || sent < void_before_; }
  // Failures of probes sent until then may be believed: a quorum of the controls has answered a probe that was sent
  // no earlier. Without controls nobody can vouch, and everything is believed.
  bool is_vouched(base::MonoTime sent) const { return !has_controls_ || sent <= vouched_until_; }

 private:
  VantageState state_ = VantageState::kUnknown;
  bool has_controls_ = false;
  std::optional<double> answer_ratio_;
  std::optional<base::MonoTime> since_;
  base::MonoTime void_before_ = kNever;
  base::MonoTime vouched_until_ = kNever;
  std::vector<base::MonoTime> scratch_;
};

}  // namespace blipd::detect
