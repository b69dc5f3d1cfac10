#include "daemon/app/replay_command.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "config/load.hpp"
#include "daemon/app/app.hpp"
#include "daemon/app/journal_file.hpp"
#include "daemon/app/progress.hpp"
#include "daemon/recorded/byte_source.hpp"
#include "daemon/recorded/replay.hpp"
#include "daemon/recorded/row_reader.hpp"

namespace blipd::app {

namespace {

using Next = recorded::RowReader::Next;

constexpr int kMostFaults = 20;
constexpr std::uint64_t kSlice = 1 << 16;  // lines between two looks at the events

// What lines say of nobody's configuration is judged by the defaults.
std::optional<config::Configuration> configuration_of(const ReplayOptions& options) {
  if (options.config.empty()) {
    config::Configuration configuration;
    configuration.vantage_name = "recorded";
    return configuration;
  }
  config::Loaded loaded = config::load_file(options.config, {.web_files = config::WebFiles::kLeave});
  for (const config::Fault& fault : loaded.faults) fmt::print(stderr, "{}\n", fault.to_string());
  if (!loaded.faults.empty()) return std::nullopt;
  return std::move(loaded.configuration);
}

bool is_written(const JournalFile& journal) {
  if (journal.problem()) fmt::print(stderr, "blipd replay: {}\n", *journal.problem());
  return !journal.problem();
}

// Whether all lines were fine.
bool play(recorded::RowReader& reader, recorded::Replay& replay, EventList& events, JournalFile* journal,
          const std::string& name) {
  Progress progress;
  int faults = 0;
  const auto take = [&] {
    std::vector<event::Event> revised = replay.take_events();
    if (journal != nullptr) journal->write(revised);
    events.take(std::move(revised));
  };
  const auto note = [&](const base::Error& error) {
    progress.clear();
    fmt::print(stderr, "{}:{}: {}\n", name, reader.line(), error.text);
    ++faults;
  };
  recorded::Row row;
  Next next = Next::kRow;
  for (std::uint64_t rows = 1; next != Next::kEnd && next != Next::kBroken; ++rows) {
    next = reader.next(row);
    if (next == Next::kFault || next == Next::kBroken) note(reader.fault());
    if (next == Next::kRow) {
      if (const auto taken = replay.take(row); !taken) note(taken.error());
    }
    if (faults == kMostFaults) {
      fmt::print(stderr, "{}: so many faults; the rest was not read\n", name);
      return false;
    }
    if (rows % kSlice == 0) {
      take();
      progress.show(reader.share(), replay.results());
    }
  }
  replay.finish();
  take();
  progress.clear();
  return faults == 0;
}

}  // namespace

int run_replay(const ReplayOptions& options) {
  auto configuration = configuration_of(options);
  if (!configuration) return kExitInput;
  const std::string name = options.file == "-" ? "standard input" : options.file;
  auto source = recorded::open_source(options.file);
  if (source) source = recorded::unpacked(std::move(*source));
  if (!source) {
    fmt::print(stderr, "{}: {}\n", name, source.error().text);
    return kExitEnvironment;
  }
  recorded::RowReader reader(std::move(*source));
  const std::string vantage = configuration->vantage_name;
  recorded::Replay replay(std::move(*configuration));
  std::optional<JournalFile> journal;
  if (!options.journal.empty()) {
    journal.emplace(options.journal);
    if (!is_written(*journal)) return kExitEnvironment;
    replay.keep_minutes([&journal](pipeline::Minutes minutes) { journal->write(std::move(minutes)); });
  }
  EventList events;
  if (!play(reader, replay, events, journal ? &*journal : nullptr, name)) return kExitInput;
  if (replay.results() == 0) {
    fmt::print(stderr, "{}: no results in it; give what `record:` or `blipd simulate --record` wrote\n", name);
    return kExitInput;
  }
  if (const auto played = replay.played(); journal && played) {
    journal->finish(vantage, played->from, played->until);
    if (!is_written(*journal)) return kExitEnvironment;
  }
  fmt::print("{}", format_events(events.sorted(), options.format));
  return kExitFine;
}

}  // namespace blipd::app
