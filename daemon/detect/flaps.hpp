// How often something went down, against how often it usually does: the flap penalty (as RFC 2439 sums it up) and the
// count in a window against a Poisson law whose rate is learned with a Gamma prior. Owns whether it is unstable.
// Times must not fall.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "config/model.hpp"
#include "probes/base/time.hpp"

namespace blipd::detect {

// Exported beside the configured one: what routers damp flaps with (RFC 2439, 4.2, and common practice).
inline constexpr base::Duration kRouterHalfLife = std::chrono::minutes(15);

class Flaps {
 public:
  // Went down. `is_calm`: not while unstable, so that it counts for what is usual.
  void add(base::MonoTime at, const config::Detect& rules);

  // Brings is_unstable() up to date. `is_down`: a network that is down does not become stable by it.
  void advance(base::MonoTime now, bool is_down, const config::Detect& rules);

  // So much time was watched and calm: for the usual rate.
  void watched(base::Duration calm);

  bool is_unstable() const { return is_unstable_; }
  double penalty(base::MonoTime now, base::Duration half_life, const config::Detect& rules) const;
  // The latest start; the beginning of time where there is none.
  base::MonoTime latest() const { return starts_.empty() ? base::MonoTime::min() : starts_.back(); }
  std::uint64_t total() const { return total_; }  // since the start
  // Starts within `length` before `now`, both ends included.
  std::uint32_t count(base::MonoTime now, base::Duration length) const;
  // The first start after `after` that is within the window; `now` where there is none.
  base::MonoTime first_since(base::MonoTime now, base::Duration length, base::MonoTime after) const;

  // Episodes a day, the mean of the Gamma posterior over at most kDays of watching.
  double usual_per_day() const;

  // For a restart.
  struct Memory {
    std::vector<base::MonoTime> starts;  // at most kKept, within a day and a bit
    double episodes = 0;
    double days = 0;
    bool is_unstable = false;
  };
  Memory memory() const { return {starts_, episodes_, days_, is_unstable_}; }
  void restore(Memory memory);

 private:
  static constexpr std::size_t kKept = 256;
  static constexpr base::Duration kKeptFor = std::chrono::hours(24);
  static constexpr double kDays = 28;
  // The prior: as if one episode had been seen in two days.
  static constexpr double kPriorEpisodes = 1;
  static constexpr double kPriorDays = 2;
  // The fewest that are a pattern.
  static constexpr std::uint32_t kFewest = 3;

  // A penalty only falls until something does, and how fast is known. Rules may change, so it is looked at this often
  // all the same.
  static constexpr base::Duration kLook = std::chrono::minutes(1);

  bool is_improbable(base::MonoTime now, const config::Detect& rules) const;
  bool is_penalty_settled(base::MonoTime now, const config::Detect& rules);

  std::vector<base::MonoTime> starts_;  // ascending
  double episodes_ = 0;                 // calm ones, fading so that kDays are kept
  double days_ = 0;
  std::uint64_t total_ = 0;
  bool is_unstable_ = false;
  base::MonoTime settled_until_ = base::MonoTime::min();  // the penalty does not pass the threshold that matters before
};

}  // namespace blipd::detect
