// How improbable a count is: exact upper tails, for deciding what is no usual behaviour. Pure arithmetic.
#pragma once

#include <cstdint>

namespace blipd::detect {

// P(X ≥ k) for X ~ Binomial(n, p), p in 0–1. 1 for k = 0, 0 for k > n.
double binomial_tail(std::uint32_t n, double p, std::uint32_t k);

// Whether that is less than `limit`, which is at most a half: at once where `k` is not beyond the median.
bool is_binomial_tail_below(double limit, std::uint32_t n, double p, std::uint32_t k);

// P(X ≥ k) for X ~ Poisson(mean), mean ≥ 0.
double poisson_tail(double mean, std::uint32_t k);

}  // namespace blipd::detect
