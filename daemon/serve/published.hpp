// What the probing side hands to those who serve it: one immutable value, shared between threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/engine/health.hpp"
#include "daemon/event/event.hpp"
#include "daemon/evidence/path_rows.hpp"
#include "daemon/journal/journal.hpp"
#include "daemon/pipeline/snapshot.hpp"
#include "probes/base/time.hpp"

namespace blipd::serve {

struct Reload {
  bool was_successful = true;  // of the last load of the configuration, the first one included
  base::WallTime succeeded_at{};
};

// What came of a wish to reload.
struct ReloadOutcome {
  bool was_successful = false;
  std::string text;  // for whoever asked: what was done, or every fault on a line of its own
};

// Of the file that `record:` names.
struct RecordHealth {
  bool is_writing = true;
  std::uint64_t dropped = 0;  // lines that were not written
};

// Of the packets that are kept for events, and of the files of them.
struct RecorderHealth {
  std::string directory;
  bool is_recording = false;  // packets are seen by a capture
  std::uint64_t packets = 0;  // that were ever kept
  std::uint64_t ring_bytes = 0;
  std::optional<base::Duration> reach;  // of the ring that forgets soonest; absent: none does
  bool is_writing = true;
  std::uint64_t files_written = 0, files_failed = 0, files_removed = 0, passed_over = 0;
  std::uint64_t files = 0, bytes = 0;  // in the folder
};

struct Published {
  std::shared_ptr<const pipeline::Snapshot> snapshot;
  engine::Health health;
  Reload reload;
  std::optional<journal::Health> journal;           // absent: none is kept
  std::optional<RecordHealth> record;               // absent: results are not recorded
  std::optional<RecorderHealth> recorder;           // absent: packets are not kept
  std::shared_ptr<const evidence::PathRows> paths;  // null: none is known of
  // Events that ended lately, oldest first; null: none has.
  std::shared_ptr<const std::vector<std::shared_ptr<const event::Event>>> ended;
};

// Who asks for a value. Called on any thread, each at most once.
struct PublishedWish {
  std::function<void(std::shared_ptr<const Published>)> done;
  std::function<void()> begun;  // before `done`, when it begins to be made; may be empty

  void operator()(std::shared_ptr<const Published> value) const { done(std::move(value)); }
};

// Asks the probing thread for a fresh value. Returns at once; the wish is told later. May be called from any thread;
// requests that wait at the same time get the same value.
using RequestPublished = std::function<void(PublishedWish)>;

}  // namespace blipd::serve
