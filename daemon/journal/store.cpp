#include "daemon/journal/store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "daemon/event/json.hpp"

namespace blipd::journal {

namespace {

using pipeline::MinuteRtt;

// Each step takes a file from one version to the next. Steps that were released never change.
constexpr std::array<const char*, kSchemaVersion> kSteps = {
    // 1: events, what was watched, what the next start must know. Times are milliseconds of Unix time.
    R"(CREATE TABLE events(
         id TEXT PRIMARY KEY, scope TEXT NOT NULL, kind TEXT NOT NULL, country TEXT NOT NULL, network TEXT NOT NULL,
         target TEXT NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER, revision INTEGER NOT NULL, json TEXT NOT NULL);
       CREATE INDEX events_by_start ON events(start_ms);
       CREATE INDEX events_open ON events(id) WHERE end_ms IS NULL;
       CREATE TABLE watched(id INTEGER PRIMARY KEY, vantage TEXT NOT NULL, from_ms INTEGER NOT NULL,
                            until_ms INTEGER NOT NULL);
       CREATE TABLE memory(id INTEGER PRIMARY KEY CHECK(id = 1), saved_ms INTEGER NOT NULL, judge TEXT NOT NULL);)",
    // 2: minutes. `minute` counts from the beginning of Unix time; round trips are in microseconds.
    R"(CREATE TABLE places(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
       CREATE TABLE channel_minutes(
         place INTEGER NOT NULL, minute INTEGER NOT NULL, answered INTEGER NOT NULL, lost INTEGER NOT NULL,
         aborted INTEGER NOT NULL, late INTEGER NOT NULL, rtt_least INTEGER, rtt_mean INTEGER, rtt_most INTEGER,
         PRIMARY KEY(place, minute)) WITHOUT ROWID;
       CREATE TABLE state_minutes(
         place INTEGER NOT NULL, minute INTEGER NOT NULL, state INTEGER NOT NULL, unstable INTEGER NOT NULL,
         down_ms INTEGER NOT NULL, unknown_ms INTEGER NOT NULL, reachable_permille INTEGER,
         PRIMARY KEY(place, minute)) WITHOUT ROWID;)",
    // 3: points of a channel's round trips; what was usual, and what was asked of a network or a country. Absent in
    // rows of before.
    R"(ALTER TABLE channel_minutes ADD COLUMN rtt_p10 INTEGER;
       ALTER TABLE channel_minutes ADD COLUMN rtt_p25 INTEGER;
       ALTER TABLE channel_minutes ADD COLUMN rtt_p50 INTEGER;
       ALTER TABLE channel_minutes ADD COLUMN rtt_p75 INTEGER;
       ALTER TABLE channel_minutes ADD COLUMN rtt_p90 INTEGER;
       ALTER TABLE state_minutes ADD COLUMN usual_permille INTEGER;
       ALTER TABLE state_minutes ADD COLUMN answered INTEGER;
       ALTER TABLE state_minutes ADD COLUMN lost INTEGER;
       ALTER TABLE state_minutes ADD COLUMN rtt_median INTEGER;)",
};

constexpr int kPrunedAtOnce = 5000;

std::int64_t milliseconds(base::WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}
base::WallTime time_of(std::int64_t ms) { return base::WallTime(std::chrono::milliseconds(ms)); }

std::optional<std::int64_t> scaled(const std::optional<float>& value, double factor) {
  if (!value) return std::nullopt;
  return std::llround(static_cast<double>(*value) * factor);
}

void migrate(Connection& db) {
  const std::int64_t version = db.integer("PRAGMA user_version");
  if (version > kSchemaVersion) {
    throw SqlFailure(
        {SqlError::Kind::kOther,
         fmt::format("was written by a newer blipd (schema {}, this one knows {}); use that, or another file", version,
                     kSchemaVersion)});
  }
  if (version == kSchemaVersion) return;
  // Read again inside the transaction: another program may have been quicker.
  db.run("BEGIN IMMEDIATE");
  try {
    for (std::int64_t v = db.integer("PRAGMA user_version"); v < kSchemaVersion; ++v) {
      db.run(kSteps[static_cast<std::size_t>(v)]);
      db.run(fmt::format("PRAGMA user_version = {}", v + 1));
    }
    db.run("COMMIT");
  } catch (...) {
    db.run("ROLLBACK");
    throw;
  }
}

}  // namespace

