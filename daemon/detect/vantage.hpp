// The vantage test: whether the fault is ours. Owns what is known from the controls: how many answer, since
// when the vantage point is at fault, which failures are void because of it, and up to when the controls vouch
// for the vantage point. Never judges a country.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "config/model.hpp"
#include "daemon/detect/contact.hpp"
#include "daemon/detect/states.hpp"
#include "daemon/detect/witness.hpp"
#include "probes/base/time.hpp"

namespace blipd::detect {

// With fewer controls than this, one is believed to be silent only after two failures in a row: a single lost
// probe of each of two would otherwise be a fault.
inline constexpr std::size_t kManyControls = 5;

// What one control says. kUnknown: not settled yet.
struct ControlView {
  TargetState state = TargetState::kUnknown;
  const Witness* witness = nullptr;  // never null where the state is known; outlives the next update()
};

// What the controls say of the time at which some probe was sent.
enum class Testimony : std::uint8_t {
  kVouched,  // a quorum vouches for it
  kOpen,     // too few have been asked since
  kAgainst,  // so many speak against it that there can be no quorum
};

class VantageTest {
 public:
  // All controls, as they stand at `now`. True when the state changed. `answered_here`: the share of their probes that
  // is answered just now, 0–1; of those that loss near us leaves, half is as good as half of all.
  bool update(const std::vector<ControlView>& controls, base::MonoTime now, const config::Detect& rules,
              double answered_here = 1);

  VantageState state() const { return state_; }
  std::optional<double> answer_ratio() const { return answer_ratio_; }
  std::optional<base::MonoTime> since() const { return since_; }

  // Whether a failure of a probe sent then says nothing, since the vantage point was, or is, at fault.
  bool is_void(base::MonoTime sent) const { return state_ == VantageState::kFault || sent < void_before_; }
  // Whether a failure of a probe sent then may be believed: a short death of our own link, which the controls notice
  // too, does not pass for the country's once it is over. Without controls nobody can speak, and everything is
  // believed.
  Testimony testimony(base::MonoTime sent) const;
  // A quorum has answered a probe sent then or later.
  base::MonoTime vouched_until() const { return vouched_until_; }

 private:
  VantageState state_ = VantageState::kUnknown;
  std::vector<ControlView> controls_;  // those that are known
  std::size_t quorum_ = 0;
  std::size_t vouching_quorum_ = 0;
  bool has_controls_ = false;
  std::optional<double> answer_ratio_;
  std::optional<base::MonoTime> since_;
  base::MonoTime void_before_ = kNever;
  base::MonoTime vouched_until_ = kNever;
  std::vector<base::MonoTime> scratch_;
};

}  // namespace blipd::detect
