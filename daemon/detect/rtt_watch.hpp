// Round trips against what is usual: per channel the mean and spread of their logarithm, per network a one-sided
// CUSUM (Page 1954) over minutes. A minute, because neighbouring round trips are alike and would add up to an alarm.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "config/model.hpp"
#include "probes/base/time.hpp"

namespace blipd::detect {

// Of one channel.
class UsualRtt {
 public:
  static constexpr std::uint16_t kWarmUp = 30;

  // How far ln(rtt) is above the mean; absent until warmed up. Learns where `is_learning`.
  std::optional<double> excess(base::Duration rtt, bool is_learning) {
    const double log_rtt = std::log(std::max(base::to_seconds(rtt), 1e-6));
    std::optional<double> result;
    if (count_ >= kWarmUp) result = log_rtt - static_cast<double>(mean_);
    if (is_learning || count_ < kWarmUp) {
      if (count_ < kSlow) ++count_;
      mean_ += static_cast<float>((log_rtt - static_cast<double>(mean_)) / count_);
    }
    return result;
  }

  float mean() const { return mean_; }
  std::uint16_t count() const { return count_; }
  void restore(float mean, std::uint16_t count) {
    mean_ = mean;
    count_ = std::min(count, kSlow);
  }

 private:
  static constexpr std::uint16_t kSlow = 2000;
  float mean_ = 0;
  std::uint16_t count_ = 0;
};

// Of one network.
class RttWatch {
 public:
  void add(double excess) {
    sum_ += excess;
    ++samples_;
  }

  // Once a minute.
  void close_minute(bool is_calm, const config::Detect& rules) {
    if (samples_ < kFewest) {
      samples_ = 0;
      sum_ = 0;
      return;
    }
    const double mean = sum_ / samples_;
    samples_ = 0;
    sum_ = 0;
    if (minutes_ >= kWarmUp) {
      const double deviation = std::max(std::sqrt(variance_), kLeastDeviation);
      const double z = std::clamp((mean - centre_) / deviation, -kMostDeviations, kMostDeviations);
      // A ceiling, so that what has built up over hours does not take hours to drain.
      cusum_ = std::clamp(cusum_ + z - rules.cusum_slack, 0.0, 2 * rules.cusum_limit);
      is_high_ = is_high_ ? cusum_ > rules.cusum_limit / 4 : cusum_ >= rules.cusum_limit;
    }
    if ((is_calm && !is_high_) || minutes_ < kWarmUp) learn(mean);
  }

  bool is_high() const { return is_high_; }
  double cusum() const { return cusum_; }

 private:
  static constexpr std::uint32_t kFewest = 3;
  static constexpr std::uint32_t kWarmUp = 60;
  static constexpr double kAlpha = 1.0 / 1440.0;  // minutes in a day
  // 5 % of a round trip: what nobody would call degraded, however steady it usually is.
  static constexpr double kLeastDeviation = 0.05;
  static constexpr double kMostDeviations = 4;

  void learn(double mean) {
    ++minutes_;
    const double alpha = std::max(kAlpha, 1.0 / minutes_);
    const double difference = mean - centre_;
    centre_ += alpha * difference;
    variance_ += alpha * (difference * difference * (1 - alpha) - variance_);
  }

  double sum_ = 0;
  std::uint32_t samples_ = 0;
  std::uint32_t minutes_ = 0;
  double centre_ = 0;
  double variance_ = 0;
  double cusum_ = 0;
  bool is_high_ = false;
};

}  // namespace blipd::detect
