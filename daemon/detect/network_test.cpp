#include "daemon/detect/network_test.hpp"

#include <algorithm>
#include <cmath>

namespace blipd::detect {

double failure_evidence(double usual, const config::Detect& rules) {
  return std::log(rules.down_failure / std::max(1.0 - kAnswerGivenUp * usual, rules.false_failure));
}

double strain_of_failure(const config::Detect& rules) { return std::log(rules.down_failure / rules.congested_failure); }

double answer_evidence(double usual, const config::Detect& rules) {
  return std::log((1.0 - rules.down_failure) / (kAnswerGivenUp * usual));
}

double down_threshold(const Electorate& electorate, const config::Detect& rules) {
  return electorate.channels < kSmallNetwork ? rules.small_down_threshold : rules.down_threshold;
}

std::size_t full_failures(const Electorate& electorate, const config::Detect& rules) {
  if (electorate.failure_strength <= 0) return kFullFailures;
  const double way = rules.clip + down_threshold(electorate, rules);
  const auto needed = static_cast<std::size_t>(std::ceil(way / electorate.failure_strength));
  // One more than just enough: what is usual differs from host to host, and the sum is that of the strongest channels.
  return needed <= kFullFailures ? kFullFailures : needed + 1;
}

void NetworkTest::add(double evidence, const config::Detect& rules) {
  w_ = std::clamp(w_ + evidence, -rules.clip, rules.clip);
}

NetworkTest::Decision NetworkTest::decide(const Electorate& electorate, const config::Detect& rules) const {
  if (w_ <= rules.up_threshold) return Decision::kUp;
  const bool is_broad =
      electorate.targets > 0 && electorate.failed_targets >= std::min(kDistinctTargets, electorate.targets);
  const bool is_lasting = electorate.silent_for >= kSecondLook;
  const double threshold = down_threshold(electorate, rules);
  const bool is_beyond_congestion = electorate.strain >= threshold;
  return is_broad && is_lasting && is_beyond_congestion && w_ >= threshold ? Decision::kDown : Decision::kUndecided;
}

}  // namespace blipd::detect
