// The journal's file: its schema and what is written to it and read from it, one transaction at a time. Every function
// throws SqlFailure. Knows no thread and no queue.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/event/event.hpp"
#include "daemon/journal/sqlite.hpp"
#include "daemon/pipeline/memory.hpp"
#include "daemon/pipeline/minutes.hpp"
#include "probes/base/time.hpp"

namespace blipd::journal {

// The version that this program writes; `PRAGMA user_version`.
inline constexpr int kSchemaVersion = 3;

struct Watched {
  base::WallTime from{};
  base::WallTime until{};
};

class Store {
 public:
  // Opens or makes the file, and brings an older schema up to date. A newer one is refused.
  explicit Store(const std::string& path);

  void begin();
  void commit() { db_.run("COMMIT"); }
  void roll_back();

  // A later revision takes an earlier one's place, never the other way round.
  void write(const event::Event& event);
  void write(const pipeline::Minutes& minutes);
  void write(const pipeline::Memory& memory);
  // A new stretch of watching, or its extension.
  void begin_watch(const std::string& vantage, base::WallTime now);
  void extend_watch(base::WallTime now);
  // Minutes before `before`, at most some thousand rows a call. True when there may be more.
  bool prune(base::WallTime before);

  // As of the last run. What was open then was last known to be so when that run was last alive.
  std::optional<pipeline::Memory> recall();

 private:
  std::int64_t place(const std::string& name);

  Connection db_;
  std::unordered_map<std::string, std::int64_t> places_;
  std::optional<std::int64_t> watch_;         // the stretch that is extended
  std::optional<std::int64_t> watch_before_;  // the same when the transaction began
};

// An event as it lies in the file.
struct EventRow {
  std::string id;
  base::WallTime start{};  // the earliest, in whole milliseconds
  std::uint32_t revision = 0;
  std::string json;
};

struct LatestEvents {
  std::vector<EventRow> rows;         // the latest first
  std::optional<base::WallTime> cut;  // the start of the first that found no room; absent: all did
};

// For reports and the API: reads while a daemon writes, and holds up nobody.
class JournalReader {
 public:
  explicit JournalReader(const std::string& path);

  // What is asked for from now on must be there within so long.
  void limit_time(base::Duration duration) { db_.limit_time(duration); }

  // Whose start or end, as far as it is known, or anything in between, lies in [from, to), by start. At most `most`.
  std::vector<event::Event> events(base::WallTime from, base::WallTime to, std::size_t most = SIZE_MAX);
  // The same as they were written, the latest that find room in both limits; one does always.
  LatestEvents latest(base::WallTime from, base::WallTime to, std::size_t most_events, std::size_t most_bytes);
  std::optional<event::Event> event(std::string_view id);
  // Countries and networks of which minutes are on record: CC or CC/network.
  std::vector<std::string> places();
  // From the first to the last moment of watching; absent in an empty journal.
  std::optional<Watched> extent();
  // Sorted and joined; what lies between was not watched.
  std::vector<Watched> watched(base::WallTime from, base::WallTime to);

 private:
  Connection db_;
};

}  // namespace blipd::journal