Store::Store(const std::string& path) : db_(path, Connection::Access::kWrite) {
  // Asked for before anything is written, else it has no effect.
  if (db_.integer("PRAGMA user_version") == 0) db_.run("PRAGMA auto_vacuum = INCREMENTAL");
  // What is committed survives the death of this process whenever it comes; of a power failure the last moments may be
  // lost, never the file (SQLite, "PRAGMA synchronous").
  db_.run("PRAGMA journal_mode = WAL");
  db_.run("PRAGMA synchronous = NORMAL");
  db_.run("PRAGMA journal_size_limit = 16777216");
  migrate(db_);
}

void Store::begin() {
  db_.run("BEGIN IMMEDIATE");
  watch_before_ = watch_;
}

void Store::roll_back() {
  try {
    db_.run("ROLLBACK");
  } catch (const SqlFailure&) {
    // SQLite has done so itself after some errors.
  }
  places_.clear();
  watch_ = watch_before_;
}

void Store::write(const event::Event& event) {
  Statement statement = db_.prepare(
      "INSERT INTO events VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10) ON CONFLICT(id) DO UPDATE SET start_ms=?7, end_ms=?8, "
      "revision=?9, json=?10 WHERE excluded.revision >= revision");
  const std::string json = event::to_json(event);
  std::optional<std::int64_t> end;
  if (event.end) end = milliseconds(event.end->latest);
  statement.bind(1, event.id)
      .bind(2, event::kScopeNames[static_cast<std::size_t>(event.scope)])
      .bind(3, event::kKindNames[static_cast<std::size_t>(event.kind)])
      .bind(4, event.country)
      .bind(5, event.network)
      .bind(6, event.target)
      .bind(7, milliseconds(event.start.earliest))
      .bind(8, end)
      .bind(9, std::int64_t{event.revision})
      .bind(10, json)
      .run();
}

std::int64_t Store::place(const std::string& name) {
  if (const auto found = places_.find(name); found != places_.end()) return found->second;
  db_.prepare("INSERT OR IGNORE INTO places(name) VALUES(?1)").bind(1, name).run();
  Statement statement = db_.prepare("SELECT id FROM places WHERE name = ?1");
  statement.bind(1, name);
  const std::int64_t id = statement.step() ? statement.integer(0) : 0;
  places_.emplace(name, id);
  return id;
}

