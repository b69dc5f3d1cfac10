// How much of a country is reachable, and the level that follows: shares weighted by network, what they usually
// are, total and partial. Owns a country's level; knows networks only by how they stand.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "config/model.hpp"
#include "daemon/detect/contact.hpp"
#include "daemon/detect/states.hpp"
#include "daemon/detect/usual.hpp"
#include "probes/base/time.hpp"

namespace blipd::detect {

// Reachable shares are sampled this often to learn what is usual.
inline constexpr base::Duration kShareSample = std::chrono::seconds(10);

// What a reachable share usually is. Absent until a minute of samples.
class UsualShare {
 public:
  void learn(double share, double alpha) {
    mean_.learn(share, alpha);
    if (samples_ < kWarmUp) ++samples_;
  }
  std::optional<double> mean() const {
    if (samples_ < kWarmUp) return std::nullopt;
    return mean_.mean();
  }
  void restore(double mean) {
    mean_ = SlowMean(static_cast<float>(mean), 1000.0F);
    samples_ = kWarmUp;
  }

 private:
  static constexpr std::uint8_t kWarmUp = 6;
  SlowMean mean_{1.0F, 0.0F};
  std::uint8_t samples_ = 0;
};

struct NetworkStanding {
  double weight = 1.0;
  NetworkState state = NetworkState::kUnknown;
  std::optional<double> reachable_ratio;  // absent: no target has a vote
  std::optional<double> believed_ratio;   // the same of targets that are not firmly down; 0 while the network is
  double usual_down = 0;                  // share of its targets that usually is firmly down
};

struct CountryStanding {
  std::optional<double> reachable_ratio;  // weighted over the networks that have one
  std::optional<double> believed_ratio;   // the same, without what a lost probe or two can move: what levels go by
  double usual_ratio = 1;                 // what that usually is
  double down_share = 0;                  // weight of those that are down, of the weight of those that vote
  bool is_known = false;                  // some voting network's state is known
  bool is_all_down = false;               // every voting network is down
  bool is_any_up = false;                 // some voting network is known not to be
};
CountryStanding stand(std::span<const NetworkStanding> networks);

class CountryTest {
 public:
  // True when the level changed.
  bool update(const CountryStanding& standing, base::MonoTime now, const config::Detect& rules);
  CountryLevel level() const { return level_; }

 private:
  CountryLevel decide(const CountryStanding& standing, base::MonoTime now, const config::Detect& rules);

  CountryLevel level_ = CountryLevel::kUnknown;
  base::MonoTime low_since_ = kNever;  // kNever: the share is not low
};

}  // namespace blipd::detect
