// The network test: W, the log-likelihood ratio of "the network is down" against "it is up", clipped
// (Wald 1945, the sequential probability ratio test; Trinocular, SIGCOMM 2013, is the same recursion clipped
// tighter). Owns the formulas and W; does not know whose result it was, nor whether it may be believed.
#pragma once

#include <cstddef>

#include "config/model.hpp"
#include "probes/base/time.hpp"

namespace blipd::detect {

// P(answer | up) = kAnswerGivenUp · usual answer ratio (Trinocular, section 4.2, leaves the same room).
inline constexpr double kAnswerGivenUp = 0.99;
// What one more failure says of a target that was silent before: next to nothing, since one dead host is not
// a dead network.
inline constexpr double kRepeatedFailure = 0.1;
// At least so many failures in a row of one target count in full.
inline constexpr std::size_t kFullFailures = 2;
// Networks with fewer channels than this use the smaller threshold.
inline constexpr std::size_t kSmallNetwork = 4;
// So many distinct targets must have failed, or all of them where there are fewer.
inline constexpr std::size_t kDistinctTargets = 3;

// Failures of probes sent at about one moment are one look, however many: a flicker of a shared link fails a whole
// round at once. So much time must lie between the sending of the first and the last.
inline constexpr base::Duration kSecondLook = std::chrono::seconds(1);

// ln(P(failure | down) / P(failure | up)), positive.
double failure_evidence(double usual_answer_ratio, const config::Detect& rules);
// The same against a network that is up and congested, whatever is usual there; positive.
double strain_of_failure(const config::Detect& rules);
// ln(P(answer | down) / P(answer | up)), negative.
double answer_evidence(double usual_answer_ratio, const config::Detect& rules);

// Who can testify about a network.
struct Electorate {
  std::size_t channels = 0;        // with a vote
  std::size_t targets = 0;         // with at least one such channel
  std::size_t failed_targets = 0;  // of those: silent since their last answer
  base::Duration silent_for{};     // from the first to the last failure believed since the last answer, when sent
  // The sum over targets of what one failure of its strongest channel says.
  double failure_strength = 0;
  double strain = 0;  // the sum of strain_of_failure() over the believed failures since the last answer
};

double down_threshold(const Electorate& electorate, const config::Detect& rules);

// How many failures in a row of one target count in full: kFullFailures, or more where the network has so few
// targets, or so lossy ones, that all of them together could not carry W from clip to threshold otherwise.
std::size_t full_failures(const Electorate& electorate, const config::Detect& rules);

class NetworkTest {
 public:
  enum class Decision { kDown, kUp, kUndecided };

  void add(double evidence, const config::Detect& rules);
  double evidence() const { return w_; }
  // kDown: W and the strain ≥ threshold, enough distinct targets failed, for long enough. kUp: W ≤ up threshold. Both
  // closed.
  Decision decide(const Electorate& electorate, const config::Detect& rules) const;

 private:
  double w_ = 0;
};

}  // namespace blipd::detect