void Store::write(const pipeline::Minutes& minutes) {
  const config::Plan& plan = *minutes.plan;
  const std::int64_t minute = milliseconds(minutes.start) / 60000;
  Statement channel =
      db_.prepare("INSERT OR REPLACE INTO channel_minutes VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)");
  for (const pipeline::ChannelMinute& row : minutes.channels) {
    channel.bind(1, place(plan.channel_name(row.channel)))
        .bind(2, minute)
        .bind(3, std::int64_t{row.answered})
        .bind(4, std::int64_t{row.lost})
        .bind(5, std::int64_t{row.aborted})
        .bind(6, std::int64_t{row.late});
    // In the order of the columns, which are as old as they are.
    constexpr std::array kRtts = {&MinuteRtt::least, &MinuteRtt::mean, &MinuteRtt::most, &MinuteRtt::p10,
                                  &MinuteRtt::p25,   &MinuteRtt::p50,  &MinuteRtt::p75,  &MinuteRtt::p90};
    for (std::size_t i = 0; i < kRtts.size(); ++i) {
      channel.bind(7 + static_cast<int>(i), row.rtt ? scaled((*row.rtt).*kRtts[i], 1e6) : std::nullopt);
    }
    channel.run();
  }
  Statement state = db_.prepare("INSERT OR REPLACE INTO state_minutes VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)");
  // `row` is of a network or of a country.
  const auto put = [&](const std::string& name, int value, std::uint32_t down, const auto& row) {
    state.bind(1, place(name))
        .bind(2, minute)
        .bind(3, std::int64_t{value})
        .bind(4, std::int64_t{row.is_unstable})
        .bind(5, std::int64_t{down})
        .bind(6, std::int64_t{row.unknown_milliseconds})
        .bind(7, scaled(row.reachable_ratio, 1e3))
        .bind(8, scaled(row.usual_reachable_ratio, 1e3))
        .bind(9, static_cast<std::int64_t>(row.sums.answered))
        .bind(10, static_cast<std::int64_t>(row.sums.lost))
        .bind(11, scaled(row.sums.rtt_median, 1e6))
        .run();
  };
  for (const pipeline::NetworkMinute& row : minutes.networks) {
    put(fmt::format("{}/{}", plan.country_code(row.network), plan.networks[row.network].name),
        static_cast<int>(row.state), row.down_milliseconds, row);
  }
  for (const pipeline::CountryMinute& row : minutes.countries) {
    put(plan.countries[row.country].code, static_cast<int>(row.level), row.total_milliseconds, row);
  }
}

void Store::write(const pipeline::Memory& memory) {
  db_.prepare("INSERT OR REPLACE INTO memory VALUES(1,?1,?2)")
      .bind(1, milliseconds(memory.saved))
      .bind(2, memory.text())
      .run();
}

void Store::begin_watch(const std::string& vantage, base::WallTime now) {
  db_.prepare("INSERT INTO watched(vantage,from_ms,until_ms) VALUES(?1,?2,?2)")
      .bind(1, vantage)
      .bind(2, milliseconds(now))
      .run();
  watch_ = db_.integer("SELECT last_insert_rowid()");
}

void Store::extend_watch(base::WallTime now) {
  if (!watch_) return;
  db_.prepare("UPDATE watched SET until_ms = max(until_ms, ?2) WHERE id = ?1")
      .bind(1, *watch_)
      .bind(2, milliseconds(now))
      .run();
}

bool Store::prune(base::WallTime before) {
  const std::int64_t minute = milliseconds(before) / 60000;
  bool is_more = false;
  for (const char* table : {"channel_minutes", "state_minutes"}) {
    // By place, since that is how the rows lie.
    db_.prepare(
           fmt::format("DELETE FROM {0} WHERE (place, minute) IN (SELECT t.place, t.minute FROM places p JOIN {0} t "
                       "ON t.place = p.id AND t.minute < ?1 LIMIT {1})",
                       table, kPrunedAtOnce))
        .bind(1, minute)
        .run();
    is_more = is_more || db_.integer("SELECT changes()") == kPrunedAtOnce;
  }
  db_.run("PRAGMA incremental_vacuum(1000)");
  return is_more;
}

std::optional<pipeline::Memory> Store::recall() {
  pipeline::Memory memory;
  bool is_any = false;
  Statement saved = db_.prepare("SELECT saved_ms, judge FROM memory WHERE id = 1");
  if (saved.step()) {
    is_any = true;
    memory.saved = time_of(saved.integer(0));
    memory.judge = saved.text(1);
  }
  // Of the last run: this one may have begun its own stretch already.
  Statement last = db_.prepare("SELECT coalesce(max(until_ms), 0) FROM watched WHERE id IS NOT ?1");
  last.bind(1, watch_);
  const base::WallTime alive = time_of(last.step() ? last.integer(0) : 0);
  Statement open = db_.prepare("SELECT json FROM events WHERE end_ms IS NULL ORDER BY start_ms, id");
  while (open.step()) {
    auto event = event::from_json(open.text(0));
    if (!event) continue;
    event->updated = std::max(event->updated, alive);
    memory.open.push_back(std::move(*event));
    is_any = true;
  }
  memory.saved = std::max(memory.saved, alive);
  if (!is_any) return std::nullopt;
  return memory;
}

