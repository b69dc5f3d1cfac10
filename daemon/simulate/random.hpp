// A small deterministic source of randomness: the same seed gives the same numbers with every compiler
// and library, which std::normal_distribution and its kin do not promise. Not for secrets.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace blipd::simulate {

// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): eight bytes of state, so that each target can afford
// a stream for each protocol and no target's luck depends on when another one was asked.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }

  // In [0, 1), with 53 random bits.
  double uniform() { return static_cast<double>(bits() >> 11U) * 0x1.0p-53; }

  // True with the given probability; 0 is never and 1 is always.
  bool happens(double probability) { return probability > 0 && uniform() < probability; }

  // Mean 0, variance 1 (Box and Muller, 1958).
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }

  // Mean 1.
  double exponential() { return -std::log(1.0 - uniform()); }

 private:
  std::uint64_t state_;
};

}  // namespace blipd::simulate
