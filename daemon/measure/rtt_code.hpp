// Round trips as small integers on a log-linear scale (as in HdrHistogram: octaves, each cut into equal parts):
// a code of 19 bits for single round trips, and bins, fine and coarse ones, for counting many. Pure arithmetic.
//
// 512 ns to 68.7 s; what lies outside counts as the nearest end. Decoding a code is at most 2^-15 off (0.003 %), a fine
// bin at most 1/137 (0.73 %), a coarse one 1/35 (2.86 %): the harmonic mean of a bin's ends has the least relative
// error. A coarse bin is kFinePerCoarse whole fine ones.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "probes/base/time.hpp"

namespace blipd::measure {

using RttCode = std::uint32_t;

inline constexpr int kFirstOctave = 9;        // 2^9 ns
inline constexpr int kOctaves = 27;           // up to 2^36 ns
inline constexpr int kCodeBits = 14;          // parts of an octave: 2^14
inline constexpr std::uint32_t kCoarse = 17;  // bins of an octave: the fewest that keep the error within 3 %
inline constexpr std::uint32_t kFinePerCoarse = 4;
inline constexpr std::uint32_t kFine = kCoarse * kFinePerCoarse;
inline constexpr RttCode kRttCodes = RttCode{kOctaves} << kCodeBits;
inline constexpr std::uint32_t kCoarseBins = kOctaves * kCoarse;
inline constexpr std::uint32_t kFineBins = kOctaves * kFine;

constexpr RttCode encode_rtt(base::Duration rtt) {
  constexpr std::int64_t kLowest = std::int64_t{1} << kFirstOctave;
  constexpr std::int64_t kHighest = (std::int64_t{1} << (kFirstOctave + kOctaves)) - 1;
  const auto ns = static_cast<std::uint64_t>(std::clamp<std::int64_t>(rtt.count(), kLowest, kHighest));
  const int octave = static_cast<int>(std::bit_width(ns)) - 1;
  // The leading one drops out of the mantissa.
  const std::uint64_t mantissa = octave >= kCodeBits ? ns >> (octave - kCodeBits) : ns << (kCodeBits - octave);
  constexpr std::uint64_t kMask = (std::uint64_t{1} << kCodeBits) - 1;
  return (static_cast<RttCode>(octave - kFirstOctave) << kCodeBits) | static_cast<RttCode>(mantissa & kMask);
}

constexpr base::Duration decode_rtt(RttCode code) {
  const int octave = static_cast<int>(code >> kCodeBits) + kFirstOctave;
  const std::int64_t whole = (std::int64_t{1} << kCodeBits) | (code & ((1U << kCodeBits) - 1));
  if (octave <= kCodeBits) return base::Duration(whole >> (kCodeBits - octave));
  const int shift = octave - kCodeBits;
  return base::Duration((whole << shift) + (std::int64_t{1} << (shift - 1)));
}

// In bins of which an octave has `per_octave`, kCoarse or kFine.
constexpr std::uint32_t bin_of(RttCode code, std::uint32_t per_octave) {
  constexpr RttCode kMask = (1U << kCodeBits) - 1;
  return (code >> kCodeBits) * per_octave + (((code & kMask) * per_octave) >> kCodeBits);
}

// The lowest code that falls into the bin.
constexpr RttCode lowest_code_of(std::uint32_t bin, std::uint32_t per_octave) {
  const std::uint32_t part = bin % per_octave;
  const std::uint32_t start = ((part << kCodeBits) + per_octave - 1) / per_octave;
  return ((bin / per_octave) << kCodeBits) | start;
}

constexpr base::Duration decode_bin(std::uint32_t bin, std::uint32_t per_octave) {
  const double octave = static_cast<double>(std::uint64_t{1} << (kFirstOctave + bin / per_octave));
  const double low = 1.0 + static_cast<double>(bin % per_octave) / per_octave;
  const double high = low + 1.0 / per_octave;
  return base::Duration(static_cast<std::int64_t>(octave * 2.0 * low * high / (low + high)));
}

}  // namespace blipd::measure
