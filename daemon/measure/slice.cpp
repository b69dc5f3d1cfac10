#include "daemon/measure/slice.hpp"

#include <cmath>

namespace blipd::measure {

namespace {

// The format, in bits. Counts are Exp-Golomb codes with the k in brackets.
//
//   2 grain, start after the slice before in own lengths [0], round trips [by grain],
//   1 whether there are failures: 1 less than failed, runs and longest, and first and last [0 each],
//   1 whether there are answers without a round trip: 1 less than their number [0];
//   and with round trips:
//   1 whether fewer of them make a pair with the one before: 1 less than how many do not [0],
//   12 mean delay variation if any does, 5 or 7 minimum, 11 or 9 first bin,
//   1 whether round trips are listed one by one, and then
//     listed: 3 k, the distance of each bin from that of the round trip before [k];
//     else, for each bin that is not empty: 1 less than its distance from the one before [0] and than its count
//     [k_after() the count before].
constexpr int kGrainBits = 2;
constexpr int kSizeBits = 3;
constexpr int k_of_round_trips(Grain grain) {  // NOLINT(readability-identifier-naming): k as in Exp-Golomb
  return grain == Grain::kShort ? 4 : grain == Grain::kMiddle ? 6 : 8;
}
constexpr int first_bin_bits(Grain grain) { return grain == Grain::kShort ? 11 : 9; }
static_assert(kFineBins <= 1U << 11 && kCoarseBins <= 1U << 9);

// The minimum lies in the first bin. Kept in steps of eight codes (so 2^-12, 0.024 %, off at most), counted from the
// start of the bin. Steps lie on multiples of eight, so that joining and packing again does not add to the error.
constexpr int kMinimumShift = 3;
constexpr int minimum_bits(Grain grain) { return grain == Grain::kShort ? 5 : 7; }

// A mean of delay variations: zero, or one more than the upper bits of its code (2^-8, 0.39 %, off at most).
constexpr int kMeanBits = 12;
constexpr int kMeanShift = 7;
static_assert((kRttCodes >> kMeanShift) + 1 < 1U << kMeanBits);

std::uint32_t pack_mean(double mean_ns) {
  if (mean_ns < 1.0) return 0;
  return (encode_rtt(base::Duration(static_cast<std::int64_t>(mean_ns))) >> kMeanShift) + 1;
}

double unpack_mean(std::uint32_t packed) {
  if (packed == 0) return 0.0;
  return static_cast<double>(decode_rtt(((packed - 1) << kMeanShift) | (1U << (kMeanShift - 1))).count());
}

RttCode first_minimum(std::uint32_t bin, Grain grain) {
  return lowest_code_of(bin, bins_per_octave(grain)) >> kMinimumShift;
}

// The k that suits counts with this mean.
int k_for(std::uint32_t sum, std::size_t counts) {
  const auto mean = static_cast<std::uint32_t>(sum / std::max<std::size_t>(counts, 1));
  return std::clamp(static_cast<int>(std::bit_width(mean)) - 1, 0, (1 << kSizeBits) - 1);
}

std::size_t listed_bits(const std::vector<BinCount>& bins, int k) {
  int bits = kSizeBits;
  std::uint32_t before = bins.front().bin;
  for (const BinCount& b : bins) {
    bits += static_cast<int>(b.count - 1) * (k + 1) + bits_of_count(b.bin - before, k);
    before = b.bin;
  }
  return static_cast<std::size_t>(bits);
}

std::size_t counted_bits(const std::vector<BinCount>& bins) {
  int bits = 0;
  BinCount before{bins.front().bin - 1, 1};
  for (const BinCount& b : bins) {
    bits += bits_of_count(b.bin - before.bin - 1, 0) + bits_of_count(b.count - 1, k_after(before.count));
    before = b;
  }
  return static_cast<std::size_t>(bits);
}

void pack_bins(const std::vector<BinCount>& bins, std::uint32_t round_trips, BitWriter& out) {
  const int k = k_for(bins.back().bin - bins.front().bin, round_trips - 1);
  const bool is_listed = listed_bits(bins, k) < counted_bits(bins);
  out.put_flag(is_listed);
  if (is_listed) out.put(static_cast<std::uint64_t>(k), kSizeBits);
  BinCount before{bins.front().bin, 1};
  bool is_first = true;
  for (const BinCount& b : bins) {
    if (is_listed) {
      if (!is_first) out.put_count(b.bin - before.bin, k);
      for (std::uint32_t i = 1; i < b.count; ++i) out.put_count(0, k);
    } else {
      if (!is_first) out.put_count(b.bin - before.bin - 1, 0);
      out.put_count(b.count - 1, k_after(before.count));
    }
    before = b;
    is_first = false;
  }
}

}  // namespace

void Totals::add(const Sample& sample, RttCode previous) {
  losses.add(sample.is_failure());
  if (!sample.has_rtt()) return;
  ++round_trips;
  minimum = std::min(minimum, sample.code);
  if (!sample.follows || previous >= kRttCodes) return;
  ipdv_sum += std::abs(static_cast<double>((decode_rtt(sample.code) - decode_rtt(previous)).count()));
  ++ipdv_pairs;
}

void Totals::join(const Totals& next) {
  losses.join(next.losses);
  round_trips += next.round_trips;
  minimum = std::min(minimum, next.minimum);
  ipdv_sum += next.ipdv_sum;
  ipdv_pairs += next.ipdv_pairs;
}

void Slice::add(const Sample& sample, RttCode previous) {
  totals.add(sample, previous);
  if (sample.has_rtt()) count(bin_of(sample.code, kFine), 1);
}

void Slice::count(std::uint32_t bin, std::uint32_t samples) {
  if (bins.empty() || bins.back().bin < bin) {
    bins.push_back({bin, samples});
    return;
  }
  const auto at = std::ranges::lower_bound(bins, bin, {}, &BinCount::bin);
  if (at != bins.end() && at->bin == bin) {
    at->count += samples;
  } else {
    bins.insert(at, {bin, samples});
  }
}

void pack(const Slice& slice, Period base, std::vector<std::uint8_t>& out) {
  const Totals& totals = slice.totals;
  const LossRuns& losses = totals.losses;
  const std::uint32_t void_trips = losses.samples - losses.failed - totals.round_trips;
  const std::uint32_t unpaired = totals.round_trips - totals.ipdv_pairs;
  BitWriter bits(out);
  bits.put(static_cast<std::uint64_t>(slice.grain), kGrainBits);
  bits.put_count(static_cast<std::uint32_t>((slice.start - base) / length_of(slice.grain)), 0);
  bits.put_count(totals.round_trips, k_of_round_trips(slice.grain));
  bits.put_flag(losses.failed > 0);
  if (losses.failed > 0) {
    for (const auto n : {losses.failed - 1, losses.runs - 1, losses.longest - 1, losses.first, losses.last}) {
      bits.put_count(n, 0);
    }
  }
  bits.put_flag(void_trips > 0);
  if (void_trips > 0) bits.put_count(void_trips - 1, 0);
  if (totals.round_trips > 0) {
    bits.put_flag(unpaired > 0);
    if (unpaired > 0) bits.put_count(unpaired - 1, 0);
    if (totals.ipdv_pairs > 0) bits.put(pack_mean(totals.ipdv_sum / totals.ipdv_pairs), kMeanBits);
    const std::uint32_t first = slice.bins.front().bin;
    bits.put((totals.minimum >> kMinimumShift) - first_minimum(first, slice.grain), minimum_bits(slice.grain));
    bits.put(first, first_bin_bits(slice.grain));
    pack_bins(slice.bins, totals.round_trips, bits);
  }
  bits.align();
}

bool SliceReader::next() {
  if (bits_.position() >= bytes_) return false;
  grain_ = static_cast<Grain>(std::min<std::uint32_t>(bits_.take(kGrainBits), 2));
  start_ += static_cast<Period>(bits_.take_count(0)) * length_of(grain_);
  totals_ = Totals{};
  totals_.round_trips = bits_.take_count(k_of_round_trips(grain_));
  LossRuns& losses = totals_.losses;
  losses.samples = totals_.round_trips;
  if (bits_.take_flag()) {
    losses.failed = bits_.take_count(0) + 1;
    losses.runs = bits_.take_count(0) + 1;
    losses.longest = bits_.take_count(0) + 1;
    losses.first = bits_.take_count(0);
    losses.last = bits_.take_count(0);
    losses.samples += losses.failed;
  }
  if (bits_.take_flag()) losses.samples += bits_.take_count(0) + 1;
  if (totals_.round_trips == 0) return true;
  const std::uint32_t unpaired = bits_.take_flag() ? bits_.take_count(0) + 1 : 0;
  totals_.ipdv_pairs = totals_.round_trips - unpaired;
  if (totals_.ipdv_pairs > 0) totals_.ipdv_sum = unpack_mean(bits_.take(kMeanBits)) * totals_.ipdv_pairs;
  const RttCode above = bits_.take(minimum_bits(grain_));
  first_bin_ = bits_.take(first_bin_bits(grain_));
  totals_.minimum = ((first_minimum(first_bin_, grain_) + above) << kMinimumShift) | (1U << (kMinimumShift - 1));
  is_listed_ = bits_.take_flag();
  if (is_listed_) k_ = static_cast<int>(bits_.take(kSizeBits));
  return true;
}

}  // namespace blipd::measure
