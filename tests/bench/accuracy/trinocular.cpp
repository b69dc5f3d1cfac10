#include <algorithm>

#include "daemon/simulate/country.hpp"
#include "tests/bench/accuracy/detectors.hpp"

namespace blipd::accuracy {

namespace {

using base::Duration;

// The constants of the paper, sections 4.2 to 4.4.
constexpr double kPacketLoss = 0.01;
constexpr double kAddresses = 256;  // of a /24
constexpr double kLowest = 0.01;
constexpr double kHighest = 0.99;
constexpr double kDown = 0.1;
constexpr double kUp = 0.9;
constexpr int kMostProbes = 15;
constexpr Duration kSpacing = std::chrono::seconds(3);

// P(block is up) after one more probe.
double update(double belief, bool is_answered, double availability) {
  const double stray = (1 - kPacketLoss) / kAddresses;  // an answer though the block is down
  const double given_up = is_answered ? availability : 1 - availability;
  const double given_down = is_answered ? stray : 1 - stray;
  const double up = given_up * belief;
  return std::clamp(up / (up + given_down * (1 - belief)), kLowest, kHighest);
}

}  // namespace

Run run_trinocular(const World& world, Duration round, std::uint64_t seed) {
  simulate::Country country(world.scenario, seed);
  const auto& targets = world.scenario.networks.front().targets;
  const Duration timeout = world.scenario.pace.timeout;
  Run run;
  double belief = 0.5;
  std::size_t next = 0;
  bool is_down = false;
  Duration up_at{};    // when it was last seen up
  Duration down_at{};  // when it was last seen down
  for (Duration begins{}; begins + kSpacing * kMostProbes < world.scenario.length; begins += round) {
    Duration now = begins;
    for (int probe = 0; probe < kMostProbes && now < begins + round; ++probe, now += kSpacing) {
      const simulate::Decision decision = country.decide({targets[next].address, simulate::Protocol::kIcmp, 0}, now);
      next = (next + 1) % targets.size();
      ++run.probes;
      const bool is_answered = decision.fate == simulate::Fate::kAnswered && decision.delay <= timeout;
      belief = update(belief, is_answered, world.answer_ratio);
      if (belief < kDown || belief > kUp) break;
    }
    const Duration known = now + timeout;
    if (belief > kUp) {
      up_at = begins;
      if (is_down) {
        run.found.back().end = down_at + (begins - down_at) / 2;
        run.found.back().latest = now;
      }
      is_down = false;
    } else if (belief < kDown) {
      if (!is_down) {
        Found found;
        found.earliest = up_at;
        found.start = up_at + (begins - up_at) / 2;
        found.declared = known;
        found.end = found.latest = world.scenario.length;
        run.found.push_back(found);
      }
      is_down = true;
      down_at = begins;
    }
  }
  return run;
}

}  // namespace blipd::accuracy