JournalReader::JournalReader(const std::string& path) : db_(path, Connection::Access::kRead) {
  if (const std::int64_t version = db_.integer("PRAGMA user_version"); version == 0 || version > kSchemaVersion) {
    throw SqlFailure({SqlError::Kind::kOther,
                      version == 0 ? "is no journal of blipd" : "was written by a newer blipd; use that to read it"});
  }
}

std::vector<event::Event> JournalReader::events(base::WallTime from, base::WallTime to, std::size_t most) {
  Statement statement = db_.prepare(
      "SELECT json FROM events WHERE start_ms < ?2 AND (end_ms IS NULL OR end_ms >= ?1) ORDER BY start_ms, id LIMIT "
      "?3");
  statement.bind(1, milliseconds(from))
      .bind(2, milliseconds(to))
      .bind(3, static_cast<std::int64_t>(std::min<std::size_t>(most, INT64_MAX)));
  std::vector<event::Event> events;
  while (statement.step()) {
    auto event = event::from_json(statement.text(0));
    if (event) events.push_back(std::move(*event));
  }
  return events;
}

LatestEvents JournalReader::latest(base::WallTime from, base::WallTime to, std::size_t most_events,
                                   std::size_t most_bytes) {
  Statement statement = db_.prepare(
      "SELECT id, start_ms, revision, json FROM events WHERE start_ms < ?2 AND (end_ms IS NULL OR end_ms >= ?1) ORDER "
      "BY start_ms DESC, id DESC");
  statement.bind(1, milliseconds(from)).bind(2, milliseconds(to));
  LatestEvents latest;
  std::size_t bytes = 0;
  while (statement.step()) {
    EventRow row{statement.text(0), time_of(statement.integer(1)), static_cast<std::uint32_t>(statement.integer(2)),
                 statement.text(3)};
    bytes += row.json.size();
    if (!latest.rows.empty() && (latest.rows.size() >= most_events || bytes > most_bytes)) {
      latest.cut = row.start;
      break;
    }
    latest.rows.push_back(std::move(row));
  }
  return latest;
}

std::optional<event::Event> JournalReader::event(std::string_view id) {
  Statement statement = db_.prepare("SELECT json FROM events WHERE id = ?1");
  statement.bind(1, id);
  if (!statement.step()) return std::nullopt;
  auto event = event::from_json(statement.text(0));
  if (!event) return std::nullopt;
  return std::move(*event);
}

std::vector<std::string> JournalReader::places() {
  Statement statement = db_.prepare(
      "SELECT name FROM places p WHERE EXISTS(SELECT 1 FROM state_minutes s WHERE s.place = p.id) ORDER BY name");
  std::vector<std::string> places;
  while (statement.step()) places.push_back(statement.text(0));
  return places;
}

std::optional<Watched> JournalReader::extent() {
  Statement statement = db_.prepare("SELECT min(from_ms), max(until_ms) FROM watched");
  if (!statement.step() || statement.is_null(0)) return std::nullopt;
  return Watched{time_of(statement.integer(0)), time_of(statement.integer(1))};
}

std::vector<Watched> JournalReader::watched(base::WallTime from, base::WallTime to) {
  Statement statement =
      db_.prepare("SELECT from_ms, until_ms FROM watched WHERE from_ms < ?2 AND until_ms > ?1 ORDER BY from_ms");
  statement.bind(1, milliseconds(from)).bind(2, milliseconds(to));
  std::vector<Watched> watched;
  while (statement.step()) {
    const Watched next{std::max(from, time_of(statement.integer(0))), std::min(to, time_of(statement.integer(1)))};
    if (!watched.empty() && next.from <= watched.back().until) {
      watched.back().until = std::max(watched.back().until, next.until);
    } else {
      watched.push_back(next);
    }
  }
  return watched;
}

}  // namespace blipd::journal
