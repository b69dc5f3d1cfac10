#include "config/keys.hpp"

#include <algorithm>
#include <cstddef>

namespace blipd::config {

std::vector<KeyGroup> key_groups() {
  return {
      {"file", keys::kTop},
      {"vantage", keys::kVantage},
      {"control", keys::kControl},
      {"defaults", keys::kDefaults},
      {"probe", keys::kProbe},
      {"settings", keys::kSettings},
      {"icmp", keys::kIcmp},
      {"tcp", keys::kTcp},
      {"dns", keys::kDns},
      {"http", keys::kHttp},
      {"trace", keys::kTrace},
      {"expect", keys::kExpect},
      {"expect of http", keys::kHttpExpect},
      {"use", keys::kUse},
      {"country", keys::kCountry},
      {"network", keys::kNetwork},
      {"target", keys::kTarget},
      {"budget", keys::kBudget},
      {"detect", keys::kDetect},
      {"engine", keys::kEngine},
      {"evidence", keys::kEvidence},
      {"web", keys::kWeb},
      {"log", keys::kLog},
      {"target group", keys::kTargetGroup},
      {"labels", keys::kLabels},
      {"web file", keys::kWebFile},
      {"tls server", keys::kTlsServer},
      {"http server", keys::kHttpServer},
      {"headers", keys::kHeaders},
  };
}

namespace {

// Words further apart in length than this cannot be near; longer ones are no keys.
constexpr std::size_t kMaxSlips = 2;
constexpr std::size_t kMaxWord = 64;
constexpr std::size_t kMinPrefix = 3;

std::size_t distance(std::string_view a, std::string_view b) {
  // Rows of the dynamic programme: the one before last, the last, and this.
  std::vector<std::size_t> two_back(b.size() + 1), back(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) back[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = back[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({back[j] + 1, row[j - 1] + 1, changed});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], two_back[j - 2] + 1);
    }
    std::swap(two_back, back);
    std::swap(back, row);
  }
  return back[b.size()];
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view word, Keys candidates) {
  if (word.size() > kMaxWord) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t best_distance = (word.size() <= 4 ? 1 : kMaxSlips) + 1;
  for (const std::string_view candidate : candidates) {
    if (word.size() >= kMinPrefix && candidate.starts_with(word)) return candidate;
    if (candidate.size() > word.size() + kMaxSlips || word.size() > candidate.size() + kMaxSlips) continue;
    const std::size_t d = distance(word, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace blipd::config
