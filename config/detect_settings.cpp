#include "config/detect_settings.hpp"

#include <fmt/format.h>

#include <array>

#include "probes/base/text.hpp"

namespace blipd::config {

namespace {

using std::chrono::hours;
using std::chrono::seconds;

struct Real {
  std::string_view key;
  double Detect::*value;
  double least, most;
};
struct Time {
  std::string_view key;
  base::Duration Detect::*value;
  base::Duration least, most;
};

constexpr double kLeastRatio = 1e-6;  // probabilities stay off 0 and 1, whose logarithms have no bound
constexpr double kMostRatio = 1 - 1e-6;

constexpr auto kReals = std::to_array<Real>({
    {"down_threshold", &Detect::down_threshold, 0.1, 1000},
    {"small_down_threshold", &Detect::small_down_threshold, 0.1, 1000},
    {"up_threshold", &Detect::up_threshold, -1000, -0.1},
    {"clip", &Detect::clip, 1, 1000},
    {"false_failure", &Detect::false_failure, kLeastRatio, 0.5},
    {"down_failure", &Detect::down_failure, 0.5, kMostRatio},
    {"congested_failure", &Detect::congested_failure, 0.01, 0.99},
    {"usual_alpha", &Detect::usual_alpha, kLeastRatio, 1},
    {"usual_floor", &Detect::usual_floor, 0, 1},
    {"control_quorum", &Detect::control_quorum, 0, 1},
    {"flap_penalty", &Detect::flap_penalty, 1, 1e6},
    {"flap_ceiling", &Detect::flap_ceiling, 1, 1e6},
    {"unstable_from", &Detect::unstable_from, 1, 1e6},
    {"unstable_until", &Detect::unstable_until, 1, 1e6},
    {"chance", &Detect::chance, 1e-12, 0.1},
    {"unstable_weight", &Detect::unstable_weight, 0, 1},
    {"partial_share", &Detect::partial_share, 0, 1},
    {"partial_ends", &Detect::partial_ends, 0, 1},
    {"degraded_loss", &Detect::degraded_loss, 0, 1},
    {"degraded_deviations", &Detect::degraded_deviations, 0, 100},
    {"cusum_slack", &Detect::cusum_slack, 0, 10},
    {"cusum_limit", &Detect::cusum_limit, 0.1, 1000},
});

constexpr auto kTimes = std::to_array<Time>({
    {"blip_limit", &Detect::blip_limit, seconds(1), hours(24)},
    {"recovery", &Detect::recovery, seconds(0), hours(24)},
    {"relapse", &Detect::relapse, seconds(0), hours(24)},
    {"sustained", &Detect::sustained, seconds(0), hours(24)},
    {"flap_half_life", &Detect::flap_half_life, seconds(1), hours(24 * 7)},
    {"flap_window", &Detect::flap_window, seconds(10), hours(24)},
    {"partial_hold", &Detect::partial_hold, seconds(0), hours(1)},
    {"review_after", &Detect::review_after, seconds(1), hours(24 * 365)},
});

}  // namespace

Detect read_detect(const Reader& top) {
  Detect detect;
  const Node* node = top.map("detect");
  if (!node) return detect;
  const Path path = top.path().child("detect");
  const Reader reader(*node, path, top.faults(), {keys::kDetect});
  for (const Real& real : kReals) {
    if (const auto value = reader.real(real.key, real.least, real.most)) detect.*real.value = *value;
  }
  for (const Time& time : kTimes) {
    if (const auto value = reader.duration(time.key, time.least, time.most)) detect.*time.value = *value;
  }
  // The evidence never leaves −clip..clip, so a threshold beyond it would never be reached.
  const std::array<std::pair<std::string_view, double>, 3> thresholds = {
      {{"down_threshold", detect.down_threshold},
       {"small_down_threshold", detect.small_down_threshold},
       {"up_threshold", -detect.up_threshold}}};
  for (const auto& threshold : thresholds) {
    if (threshold.second <= detect.clip) continue;
    reader.fault(threshold.first,
                 fmt::format("beyond clip ({:.6g}), so never reached; lower it or raise clip", detect.clip));
  }
  const auto ordered = [&](std::string_view lower, double low, std::string_view upper, double high) {
    if (low <= high) return;
    reader.fault(lower, fmt::format("{:.6g} is above {} ({:.6g}); lower it or raise {}", low, upper, high, upper));
  };
  ordered("unstable_until", detect.unstable_until, "unstable_from", detect.unstable_from);
  ordered("unstable_from", detect.unstable_from, "flap_ceiling", detect.flap_ceiling);
  ordered("partial_share", detect.partial_share, "partial_ends", detect.partial_ends);
  return detect;
}

std::string dump_detect(const Detect& detect) {
  std::string text;
  for (const Real& real : kReals) {
    fmt::format_to(std::back_inserter(text), "  {}: {}\n", real.key, detect.*real.value);
  }
  for (const Time& time : kTimes) {
    fmt::format_to(std::back_inserter(text), "  {}: {}\n", time.key, base::format_duration(detect.*time.value));
  }
  return text;
}

}  // namespace blipd::config
