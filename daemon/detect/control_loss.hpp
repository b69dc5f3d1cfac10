// What share of the controls' probes is answered just now, against what usually is: congestion near us, which is to be
// taken off what every channel is expected to answer. Between 5 and 50 % loss; beyond that it is a fault of the vantage
// point. Owns the last minute of counts.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "daemon/detect/contact.hpp"
#include "daemon/detect/usual.hpp"
#include "probes/base/time.hpp"

namespace blipd::detect {

class ControlLoss {
 public:
  void add(base::MonoTime now, base::MonoTime sent, bool is_failure, bool is_learning) {
    move(now);
    share_.reset();
    Bucket& bucket = buckets_[current_];
    Counts& counts = sent < fault_ended_ ? bucket.of_fault : bucket.counts;
    is_failure ? ++counts.failed : ++counts.answered;
    if (is_learning && sent >= fault_ended_) usual_.learn(is_failure ? 0.0 : 1.0, kAlpha);
  }

  // A fault of ours is over, as it seems.
  void end_fault(base::MonoTime now) {
    for (Bucket& bucket : buckets_) {
      bucket.of_fault += bucket.counts;
      bucket.counts = {};
    }
    fault_ended_ = now;
    share_.reset();
  }

  // In 0.5..1; 1 where too little is known. What a fault lost counts until controls have answered for a while after it:
  // then it was an interruption and says nothing of how congested we are now. Taken off what the country is expected to
  // answer for a minute, it would hide an outage; but heavy congestion looks over now and then, too.
  double answered_share(base::MonoTime now) {
    move(now);
    if (share_) return *share_;
    const Counts since = sum(now, Since::kFault);
    const bool is_clear = since.all() >= kFewest && since.answered >= (1 - kUnclear) * since.all();
    share_ = share_of(is_clear ? since : sum(now, Since::kMinute));
    return *share_;
  }
  // The same with what a fault lost, for judging whether it is over: that comes to light for a while after it.
  double answered_share_with_faults(base::MonoTime now) { return share_of(sum(now, Since::kMinute)); }

 private:
  static constexpr base::Duration kBucket = std::chrono::seconds(10);
  static constexpr std::size_t kBuckets = 6;
  static constexpr std::uint32_t kFewest = 10;
  // Some days of five controls, since an hour of congestion must not become what is usual.
  static constexpr double kAlpha = 1.0 / 250000;
  static constexpr double kLeast = 0.05;    // of loss
  static constexpr double kUnclear = 0.15;  // of loss, from which a fault may not be over
  static constexpr double kMost = 0.5;      // of answers

  struct Counts {
    std::uint32_t answered = 0;
    std::uint32_t failed = 0;

    std::uint32_t all() const { return answered + failed; }
    void operator+=(const Counts& other) {
      answered += other.answered;
      failed += other.failed;
    }
  };
  struct Bucket {
    Counts counts;
    Counts of_fault;  // of probes sent before the end of the last fault
  };
  enum class Since { kMinute, kFault };
  Counts sum(base::MonoTime now, Since since) {
    move(now);
    Counts counts;
    for (const Bucket& bucket : buckets_) {
      counts += bucket.counts;
      if (since == Since::kMinute) counts += bucket.of_fault;
    }
    return counts;
  }
  double share_of(const Counts& counts) const {
    if (counts.all() < kFewest) return 1;
    const double share = static_cast<double>(counts.answered) / counts.all() / std::max(usual_.mean(), 0.5);
    return share > 1 - kLeast ? 1 : std::max(share, kMost);
  }
  void move(base::MonoTime now) {
    if (ends_ == kNever) ends_ = now + kBucket;
    if (now < ends_) return;
    share_.reset();
    for (std::size_t moved = 0; now >= ends_ && moved < kBuckets; ++moved) {
      current_ = (current_ + 1) % kBuckets;
      buckets_[current_] = {};
      ends_ += kBucket;
    }
    if (now >= ends_) ends_ = now + kBucket;
  }

  std::array<Bucket, kBuckets> buckets_{};
  std::size_t current_ = 0;
  base::MonoTime ends_ = kNever;
  base::MonoTime fault_ended_ = kNever;
  SlowMean usual_{1.0F, 20.0F};
  std::optional<double> share_;  // answered_share(), which every result asks for; absent: has changed
};

}  // namespace blipd::detect
