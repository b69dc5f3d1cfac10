// Round trips as small integers on a log-linear scale (as in HdrHistogram: octaves, each cut into equal parts):
// a fine code of 19 bits for single round trips, and coarse bins for counting many. Pure arithmetic.
//
// 512 ns to 68.7 s; what lies outside counts as the nearest end. Decoding a fine code is at most 2^-15 off (0.003 %),
// a coarse bin at most 1/35 (2.86 %): the harmonic mean of a bin's ends has the least relative error.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "probes/base/time.hpp"

namespace blipd::measure {

using RttCode = std::uint32_t;

inline constexpr int kFirstOctave = 9;               // 2^9 ns
inline constexpr int kOctaves = 27;                  // up to 2^36 ns
inline constexpr int kFineBits = 14;                 // parts of an octave: 2^14
inline constexpr std::uint32_t kBinsPerOctave = 17;  // the fewest that keep the error within 3 %
inline constexpr RttCode kRttCodes = RttCode{kOctaves} << kFineBits;
inline constexpr std::uint32_t kBins = kOctaves * kBinsPerOctave;

constexpr RttCode encode_rtt(base::Duration rtt) {
  constexpr std::int64_t kLowest = std::int64_t{1} << kFirstOctave;
  constexpr std::int64_t kHighest = (std::int64_t{1} << (kFirstOctave + kOctaves)) - 1;
  const auto ns = static_cast<std::uint64_t>(std::clamp<std::int64_t>(rtt.count(), kLowest, kHighest));
  const int octave = static_cast<int>(std::bit_width(ns)) - 1;
  // The leading one drops out of the mantissa.
  const std::uint64_t mantissa = octave >= kFineBits ? ns >> (octave - kFineBits) : ns << (kFineBits - octave);
  constexpr std::uint64_t kMask = (std::uint64_t{1} << kFineBits) - 1;
  return (static_cast<RttCode>(octave - kFirstOctave) << kFineBits) | static_cast<RttCode>(mantissa & kMask);
}

constexpr base::Duration decode_rtt(RttCode code) {
  const int octave = static_cast<int>(code >> kFineBits) + kFirstOctave;
  const std::int64_t whole = (std::int64_t{1} << kFineBits) | (code & ((1U << kFineBits) - 1));
  if (octave <= kFineBits) return base::Duration(whole >> (kFineBits - octave));
  const int shift = octave - kFineBits;
  return base::Duration((whole << shift) + (std::int64_t{1} << (shift - 1)));
}

constexpr std::uint32_t bin_of(RttCode code) {
  constexpr RttCode kMask = (1U << kFineBits) - 1;
  return (code >> kFineBits) * kBinsPerOctave + (((code & kMask) * kBinsPerOctave) >> kFineBits);
}

// The lowest fine code that falls into the bin.
constexpr RttCode lowest_code_of(std::uint32_t bin) {
  const std::uint32_t part = bin % kBinsPerOctave;
  const std::uint32_t start = ((part << kFineBits) + kBinsPerOctave - 1) / kBinsPerOctave;
  return ((bin / kBinsPerOctave) << kFineBits) | start;
}

constexpr base::Duration decode_bin(std::uint32_t bin) {
  const double octave = static_cast<double>(std::uint64_t{1} << (kFirstOctave + bin / kBinsPerOctave));
  const double low = 1.0 + static_cast<double>(bin % kBinsPerOctave) / kBinsPerOctave;
  const double high = low + 1.0 / kBinsPerOctave;
  return base::Duration(static_cast<std::int64_t>(octave * 2.0 * low * high / (low + high)));
}

}  // namespace blipd::measure
