// What is usual: slow means that are quick to start and hard to move. A mean of the first values turns into
// an exponentially weighted one, and an answer ratio holds its latest failures back
// until an answer shows that they were ordinary loss and not the beginning of an outage. Who calls decides when
// nothing is to be learned (events, vantage faults).
#pragma once

#include <algorithm>
#include <cstdint>

namespace blipd::detect {

// The plain mean of `prior_weight` times the prior and all values so far, until one value's weight in it has
// fallen to alpha; from there on an EWMA.
class SlowMean {
 public:
  SlowMean(float prior, float prior_weight) : mean_(prior), weight_(prior_weight) {}

  void learn(double value, double alpha) {
    weight_ = std::min(weight_ + 1.0F, static_cast<float>(1.0 / alpha));
    mean_ += static_cast<float>((value - static_cast<double>(mean_)) / static_cast<double>(weight_));
  }
  double mean() const { return static_cast<double>(mean_); }
  float weight() const { return weight_; }

 private:
  float mean_;
  float weight_;
};

// The share of a channel's probes that is answered.
class UsualAnswers {
 public:
  static constexpr double kLowest = 0.05;
  static constexpr double kHighest = 0.99;
  static constexpr double kPrior = 0.9;
  static constexpr std::uint16_t kWarmUp = 20;  // probes until the ratio is worth showing, and a vote can be lost
  // Failures in a row that are held back until an answer comes. What exceeds them is an event of the channel's own, a
  // dead host, and not learned: a new normal is never learned silently.
  static constexpr std::uint8_t kHeld = 16;

  void learn_answer(double alpha);
  void learn_failure(double alpha);
  // An event began: what is held back was part of it.
  void forget_held() { held_ = 0; }

  struct Memory {
    float mean = 0, weight = 0;
    std::uint16_t count = 0;
    bool has_answered = false;
  };
  Memory memory() const { return {static_cast<float>(mean_.mean()), mean_.weight(), count_, has_answered_}; }
  void restore(const Memory& memory) {
    mean_ = SlowMean(memory.mean, memory.weight);
    count_ = std::min(memory.count, kWarmUp);
    has_answered_ = memory.has_answered;
  }

  // In kLowest..kHighest.
  double ratio() const { return std::clamp(mean_.mean(), kLowest, kHighest); }
  bool has_answered() const { return has_answered_; }
  bool is_learned() const { return count_ >= kWarmUp; }
  // False once it is known to answer too seldom for its silence to mean anything.
  bool has_vote(double floor) const { return !is_learned() || ratio() >= floor; }
  // Whether its silence is evidence: it has a vote and has answered at least once. Of a channel that never answered
  // nobody can tell an outage from a wrong address.
  bool is_heard(double floor) const { return has_answered_ && has_vote(floor); }

 private:
  void learn(double value, double alpha);

  SlowMean mean_{static_cast<float>(kPrior), 2.0F};
  std::uint16_t count_ = 0;  // learned or held, up to kWarmUp
  std::uint8_t held_ = 0;
  bool has_answered_ = false;
};

}  // namespace blipd::detect
