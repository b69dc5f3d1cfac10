#include "daemon/journal/store.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

#include "tests/unit/folder.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using base::WallTime;
using journal::JournalReader;
using journal::SqlFailure;
using journal::Store;

namespace {

event::Event make_event(std::string id, std::uint32_t revision, bool is_open = true) {
  event::Event event;
  event.id = std::move(id);
  event.country = "KP";
  event.network = "n";
  event.start = {WallTime(100s), WallTime(101s)};
  if (!is_open) event.end = event::Span{WallTime(200s), WallTime(201s)};
  event.revision = revision;
  return event;
}

}  // namespace

TEST_CASE("A later revision takes an earlier one's place, never the other way round") {
  const test::Folder folder;
  Store store(folder.file("journal.db"));
  store.write(make_event("a", 1));
  store.write(make_event("a", 3, false));
  store.write(make_event("a", 2));
  const auto events = JournalReader(folder.file("journal.db")).events(WallTime(0s), WallTime(1000s));
  REQUIRE(events.size() == 1);
  CHECK(events[0].revision == 3);
  CHECK_FALSE(events[0].is_open());
}

TEST_CASE("Events are found by a range that they overlap, its end excluded") {
  const test::Folder folder;
  Store store(folder.file("journal.db"));
  store.write(make_event("ended", 1, false));
  JournalReader reader(folder.file("journal.db"));
  CHECK(reader.events(WallTime(0s), WallTime(100s)).empty());
  CHECK(reader.events(WallTime(0s), WallTime(100s + 1ms)).size() == 1);
  CHECK(reader.events(WallTime(201s), WallTime(300s)).size() == 1);
  CHECK(reader.events(WallTime(201s + 1ms), WallTime(300s)).empty());
  store.write(make_event("open", 1));
  CHECK(reader.events(WallTime(5000s), WallTime(6000s)).size() == 1);
}

TEST_CASE("The next start knows what was open, and until when it was known to be") {
  const test::Folder folder;
  {
    Store store(folder.file("journal.db"));
    CHECK_FALSE(store.recall());
    store.begin_watch("here", WallTime(50s));
    store.write(make_event("open", 2));
    store.write(make_event("ended", 2, false));
    store.write(pipeline::Memory{WallTime(120s), "{\"version\":1}", {}});
    store.extend_watch(WallTime(150s));
  }
  Store store(folder.file("journal.db"));
  store.begin_watch("here", WallTime(500s));
  const auto memory = store.recall();
  REQUIRE(memory);
  CHECK(memory->judge == "{\"version\":1}");
  REQUIRE(memory->open.size() == 1);
  CHECK(memory->open[0].id == "open");
  CHECK(memory->open[0].updated == WallTime(150s));
  CHECK(memory->saved == WallTime(150s));
}

TEST_CASE("Stretches of watching are joined and cut to the range") {
  const test::Folder folder;
  Store store(folder.file("journal.db"));
  store.begin_watch("here", WallTime(10s));
  store.extend_watch(WallTime(20s));
  store.begin_watch("here", WallTime(20s));
  store.extend_watch(WallTime(30s));
  store.begin_watch("here", WallTime(40s));
  store.extend_watch(WallTime(60s));
  const auto watched = JournalReader(folder.file("journal.db")).watched(WallTime(15s), WallTime(50s));
  REQUIRE(watched.size() == 2);
  CHECK(watched[0].from == WallTime(15s));
  CHECK(watched[0].until == WallTime(30s));
  CHECK(watched[1].from == WallTime(40s));
  CHECK(watched[1].until == WallTime(50s));
}

TEST_CASE("A file of the first schema is brought up to date with what it holds") {
  const test::Folder folder;
  {
    journal::Connection old(folder.file("journal.db"), journal::Connection::Access::kWrite);
    old.run(
        "CREATE TABLE events(id TEXT PRIMARY KEY, scope TEXT NOT NULL, kind TEXT NOT NULL, country TEXT NOT NULL, "
        "network TEXT NOT NULL, target TEXT NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER, revision INTEGER NOT "
        "NULL, json TEXT NOT NULL);"
        "CREATE TABLE watched(id INTEGER PRIMARY KEY, vantage TEXT NOT NULL, from_ms INTEGER NOT NULL, until_ms "
        "INTEGER "
        "NOT NULL);"
        "CREATE TABLE memory(id INTEGER PRIMARY KEY CHECK(id = 1), saved_ms INTEGER NOT NULL, judge TEXT NOT NULL);"
        "INSERT INTO watched VALUES(1, 'here', 1000, 9000); PRAGMA user_version = 1;");
  }
  const Store store(folder.file("journal.db"));
  journal::Connection now(folder.file("journal.db"), journal::Connection::Access::kRead);
  CHECK(now.integer("PRAGMA user_version") == journal::kSchemaVersion);
  CHECK(now.integer("SELECT until_ms FROM watched") == 9000);
  CHECK(now.integer("SELECT count(*) FROM channel_minutes") == 0);
}

