// What must survive, written to SQLite by a thread of its own behind a bounded queue: the probing thread hands over
// values and never waits. When the file cannot be written (a full disk, a lock, a broken file) what comes is kept in
// memory up to a bound, counted, and written once the file can be written again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/event/event.hpp"
#include "daemon/pipeline/memory.hpp"
#include "daemon/pipeline/minutes.hpp"
#include "probes/base/time.hpp"

namespace blipd::journal {

struct Health {
  bool is_writing = true;     // false: degraded to memory
  std::uint64_t errors = 0;   // attempts that failed, since the start
  std::uint64_t dropped = 0;  // values given up because the queue was full
  std::uint64_t queued = 0;   // values that wait
  std::uint64_t bytes = 0;    // of the file
  std::string problem;        // what the last failed attempt said; empty: none
  std::string path;           // of the file
};

struct Options {
  std::string path;
  std::string vantage;                                     // name of the vantage point
  base::Duration retention = std::chrono::hours(24 * 90);  // of minutes; events are kept for ever
  // Called from the journal's thread when it degrades (true) and when it recovers (false).
  std::function<void(bool is_degraded, const std::string& text)> notify;
};

class Journal {
 public:
  // Opens or makes the file and brings its schema up to date. Always succeeds: what is wrong is told through `notify`
  // and health(), and tried again every few seconds. A corrupt file is set aside under another name, never deleted.
  static std::unique_ptr<Journal> open(Options options, base::WallTime now);
  virtual ~Journal() = default;  // writes what waits, within a second

  // As of the last run; absent when there is none or it cannot be read. Called once, before the first remember().
  virtual std::optional<pipeline::Memory> recall() = 0;

  // The probing thread. None of these waits.
  virtual void remember(const event::Event& event) = 0;
  virtual void remember(pipeline::Minutes minutes) = 0;
  virtual void remember(pipeline::Memory memory) = 0;
  // Was watching until `now`: what lies between the last of these and the next start was not watched.
  virtual void alive(base::WallTime now) = 0;
  // Watches again from `now` on, and did not since the last alive().
  virtual void resume(base::WallTime now) = 0;
  virtual void set_retention(base::Duration retention) = 0;

  // Any thread.
  virtual Health health() const = 0;
};

}  // namespace blipd::journal
