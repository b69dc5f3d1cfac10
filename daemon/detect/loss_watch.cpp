#include "daemon/detect/loss_watch.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/detect/tails.hpp"

namespace blipd::detect {

void LossWatch::advance(base::MonoTime now, bool is_calm, double answered_here, const config::Detect& rules) {
  if (current_ends_ == base::MonoTime::min()) current_ends_ = now + kBucket;
  if (now < current_ends_) return;
  buckets_[current_].answered_here = std::clamp(answered_here, 0.5, 1.0);
  judge(rules);
  ++since_learned_;
  if (!is_calm || is_high_) since_learned_ = 0;
  if (since_learned_ >= kBuckets && loss_) {
    since_learned_ = 0;
    learn();
  }
  // After a long pause all of it is old.
  for (std::size_t moved = 0; now >= current_ends_ && moved < kBuckets; ++moved) {
    current_ = (current_ + 1) % kBuckets;
    buckets_[current_] = {};
    current_ends_ += kBucket;
  }
  if (now >= current_ends_) current_ends_ = now + kBucket;
}

void LossWatch::judge(const config::Detect& rules) {
  std::uint32_t answered = 0;
  std::uint32_t failed = 0;
  double due = 0;  // answers, if there were no loss but near us
  for (const Bucket& bucket : buckets_) {
    answered += bucket.answered;
    failed += bucket.failed;
    due += bucket.answered_here * (bucket.answered + bucket.failed);
  }
  loss_.reset();
  if (answered + failed < kFewest) {
    is_high_ = false;
    return;
  }
  loss_ = 1.0 - std::min(1.0, answered / due);
  if (learned_ < kWarmUp) return;
  const double deviation = std::max(deviation_, kLeastDeviation);
  const double limit = std::max(rules.degraded_loss, mean_ + rules.degraded_deviations * deviation);
  if (is_high_) {
    is_high_ = *loss_ > limit * kClears;
    return;
  }
  // Of few probes even a high share may be chance, and every window is another chance.
  const auto probes = answered + failed;
  const auto lost = static_cast<std::uint32_t>(std::lround(*loss_ * probes));
  is_high_ = *loss_ > limit && is_binomial_tail_below(rules.chance, probes, mean_ + deviation, lost);
}

void LossWatch::learn() {
  ++learned_;
  const double alpha = std::max(kAlpha, 1.0 / learned_);
  if (learned_ > 1) deviation_ += alpha * (std::abs(*loss_ - mean_) - deviation_);
  mean_ += alpha * (*loss_ - mean_);
}

std::optional<double> LossWatch::usual() const {
  if (learned_ == 0) return std::nullopt;
  return mean_;
}

}  // namespace blipd::detect
