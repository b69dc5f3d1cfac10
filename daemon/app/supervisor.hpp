// What whoever started us is told (sd_notify(3)): when we are ready, that we still make progress, when we reload and
// stop. On the probing thread, so that a watchdog is fed by the probing loop itself and by nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "probes/base/time.hpp"

namespace blipd::app {

// What one look at the probing loop shows.
struct Pulse {
  bool is_receiving = false;
  bool is_first_round_settled = false;
  std::uint64_t asked = 0;               // probes that had their turn, whatever became of them
  std::optional<base::Duration> period;  // the shortest time from one turn to the next; absent: nobody is asked
  bool is_whole = true;                  // no probing thread of several hangs
};

class Supervisor {
 public:
  // With hourly probes the first round takes an hour; nobody who starts us should be kept waiting for that.
  static constexpr base::Duration kPatience = std::chrono::seconds(45);

  using Tell = std::function<void(const std::string&)>;

  // `watchdog`: within which time we must be heard of; absent: there is no watchdog.
  Supervisor(Tell tell, std::optional<base::Duration> watchdog, base::MonoTime now);

  // By this process's environment.
  static Supervisor of_environment(base::MonoTime now);

  // Whether it is time for look(): several times within the watchdog's patience, and often until we are ready.
  bool is_due(base::MonoTime now) const { return now >= due_; }

  // `status` is for people. True when this look made us ready.
  bool look(base::MonoTime now, const Pulse& pulse, const std::string& status);

  void reloading(base::MonoTime now);
  void reloaded();
  void stopping();

 private:
  Tell tell_;
  std::optional<base::Duration> watchdog_;
  base::MonoTime started_;
  base::MonoTime due_;
  bool is_ready_ = false;
  std::uint64_t asked_ = 0;
  base::MonoTime moved_;  // when `asked_` last rose
  std::string status_;
};

}  // namespace blipd::app