TEST_CASE("A file of a newer schema is refused and left alone") {
  const test::Folder folder;
  {
    journal::Connection newer(folder.file("journal.db"), journal::Connection::Access::kWrite);
    newer.run("CREATE TABLE t(x); PRAGMA user_version = 99;");
  }
  CHECK_THROWS_AS(Store(folder.file("journal.db")), SqlFailure);
  CHECK_THROWS_AS(JournalReader(folder.file("journal.db")), SqlFailure);
  journal::Connection same(folder.file("journal.db"), journal::Connection::Access::kRead);
  CHECK(same.integer("PRAGMA user_version") == 99);
}

TEST_CASE("Minutes go when their time is over, and only they") {
  const test::Folder folder;
  config::Configuration configuration;
  config::Network network;
  network.name = "n";
  network.targets.push_back({"t", "198.18.0.1", {probes::ProbeSpec{}}});
  configuration.countries.push_back({"KP", "KP", {network}});
  pipeline::Minutes minutes;
  minutes.plan = config::make_plan(configuration, nullptr);
  minutes.channels.push_back(
      {0, 10, 1, 0, 0, pipeline::MinuteRtt{0.1F, 0.11F, 0.12F, 0.13F, 0.14F, 0.15F, 0.3F, 0.2F}});
  minutes.networks.push_back({0, detect::NetworkState::kNormal, false, 0, 0, 1.0F, 0.9F, {10, 1, 0.13F}});
  Store store(folder.file("journal.db"));
  for (int minute = 0; minute < 10; ++minute) {
    minutes.start = WallTime(std::chrono::minutes(minute));
    store.write(minutes);
  }
  store.write(make_event("a", 1, false));
  CHECK_FALSE(store.prune(WallTime(4min)));
  journal::Connection reader(folder.file("journal.db"), journal::Connection::Access::kRead);
  CHECK(reader.integer("SELECT count(*) FROM channel_minutes") == 6);
  CHECK(reader.integer("SELECT min(minute) FROM state_minutes") == 4);
  CHECK(reader.integer("SELECT rtt_mean FROM channel_minutes LIMIT 1") == 200000);
  CHECK(reader.integer("SELECT rtt_most FROM channel_minutes LIMIT 1") == 300000);
  CHECK(reader.integer("SELECT rtt_p10 FROM channel_minutes LIMIT 1") == 110000);
  CHECK(reader.integer("SELECT rtt_p90 FROM channel_minutes LIMIT 1") == 150000);
  CHECK(reader.integer("SELECT usual_permille FROM state_minutes LIMIT 1") == 900);
  CHECK(reader.integer("SELECT answered * 100 + lost FROM state_minutes LIMIT 1") == 1001);
  CHECK(reader.integer("SELECT rtt_median FROM state_minutes LIMIT 1") == 130000);
  CHECK(reader.integer("SELECT count(*) FROM events") == 1);
}

TEST_CASE("Whatever was committed survives a kill at any moment") {
  for (int round = 0; round < 10; ++round) {
    const test::Folder folder;
    int told[2];
    REQUIRE(::pipe(told) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      Store store(folder.file("journal.db"));
      for (std::uint32_t i = 1;; ++i) {
        store.begin();
        store.write(make_event("a", i));
        store.commit();
        if (::write(told[1], &i, sizeof i) != sizeof i) ::_exit(1);
      }
    }
    std::uint32_t last = 0;
    for (std::uint32_t i = 0; i < 5U + static_cast<std::uint32_t>(round) * 7U;) {
      REQUIRE(::read(told[0], &last, sizeof last) == sizeof last);
      i = last;
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(told[0]);
    ::close(told[1]);
    Store store(folder.file("journal.db"));
    const auto events = JournalReader(folder.file("journal.db")).events(WallTime(0s), WallTime(1000s));
    REQUIRE(events.size() == 1);
    CHECK(events[0].revision >= last);
  }
}
