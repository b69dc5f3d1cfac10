// Loss of one network over five minutes, against what is usual there. Owns the counts and the usual loss; knows no
// network. A host that is firmly down is left out by whoever calls: one dead host is not loss.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "config/model.hpp"
#include "daemon/detect/usual.hpp"
#include "probes/base/time.hpp"

namespace blipd::detect {

class LossWatch {
 public:
  static constexpr base::Duration kBucket = std::chrono::seconds(30);
  static constexpr std::size_t kBuckets = 10;

  void add(bool is_failure) { is_failure ? ++buckets_[current_].failed : ++buckets_[current_].answered; }

  // Moves on in time, once a bucket; learns from a whole window where `is_calm`. `answered_here` is the share of the
  // controls' probes that is answered, 0–1: loss near us is not the network's.
  void advance(base::MonoTime now, bool is_calm, double answered_here, const config::Detect& rules);

  // Of the last five minutes, without what is lost near us; absent below kFewest probes.
  std::optional<double> loss() const { return loss_; }
  bool is_high() const { return is_high_; }
  std::optional<double> usual() const;

  // Begins a new window: what was counted belongs to an outage.
  void clear() {
    buckets_ = {};
    loss_.reset();
    is_high_ = false;
    since_learned_ = 0;
  }

  struct Memory {
    double mean = 0, deviation = 0;
    std::uint32_t learned = 0;
  };
  Memory memory() const { return {mean_, deviation_, learned_}; }
  void restore(const Memory& memory) {
    mean_ = memory.mean;
    deviation_ = memory.deviation;
    learned_ = memory.learned;
  }

 private:
  static constexpr std::uint32_t kFewest = 20;
  static constexpr std::uint32_t kWarmUp = 12;   // windows
  static constexpr double kAlpha = 1.0 / 288.0;  // windows in a day
  static constexpr double kLeastDeviation = 0.02;
  static constexpr double kClears = 0.75;  // of the loss that it takes to be high

  struct Bucket {
    std::uint32_t answered = 0;
    std::uint32_t failed = 0;
    double answered_here = 1;  // at its end, of the minute before
  };
  void judge(const config::Detect& rules);
  void learn();

  std::array<Bucket, kBuckets> buckets_{};
  std::size_t current_ = 0;
  base::MonoTime current_ends_ = base::MonoTime::min();
  std::optional<double> loss_;
  bool is_high_ = false;
  std::uint32_t since_learned_ = 0;  // buckets
  double mean_ = 0;
  double deviation_ = 0;  // mean absolute
  std::uint32_t learned_ = 0;
};

}  // namespace blipd::detect
