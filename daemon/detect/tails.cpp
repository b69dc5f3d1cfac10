#include "daemon/detect/tails.hpp"

#include <algorithm>
#include <cmath>

namespace blipd::detect {

namespace {

// std::lgamma may write a global (signgam), which threads would share; POSIX has one that does not.
double log_factorial(std::uint32_t n) {
  int sign = 0;
  return ::lgamma_r(static_cast<double>(n) + 1.0, &sign);
}

// Where terms shrink, what follows one so small is lost in the rounding of the sum.
bool is_nothing(double term, double sum) { return term <= sum * 1e-16; }

}  // namespace

// Both sum from k upwards, where terms only shrink once past the mean, so nothing is lost to cancellation as in
// 1 − (the rest).
double binomial_tail(std::uint32_t n, double p, std::uint32_t k) {
  if (k == 0) return 1;
  if (k > n || p <= 0) return 0;
  if (p >= 1) return 1;
  double log_term =
      log_factorial(n) - log_factorial(k) - log_factorial(n - k) + k * std::log(p) + (n - k) * std::log1p(-p);
  const double odds = std::log(p) - std::log1p(-p);
  double sum = 0;
  for (std::uint32_t i = k; i <= n; ++i) {
    const double term = std::exp(log_term);
    sum += term;
    if (static_cast<double>(i) > n * p && is_nothing(term, sum)) break;
    if (i < n) log_term += std::log(static_cast<double>(n - i)) - std::log(static_cast<double>(i + 1)) + odds;
  }
  return std::min(sum, 1.0);
}

// The median of a binomial law is n·p rounded down or up (Kaas and Buhrman 1980).
bool is_binomial_tail_below(double limit, std::uint32_t n, double p, std::uint32_t k) {
  return static_cast<double>(k) > std::floor(n * p) && binomial_tail(n, p, k) < limit;
}

double poisson_tail(double mean, std::uint32_t k) {
  if (k == 0) return 1;
  if (mean <= 0) return 0;
  double log_term = k * std::log(mean) - mean - log_factorial(k);
  double sum = 0;
  for (std::uint32_t i = k;; ++i) {
    const double term = std::exp(log_term);
    sum += term;
    if (static_cast<double>(i) > mean && is_nothing(term, sum)) break;
    log_term += std::log(mean) - std::log(static_cast<double>(i + 1));
  }
  return std::min(sum, 1.0);
}

}  // namespace blipd::detect
