// What is kept of samples older than a minute: summaries of stretches of time, packed into as few bits as their content
// allows (some 10 to 25 bytes for a steady channel), and the walk over such bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "daemon/measure/bits.hpp"
#include "daemon/measure/loss_runs.hpp"
#include "daemon/measure/recent.hpp"
#include "daemon/measure/rtt_code.hpp"

namespace blipd::measure {

using Period = std::int64_t;  // 15 s since the start of MonoTime
inline constexpr base::Duration kPeriod = std::chrono::seconds(15);
inline constexpr Tick kPeriodTicks = kPeriod / kTick;
static_assert(kPeriodTicks == Recent::kStretch);

// How long a slice is, by the shortest window that needs it: 5 and 15 minutes, and the hour.
enum class Grain : std::uint8_t { kShort, kMiddle, kLong };
inline constexpr std::size_t kGrains = 3;

constexpr Period length_of(Grain grain) { return grain == Grain::kShort ? 1 : grain == Grain::kMiddle ? 5 : 20; }
// Round trips are counted in fine bins in short slices, and else in coarse ones.
constexpr std::uint32_t bins_per_octave(Grain grain) { return grain == Grain::kShort ? kFine : kCoarse; }

// What can be said of a stretch of samples in a few numbers, joined without loss.
struct Totals {
  LossRuns losses;
  std::uint32_t round_trips = 0;
  RttCode minimum = kRttCodes;
  double ipdv_sum = 0;  // ns
  std::uint32_t ipdv_pairs = 0;

  // `previous` is the code of the sample before; used when this one follows it.
  void add(const Sample& sample, RttCode previous);
  // `next` follows at once.
  void join(const Totals& next);
};

struct BinCount {
  std::uint32_t bin = 0;
  std::uint32_t count = 0;
};

// One stretch, unpacked.
struct Slice {
  Period start = 0;  // a multiple of the length
  Grain grain = Grain::kShort;
  Totals totals;
  std::vector<BinCount> bins;  // ascending, none empty

  // Samples are added to short slices only.
  void add(const Sample& sample, RttCode previous);
  void count(std::uint32_t bin, std::uint32_t samples);
};

// Appends the slice, in whole bytes; its time is stored relative to `base`, the start of the slice before (its own
// for the first one).
void pack(const Slice& slice, Period base, std::vector<std::uint8_t>& out);

// Counts of neighbouring bins are about alike: how to code one after another that was `count`.
constexpr int k_after(std::uint32_t count) { return static_cast<int>(std::bit_width(count)) - 1; }

// Walks over slices that pack() wrote one after the other. After each next() that is true come the members below, and
// then, once, read_bins().
class SliceReader {
 public:
  SliceReader(std::span<const std::uint8_t> bytes, Period base) : bits_(bytes), start_(base), bytes_(bytes.size()) {}

  bool next();
  Period start() const { return start_; }
  Grain grain() const { return grain_; }
  const Totals& totals() const { return totals_; }
  // Hands what was counted to `sink(bin, count)`, ascending; a bin may come more than once.
  template <class Sink>
  void read_bins(Sink&& sink) {
    const std::uint32_t end = kOctaves * bins_per_octave(grain_);
    std::uint32_t count = 1;
    std::uint32_t bin = first_bin_;
    for (std::uint32_t seen = 0; seen < totals_.round_trips && bin < end; seen += count) {
      if (is_listed_) {
        if (seen > 0) bin += bits_.take_count(k_);
      } else {
        if (seen > 0) bin += bits_.take_count(0) + 1;
        count = bits_.take_count(k_after(count)) + 1;
      }
      if (bin < end) sink(bin, count);  // else it is not what pack() wrote
    }
    bits_.align();
  }
  // Where the next slice begins; after read_bins().
  std::size_t position() const { return bits_.position(); }

 private:
  BitReader bits_;
  Period start_;
  std::size_t bytes_;
  Grain grain_ = Grain::kShort;
  Totals totals_;
  std::uint32_t first_bin_ = 0;
  int k_ = 0;
  bool is_listed_ = false;
};

}  // namespace blipd::measure
