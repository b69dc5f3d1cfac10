// Made-up days of one network with all that may befall it, and the truth about them: what a detector is judged by.
// Everything follows from the seed. Plays nothing and judges nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/simulate/scenario.hpp"
#include "probes/base/time.hpp"

namespace blipd::accuracy {

// A day at the beginning of each world in which detectors learn what is usual. It has troubles like any other, and
// nothing that begins in it is scored.
inline constexpr base::Duration kWarmUp = std::chrono::hours(24);
inline constexpr base::Duration kDay = std::chrono::hours(24);
// As long as an outage may be and still be a blip (the default of blipd's `blip_limit`).
inline constexpr base::Duration kBlipLimit = std::chrono::minutes(5);

enum class TruthKind : std::uint8_t {
  kOutage,      // nobody in the network answers
  kBeat,        // a series of outages, each of which is listed too
  kPartial,     // half of the hosts are silent
  kHost,        // one host is
  kCongestion,  // a third of what is asked of the network is lost
  kOurs,        // a third of all that we ask is
  kVantage,     // nine tenths of all that we ask is lost
};

struct Truth {
  TruthKind kind = TruthKind::kOutage;
  base::Duration start{};  // from here on, counted from the world's start; of a staged outage: all are silent
  base::Duration end{};    // to here
  base::Duration first{};  // when the first host fell; `start` unless staged
  // A vantage fault or congestion lies over its beginning or end: what can be known of it is not what is true.
  bool is_obscured = false;

  base::Duration length() const { return end - start; }
};

// Who is asked, and how often.
struct Layout {
  std::size_t targets = 6;
  bool is_sparse = false;  // hosts that answer one time in two or less, of networks whose hosts come and go
  base::Duration interval = std::chrono::seconds(15);
};

struct World {
  simulate::Scenario scenario;
  std::vector<Truth> truths;  // in order of start
  double answer_ratio = 0;    // what share is usually answered: Trinocular is told, blipd has to learn it
};

// World `index` of `count`, of `days` days after the warm-up. Random loss goes from 1 % in the first world to 17 % in
// the last.
World make_world(const Layout& layout, std::size_t index, std::size_t count, std::size_t days, std::uint64_t seed);

}  // namespace blipd::accuracy
