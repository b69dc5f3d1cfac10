// The last five minutes of one channel, sample by sample, four bytes each: when it settled (to 0.1 s), and its
// round trip or failure. Kept in the order of the probes' sequence numbers, since losses settle a whole timeout
// after the answers of later probes, and loss runs and delay variation are about consecutive probes. Memory
// follows the rate of samples, up to kMost.
#pragma once

#include <cstdint>
#include <memory>

#include "daemon/measure/rtt_code.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::measure {

using Tick = std::int64_t;  // 0.1 s
inline constexpr base::Duration kTick = std::chrono::milliseconds(100);

// Rounds down, also before zero.
constexpr Tick tick_of(base::MonoTime t) {
  const std::int64_t ns = t.time_since_epoch().count();
  return ns / kTick.count() - (ns % kTick.count() < 0 ? 1 : 0);
}

struct Sample {
  static constexpr RttCode kFailed = (1U << 19) - 1;
  static constexpr RttCode kWithoutRtt = kFailed - 1;  // answered, but its stamps were void

  Tick settled = 0;
  RttCode code = kFailed;
  bool follows = false;  // the sample before it is of the probe just before

  bool is_failure() const { return code == kFailed; }
  bool has_rtt() const { return code < kRttCodes; }
};

class Recent {
 public:
  Recent() = default;
  Recent(Recent&&) noexcept = default;
  Recent& operator=(Recent&&) noexcept = default;
  // Keeps its own memory when that is enough: for one that is a copy again and again.
  Recent& operator=(const Recent& other);

  static constexpr Tick kKept = 3000;            // five minutes
  static constexpr std::uint32_t kMost = 32768;  // samples; more than 109 a second leave early

  // `settled` is taken as no earlier than the newest sample's.
  void add(probes::Sequence sequence, Tick settled, RttCode code);

  // Whether trim() ought to be called before the next add(): the oldest is well over age, or there is no room. Trimming
  // in batches makes it cheap.
  bool is_due(Tick now) const {
    return count_ == capacity_ ? count_ > 0 : count_ > 0 && now - at(0).settled >= kKept + kLazy;
  }
  // Hands what is older than five minutes at `now` to `sink(const Sample&)`, oldest first.
  template <class Sink>
  void trim(Tick now, Sink&& sink) {
    while (count_ > 0 && now - at(0).settled >= kKept) pop(sink);
    while (count_ > kMost - kRoom) pop(sink);
  }

  std::uint32_t count() const { return count_; }
  // 0 is the oldest.
  Sample at(std::uint32_t index) const { return unpack(entries_[slot(index)]); }
  std::size_t heap_bytes() const { return capacity_ * sizeof(std::uint32_t); }

 private:
  // Twelve bits of the time are kept: good for 409.6 s before the newest sample.
  static constexpr Tick kTimeMask = 0xfff;
  static constexpr Tick kLazy = 80;
  static constexpr std::uint32_t kRoom = 64;
  // A sample is put before no other that settled longer ago, so that none outstays its twelve bits behind it.
  static constexpr Tick kMostReordered = 600;
  static constexpr int kTracked = 64;  // sequence numbers whose order is known
  // A probe so far behind that it must be a new count rather than a very late loss.
  static constexpr std::int64_t kRestart = 4096;

  std::uint32_t slot(std::uint32_t index) const {
    const std::uint32_t sum = head_ + index;
    return sum >= capacity_ ? sum - capacity_ : sum;
  }
  Sample unpack(std::uint32_t entry) const {
    return {newest_ - ((newest_ - static_cast<Tick>(entry)) & kTimeMask), entry >> 13, (entry & 0x1000U) != 0};
  }
  template <class Sink>
  void pop(Sink& sink) {
    sink(at(0));
    head_ = slot(1);
    --count_;
  }
  void grow();
  void insert(std::uint32_t from_end, RttCode code, bool follows);

  std::unique_ptr<std::uint32_t[]> entries_;
  std::uint32_t capacity_ = 0;
  std::uint32_t head_ = 0;
  std::uint32_t count_ = 0;
  probes::Sequence highest_ = 0;
  std::uint64_t seen_ = 0;  // bit i: the probe highest_ − i is a sample; 0: no sample yet
  Tick newest_ = 0;
};

}  // namespace blipd::measure
