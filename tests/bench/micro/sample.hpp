// What the micro-benchmarks measure with: a plan of any size, and round trips from a fixed seed.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "config/load.hpp"
#include "config/plan.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::bench {

inline constexpr base::MonoTime kStart{std::chrono::hours(1000)};

inline base::Moment moment(base::MonoTime at) {
  return {at, base::WallTime(std::chrono::seconds(1'419'206'400)) + (at - kStart), {}, {}};
}

// One country; networks of 250 targets, each asked once a second by ICMP.
inline std::shared_ptr<const config::Plan> plan_of(std::size_t channels) {
  std::string text = "defaults: {interval: 1s, timeout: 900ms}\ncountries:\n  - code: XX\n    networks:\n";
  for (std::size_t i = 0; i < channels; ++i) {
    if (i % 250 == 0) text += fmt::format("      - name: net{}\n        targets:\n", i / 250);
    text += fmt::format("          - {{name: t{}, host: 198.18.{}.{}}}\n", i, i / 250 % 256, 1 + i % 250);
  }
  const auto loaded = config::load_text(text, "bench.yaml");
  if (!loaded.faults.empty()) throw std::runtime_error(loaded.faults.front().to_string());
  return config::make_plan(loaded.configuration, nullptr);
}

// Round trips about 50 ms, with a long tail, as paths have them.
inline std::vector<base::Duration> round_trips(std::size_t count, std::uint64_t seed = 20141222) {
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> jitter(0.0, 1.0);
  std::vector<base::Duration> found(count);
  for (auto& rtt : found) rtt = base::from_seconds(0.05 + 0.001 * jitter(random));
  return found;
}

inline probes::Result answered(probes::ChannelIndex channel, probes::Sequence sequence, base::MonoTime sent,
                               base::Duration rtt) {
  probes::Result result;
  result.channel = channel;
  result.sequence = sequence;
  result.outcome = probes::Outcome::kAnswered;
  result.answer = probes::AnswerKind::kEchoReply;
  result.stamps = probes::StampSource::kCapture;
  result.was_sent = true;
  result.sent = sent;
  result.settled = sent + rtt;
  result.rtt = rtt;
  return result;
}

}  // namespace blipd::bench
