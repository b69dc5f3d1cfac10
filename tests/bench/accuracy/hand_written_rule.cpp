#include <algorithm>
#include <deque>
#include <optional>

#include "daemon/simulate/country.hpp"
#include "tests/bench/accuracy/detectors.hpp"

namespace blipd::accuracy {

namespace {

using base::Duration;

constexpr Duration kWindow = std::chrono::minutes(5);
constexpr Duration kFor = std::chrono::minutes(5);
constexpr Duration kEvaluated = std::chrono::seconds(15);
constexpr double kThreshold = 0.5;

struct Sample {
  Duration at{};
  bool is_success = false;
};

// Results of one window, and how many were successes.
class Window {
 public:
  void add(const Sample& sample) {
    samples_.push_back(sample);
    successes_ += sample.is_success ? 1 : 0;
  }
  std::optional<double> average(Duration now) {
    while (!samples_.empty() && samples_.front().at <= now - kWindow) {
      successes_ -= samples_.front().is_success ? 1 : 0;
      samples_.pop_front();
    }
    if (samples_.empty()) return std::nullopt;
    return static_cast<double>(successes_) / static_cast<double>(samples_.size());
  }

 private:
  std::deque<Sample> samples_;
  std::size_t successes_ = 0;
};

}  // namespace

Run run_rule(const World& world, Duration interval, std::uint64_t seed) {
  simulate::Country country(world.scenario, seed);
  const auto& targets = world.scenario.networks.front().targets;
  const Duration timeout = world.scenario.pace.timeout;
  const Duration spacing = interval / static_cast<int>(targets.size());
  Run run;
  Window window;
  Duration pending = Duration::max();  // since when the expression holds; max(): it does not
  bool is_firing = false;
  Duration evaluated{};
  std::size_t next = 0;
  // Each target at its own phase. A prober's result is written at the time of its scrape.
  for (Duration now{}; now < world.scenario.length; now += spacing) {
    for (; evaluated + kEvaluated <= now; evaluated += kEvaluated) {
      const Duration at = evaluated + kEvaluated;
      const auto average = window.average(at);
      if (!average || *average >= kThreshold) {
        if (is_firing) run.found.back().end = run.found.back().latest = at;
        is_firing = false;
        pending = Duration::max();
        continue;
      }
      pending = std::min(pending, at);
      if (is_firing || at - pending < kFor) continue;
      is_firing = true;
      Found found;
      found.start = pending;
      found.earliest = pending - kWindow;
      found.declared = at;
      found.end = found.latest = world.scenario.length;
      run.found.push_back(found);
    }
    const simulate::Decision decision = country.decide({targets[next].address, simulate::Protocol::kIcmp, 0}, now);
    next = (next + 1) % targets.size();
    ++run.probes;
    window.add({now, decision.fate == simulate::Fate::kAnswered && decision.delay <= timeout});
  }
  return run;
}

}  // namespace blipd::accuracy
