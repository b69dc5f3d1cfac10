#include "daemon/measure/slice.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace blipd::measure {

namespace {

enum Tag : std::uint8_t {
  kLong = 1,
  kHasFailures = 2,
  kHasVoidTrips = 4,  // answers without a round trip
  kHasRoundTrips = 8,
  kPairsDiffer = 16,  // fewer delay variation pairs than round trips
  kSparse = 32,       // bins as (gap, count) instead of every count
};

using Bytes = std::vector<std::uint8_t>;

// LEB128.
void put(std::uint64_t value, Bytes& out) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

std::uint64_t take(std::span<const std::uint8_t>& bytes) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const std::uint8_t byte = bytes.front();
    bytes = bytes.subspan(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return value;
}

std::uint32_t take32(std::span<const std::uint8_t>& bytes) { return static_cast<std::uint32_t>(take(bytes)); }

constexpr std::size_t size_of(std::uint32_t value) {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : 4;
}

// The minimum lies in the first bin; its place there in steps of four codes (0.02 %) fits into a byte.
constexpr int kMinimumShift = 2;
// A mean of delay variations: zero, or one more than the upper bits of its code (0.02 %), in two bytes.
constexpr int kMeanShift = 3;
static_assert((kRttCodes >> kMeanShift) + 1 < 0x10000);

std::uint16_t pack_mean(double mean_ns) {
  if (mean_ns < 1.0) return 0;
  const auto mean = base::Duration(static_cast<std::int64_t>(mean_ns));
  return static_cast<std::uint16_t>((encode_rtt(mean) >> kMeanShift) + 1);
}

double unpack_mean(std::uint16_t packed) {
  if (packed == 0) return 0.0;
  const RttCode low = static_cast<RttCode>(packed - 1) << kMeanShift;
  return static_cast<double>(decode_rtt(low | (1U << (kMeanShift - 1))).count());
}

bool is_sparse_smaller(const Bins& bins) {
  std::size_t dense = 0;
  std::size_t sparse = 0;
  std::uint32_t gap = 0;
  for (std::uint32_t b = bins.first; b <= bins.last; ++b, ++gap) {
    dense += size_of(bins.counts[b]);
    if (bins.counts[b] == 0) continue;
    sparse += size_of(bins.counts[b]) + size_of(gap);
    gap = 0;
  }
  return sparse < dense;
}

void pack_bins(const Bins& bins, bool is_sparse, Bytes& out) {
  put(bins.first, out);
  put(bins.last - bins.first, out);
  std::uint32_t gap = 0;
  for (std::uint32_t b = bins.first; b <= bins.last; ++b) {
    if (is_sparse && bins.counts[b] == 0) {
      ++gap;
      continue;
    }
    if (is_sparse) put(std::exchange(gap, 0), out);
    put(bins.counts[b], out);
  }
}

// Returns how many round trips there were.
std::uint32_t unpack_bins(std::span<const std::uint8_t>& bytes, bool is_sparse, Bins& bins) {
  const std::uint32_t first = take32(bytes);
  const std::uint32_t last = first + take32(bytes);
  std::uint32_t total = 0;
  for (std::uint32_t b = first; b <= last && b < kBins; ++b) {
    if (is_sparse) b += take32(bytes);
    const std::uint32_t count = take32(bytes);
    if (count == 0 || b >= kBins) continue;
    bins.add(b, count);
    total += count;
  }
  return total;
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

void Bins::join(const Bins& other) {
  if (other.first > other.last) return;
  for (std::uint32_t b = other.first; b <= other.last; ++b) counts[b] += other.counts[b];
  first = std::min(first, other.first);
  last = std::max(last, other.last);
}

void Bins::clear() {
  if (first <= last) std::fill(counts.begin() + first, counts.begin() + last + 1, 0U);
  first = kBins;
  last = 0;
}

void Slice::clear(Period new_start) {
  start = new_start;
  is_long = false;
  totals = Totals{};
  bins.clear();
}

void Slice::add(const Sample& sample, RttCode previous) {
  totals.add(sample, previous);
  if (sample.has_rtt()) bins.add(bin_of(sample.code), 1);
}

void Slice::join(const Slice& next) {
  totals.join(next.totals);
  bins.join(next.bins);
}

void pack(const Slice& slice, Period base, Bytes& out) {
  const Totals& totals = slice.totals;
  const LossRuns& losses = totals.losses;
  const std::uint32_t void_trips = losses.samples - losses.failed - totals.round_trips;
  const bool is_sparse = totals.round_trips > 0 && is_sparse_smaller(slice.bins);
  unsigned tag = 0;
  if (slice.is_long) tag |= kLong;
  if (losses.failed > 0) tag |= kHasFailures;
  if (void_trips > 0) tag |= kHasVoidTrips;
  if (totals.round_trips > 0) tag |= kHasRoundTrips;
  if (totals.ipdv_pairs != totals.round_trips) tag |= kPairsDiffer;
  if (is_sparse) tag |= kSparse;
  out.push_back(static_cast<std::uint8_t>(tag));
  put(static_cast<std::uint64_t>(slice.start - base), out);
  if (losses.failed > 0) {
    for (const auto n : {losses.failed, losses.runs, losses.first, losses.last, losses.longest}) put(n, out);
  }
  if (void_trips > 0) put(void_trips, out);
  if (totals.round_trips == 0) return;
  if (totals.ipdv_pairs != totals.round_trips) put(totals.ipdv_pairs, out);
  if (totals.ipdv_pairs > 0) {
    const std::uint16_t mean = pack_mean(totals.ipdv_sum / totals.ipdv_pairs);
    out.push_back(static_cast<std::uint8_t>(mean));
    out.push_back(static_cast<std::uint8_t>(mean >> 8));
  }
  out.push_back(static_cast<std::uint8_t>((totals.minimum - lowest_code_of(slice.bins.first)) >> kMinimumShift));
  pack_bins(slice.bins, is_sparse, out);
}

void unpack(std::span<const std::uint8_t>& bytes, Period base, Slice& slice) {
  const std::uint64_t tag = take(bytes);
  slice.clear(base + static_cast<Period>(take(bytes)));
  slice.is_long = (tag & kLong) != 0;
  Totals& totals = slice.totals;
  LossRuns& losses = totals.losses;
  if ((tag & kHasFailures) != 0) {
    for (auto* n : {&losses.failed, &losses.runs, &losses.first, &losses.last, &losses.longest}) *n = take32(bytes);
  }
  const std::uint32_t void_trips = (tag & kHasVoidTrips) != 0 ? take32(bytes) : 0;
  if ((tag & kHasRoundTrips) != 0) {
    const bool pairs_differ = (tag & kPairsDiffer) != 0;
    const std::uint32_t pairs = pairs_differ ? take32(bytes) : 0;
    double mean = 0;
    if (!pairs_differ || pairs > 0) {
      mean = unpack_mean(static_cast<std::uint16_t>(bytes[0] | (bytes[1] << 8)));
      bytes = bytes.subspan(2);
    }
    const RttCode above = RttCode{bytes.front()} << kMinimumShift;
    bytes = bytes.subspan(1);
    totals.round_trips = unpack_bins(bytes, (tag & kSparse) != 0, slice.bins);
    totals.minimum = lowest_code_of(slice.bins.first) + above;
    totals.ipdv_pairs = pairs_differ ? pairs : totals.round_trips;
    totals.ipdv_sum = mean * totals.ipdv_pairs;
  }
  losses.samples = losses.failed + void_trips + totals.round_trips;
}

SliceHead skip(std::span<const std::uint8_t>& bytes, Period base) {
  const std::uint64_t tag = take(bytes);
  const SliceHead head{base + static_cast<Period>(take(bytes)), (tag & kLong) != 0};
  if ((tag & kHasFailures) != 0) {
    for (int i = 0; i < 5; ++i) take(bytes);
  }
  if ((tag & kHasVoidTrips) != 0) take(bytes);
  if ((tag & kHasRoundTrips) != 0) {
    const bool has_pairs = (tag & kPairsDiffer) == 0 || take(bytes) > 0;
    bytes = bytes.subspan(has_pairs ? 3 : 1);
    take(bytes);
    const std::uint32_t span = take32(bytes);
    for (std::uint32_t b = 0; b <= span; ++b) {
      if ((tag & kSparse) != 0) b += take32(bytes);
      take(bytes);
    }
  }
  return head;
}

void repack(std::span<const std::uint8_t> packed, Period start, Period base, Bytes& out) {
  out.push_back(packed.front());
  packed = packed.subspan(1);
  take(packed);
  put(static_cast<std::uint64_t>(start - base), out);
  out.insert(out.end(), packed.begin(), packed.end());
}

}  // namespace blipd::measure
