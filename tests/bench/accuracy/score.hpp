// Holds what a detector found against the truth. Adds up over worlds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/accuracy/days.hpp"
#include "tests/bench/accuracy/detectors.hpp"

namespace blipd::accuracy {

// Outages by length, from each bound (included) up to the next.
inline constexpr std::array<base::Duration, 6> kLengths = {std::chrono::seconds(20), std::chrono::seconds(30),
                                                           std::chrono::seconds(60), std::chrono::minutes(2),
                                                           std::chrono::minutes(5),  std::chrono::minutes(30)};

// What there was, and what it was taken for.
enum class Row : std::uint8_t { kBlip, kOutage, kBeat, kPartial, kHost, kCongestion, kOurs, kVantage };
enum class Column : std::uint8_t { kNothing, kBlip, kOutage, kInstability, kPartial, kDegraded, kHost, kVantage };
inline constexpr std::array<const char*, 8> kRowNames = {
    "blip", "outage", "beat", "partial", "one host down", "congestion there", "congestion here", "vantage fault"};
inline constexpr std::array<const char*, 8> kColumnNames = {"nothing", "blip",     "outage",        "instability",
                                                            "partial", "degraded", "one host down", "vantage fault"};

struct Score {
  struct Share {
    std::size_t found = 0, all = 0;
  };
  std::size_t worlds = 0;
  double days = 0;
  std::size_t false_outages = 0;
  std::size_t false_instabilities = 0, false_partials = 0;
  std::array<Share, kLengths.size()> found{};
  Share obscured;
  // Seconds; of outages found and not obscured.
  std::vector<double> latency, start_error, end_error, duration_error;
  std::size_t merged = 0, split = 0;  // of those of five minutes and more
  std::array<std::array<std::size_t, kColumnNames.size()>, kRowNames.size()> classes{};
  std::uint64_t probes = 0, control_probes = 0;
  double hours = 0;
  std::vector<std::string> notes;  // what went wrong, a line each: false, missed, late, of the wrong class

  // Of outages, beats and partial outages: the share that got the class it is of. Those not found are not of it.
  double right_class() const;
};

void add(Score& score, const World& world, const Run& run);
void add(Score& score, const Score& other);

// q in 0..1; the value is absent (NaN) where there is none.
double quantile(std::vector<double> values, double q);

}  // namespace blipd::accuracy
