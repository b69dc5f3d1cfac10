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

void take(recorded::Replay& replay, EventList& events, JournalFile* journal) {
  std::vector<event::Event> revised = replay.take_events();
  if (journal != nullptr && replay.now()) journal->add(revised, replay.take_minutes(), *replay.now());
  events.take(std::move(revised));
}

// Whether all lines were fine.
bool play(recorded::RowReader& reader, recorded::Replay& replay, EventList& events, JournalFile* journal,
          const std::string& name) {
  Progress progress;
  int faults = 0;
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
      take(replay, events, journal);
      progress.show(reader.share(), replay.results());
    }
  }
  replay.finish();
  take(replay, events, journal);
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
  EventList events;
  std::unique_ptr<JournalFile> journal;
  if (!options.journal.empty()) {
    auto opened = JournalFile::open(options.journal, vantage);
    if (!opened) {
      fmt::print(stderr, "blipd replay: {}\n", opened.error().text);
      return kExitEnvironment;
    }
    journal = std::move(*opened);
    replay.keep_minutes();
  }
  if (!play(reader, replay, events, journal.get(), name)) return kExitInput;
  if (journal) journal->finish();
  if (journal && !journal->problem().empty()) {
    fmt::print(stderr, "blipd replay: {}: {}\n", options.journal, journal->problem());
    return kExitEnvironment;
  }
  if (replay.results() == 0) {
    fmt::print(stderr, "{}: no results in it; give what `record:` or `blipd simulate --record` wrote\n", name);
    return kExitInput;
  }
  fmt::print("{}", format_events(events.sorted(), options.format));
  return kExitFine;
}

}  // namespace blipd::app
