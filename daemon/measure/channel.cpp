#include "daemon/measure/channel.hpp"

namespace blipd::measure {

bool Channel::on_result(const probes::Result& result, std::span<const double> rtt_bounds) {
  if (!tally_.on_result(result)) return false;
  last_outcome_ = result.outcome;
  if (result.outcome == probes::Outcome::kAborted) return true;
  if (result.outcome == probes::Outcome::kAnswered) {
    last_answered_ = result.settled;
    if (result.rtt) {
      last_rtt_ = *result.rtt;
      last_stamps_ = result.stamps;
      histogram_.add(*result.rtt, rtt_bounds);
    }
  }
  windows_.add(result);
  return true;
}

LastResult Channel::last() const {
  LastResult last;
  last.outcome = last_outcome_;
  last.stamps = last_stamps_;
  if (last_rtt_ >= base::Duration::zero()) last.rtt = last_rtt_;
  last.settled = windows_.newest();
  if (last_answered_ != kNever) last.answered = last_answered_;
  return last;
}

}  // namespace blipd::measure
