// The last minute of one channel, sample by sample, four bytes each: when it settled (to 0.1 s), and its round trip or
// failure. Kept in the order of the probes' sequence numbers, since losses settle a whole timeout after the answers
// of later probes, and loss runs and delay variation are about consecutive probes. Memory follows the rate of
// samples, up to kMost. The youngest samples lie within the object itself, so that most calls of add() touch nothing
// else.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

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

  static constexpr Tick kKept = 600;     // a minute
  static constexpr Tick kStretch = 150;  // 15 s: samples leave by whole multiples of it, so that each stretch is
                                         // summed up once
  static constexpr std::uint32_t kMost = 32768;

  // `settled` is taken as no earlier than the newest sample's.
  void add(probes::Sequence sequence, base::MonoTime settled, RttCode code);
  // When the newest settled; absent before the first.
  std::optional<base::MonoTime> newest() const { return seen_ == 0 ? std::nullopt : std::optional(newest_); }

  // Whether trim() ought to be called before the next add(): while there is room in the object, what is due can wait
  // for a while, so that a channel that is asked now and then hands over some stretches at once.
  bool is_due(Tick now) const {
    const auto waits = static_cast<std::int32_t>(low_bits(now) - due_);
    if (young_count_ < kYoung) return count() > 0 && waits >= kMostWait;
    return waits >= 0 || count() >= kMost;
  }
  // Hands the stretches that are a minute old at `now`, as a whole, to `sink(const Sample&)`, oldest first. Of more
  // than kMost samples a quarter goes early.
  template <class Sink>
  void trim(Tick now, Sink&& sink) {
    const std::uint32_t count = this->count();
    const std::uint32_t too_many = count >= kMost ? kMost / 4 : 0;
    const Tick newest = tick_of(newest_);
    std::uint32_t gone = 0;
    for (; gone < count; ++gone) {
      const Sample sample = at(gone, newest);
      if (now < due_at(sample.settled) && gone >= too_many) break;
      sink(sample);
    }
    drop(gone);
    if (gone < count) due_ = low_bits(due_at(at(0, newest).settled));
  }

  std::uint32_t count() const { return old_count_ + young_count_; }
  // Hands each to `sink(const Sample&)`, oldest first.
  template <class Sink>
  void each(Sink&& sink) const {
    const Tick newest = tick_of(newest_);
    for (std::uint32_t i = 0; i < count(); ++i) sink(at(i, newest));
  }
  std::size_t heap_bytes() const { return old_capacity_ * sizeof(std::uint32_t); }

 private:
  // Twelve bits of the time are kept: good for 409.6 s before the newest sample, which is more than any of the below
  // together.
  static constexpr Tick kTimeMask = 0xfff;
  // A sample is put before no other that settled longer ago, so that none outstays its twelve bits behind it.
  static constexpr Tick kMostReordered = 600;
  static constexpr Tick kMostWait = 1800;
  static_assert(kMostWait + kKept + kStretch + kMostReordered < kTimeMask);
  static constexpr std::uint32_t kYoung = 8;
  static constexpr std::uint32_t kStay = 3;  // what settles late mostly finds its place among these
  static constexpr int kTracked = 64;        // sequence numbers whose order is known
  // A probe so far behind that it must be a new count rather than a very late loss.
  static constexpr std::int64_t kRestart = 4096;

  static std::uint32_t low_bits(Tick tick) { return static_cast<std::uint32_t>(tick); }
  std::uint32_t& entry(std::uint32_t index) { return index < old_count_ ? old_[index] : young_[index - old_count_]; }
  // 0 is the oldest; `newest` is the tick of newest_.
  Sample at(std::uint32_t index, Tick newest) const {
    const std::uint32_t entry = index < old_count_ ? old_[index] : young_[index - old_count_];
    return {newest - ((newest - static_cast<Tick>(entry)) & kTimeMask), entry >> 13, (entry & 0x1000U) != 0};
  }
  // When the stretch of a sample that settled then is a minute old as a whole.
  static constexpr Tick due_at(Tick settled) {
    return settled - (settled % kStretch + kStretch) % kStretch + kStretch + kKept;
  }
  void drop(std::uint32_t count);
  void age();
  void insert(std::uint32_t from_end, RttCode code, bool follows);

  base::MonoTime newest_{};
  std::uint64_t seen_ = 0;  // bit i: the probe highest_ − i is a sample; 0: no sample yet
  probes::Sequence highest_ = 0;
  std::uint32_t due_ = 0;  // lower bits of the tick at which the oldest can go
  std::unique_ptr<std::uint32_t[]> old_;
  std::uint16_t old_count_ = 0;
  std::uint16_t old_capacity_ = 0;
  std::uint16_t young_count_ = 0;
  std::array<std::uint32_t, kYoung> young_{};  // those after old_
};

}  // namespace blipd::measure
