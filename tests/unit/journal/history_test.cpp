#include "daemon/journal/history.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "daemon/journal/spread.hpp"
#include "tests/unit/folder.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using base::WallTime;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
using journal::Bins;
using journal::bins_for;
using journal::History;
using journal::SpreadMixer;
using journal::Store;

namespace {

std::shared_ptr<const config::Plan> one_of_each() {
  config::Configuration configuration;
  config::Network network;
  network.name = "n";
  probes::ProbeSpec ping;
  ping.name = "ping";
  network.targets.push_back({"t", "198.18.0.1", {ping}});
  configuration.countries.push_back({"KP", "KP", {network}});
  return config::make_plan(configuration, nullptr);
}

constexpr pipeline::MinuteRtt kRtt = {0.010F, 0.011F, 0.012F, 0.015F, 0.020F, 0.030F, 0.050F, 0.018F};

struct File {
  test::Folder folder;
  Store store{folder.file("journal.db")};
  std::shared_ptr<const config::Plan> plan = one_of_each();

  void write(WallTime start, const pipeline::ChannelMinute& channel, const pipeline::NetworkMinute& network,
             const pipeline::CountryMinute& country = {}) {
    store.write(pipeline::Minutes{start, plan, {channel}, {network}, {country}});
  }
  History history() const { return History(folder.file("journal.db")); }
};

pipeline::ChannelMinute channel_of(unsigned answered, std::optional<pipeline::MinuteRtt> rtt) {
  return {0, answered, 2, 1, 3, rtt};
}

pipeline::NetworkMinute network_of(detect::NetworkState state, std::optional<float> reachable) {
  pipeline::NetworkMinute row;
  row.state = state;
  row.reachable_ratio = reachable;
  row.usual_reachable_ratio = 0.9F;
  row.sums = {100, 4, 0.02F};
  return row;
}

}  // namespace

TEST_CASE("Bins are of the narrowest usual width that is wide enough, and begin at its multiples") {
  const WallTime day(1419206400s);  // 2014-12-22T00:00:00Z
  const auto width_of = [&](base::Duration range, std::size_t most) { return bins_for(day, day + range, most).width; };
  CHECK(width_of(5h, 300) == 1min);
  CHECK(width_of(5h + 1min, 300) == 2min);
  CHECK(width_of(24h, 300) == 5min);
  CHECK(width_of(24h, 288) == 5min);
  CHECK(width_of(24h, 287) == 10min);
  CHECK(width_of(7 * 24h, 300) == 1h);
  CHECK(width_of(30 * 24h, 300) == 3h);
  CHECK(width_of(90 * 24h, 300) == 12h);
  CHECK(width_of(300 * 24h, 300) == 24h);
  CHECK(width_of(301 * 24h, 300) == 48h);
  CHECK(width_of(3660 * 24h, 1) >= 3660 * 24h);
  CHECK(width_of(1ns, 300) == 1min);

  const Bins bins = bins_for(day + 7min + 30s, day + 24h + 7min + 30s, 289);
  CHECK(bins.width == 5min);
  CHECK(bins.from == day + 5min);
  CHECK(bins.end() == day + 24h + 10min);
  CHECK(bins.count == 289);
  CHECK(bins_for(day, day + 24h, 288).end() == day + 24h);  // `to` belongs to no bin
  // Before the beginning of Unix time, too.
  CHECK(bins_for(WallTime(-61s), WallTime(0s), 10).from == WallTime(-120s));
}

TEST_CASE_METHOD(File, "States are gathered into the bins that they belong to, ends included once") {
  using detect::NetworkState;
  for (int minute = 0; minute < 20; ++minute) {
    auto network = network_of(minute == 7 ? NetworkState::kOutage : NetworkState::kNormal,
                              minute == 8 ? std::nullopt : std::optional(minute == 7 ? 0.2F : 1.0F));
    if (minute == 7) network.down_milliseconds = 30'000;
    if (minute == 6) network.unknown_milliseconds = 5'000;
    network.is_unstable = minute == 9;
    network.sums.rtt_median = 0.010F + 0.001F * static_cast<float>(minute);
    if (minute != 3) write(WallTime(std::chrono::minutes(minute)), channel_of(10, kRtt), network);
  }
  const Bins bins{WallTime(5min), 5min, 3};
  const auto found = history().states("KP/n", bins);
  REQUIRE(found.size() == 3);
  CHECK(found[0].minutes == 5);
  CHECK(found[0].minutes_in == std::array<std::uint32_t, 6>{4, 0, 0, 1, 0, 0});
  CHECK(found[0].minutes_unstable == 1);
  CHECK(found[0].down == 30s);
  CHECK(found[0].unknown == 5s);
  CHECK_THAT(*found[0].reachable, WithinRel(0.8F));
  CHECK_THAT(*found[0].least_reachable, WithinRel(0.2F));
  CHECK_THAT(*found[0].usual_reachable, WithinRel(0.9F));
  CHECK(found[0].answered == 500);
  CHECK(found[0].lost == 20);
  CHECK_THAT(*found[0].rtt_median, WithinRel(0.017F, 1e-4F));
  CHECK(found[1].minutes == 5);
  CHECK_THAT(*found[1].reachable, WithinRel(1.0F));
  CHECK_THAT(*found[1].rtt_median, WithinRel(0.022F, 1e-4F));

  // Of another width and beginning: what is not on record is empty.
  const auto wide = history().states("KP/n", {WallTime(-10min), 10min, 5});
  CHECK(wide[0].minutes == 0);
  CHECK_FALSE(wide[0].reachable);
  CHECK(wide[1].minutes == 9);
  CHECK(wide[2].minutes == 10);
  CHECK(wide[3].minutes == 0);
  CHECK(history().states("KP", {WallTime(0s), 1h, 1})[0].minutes == 19);
  CHECK(history().states("KP/other", {WallTime(0s), 1h, 1})[0].minutes == 0);
  CHECK(history().states("KP", {WallTime(0s), 1h, 0}).empty());
}

TEST_CASE_METHOD(File, "A channel's bin of one minute has its round trips as they were; an empty one has none") {
  write(WallTime(0min), channel_of(10, kRtt), {});
  write(WallTime(1min), channel_of(0, std::nullopt), {});
  const auto found = history().channel("KP/n/t/ping", {WallTime(0min), 1min, 3});
  REQUIRE(found[0].rtt);
  CHECK(found[0].rtt->least == kRtt.least);
  CHECK_THAT(found[0].rtt->p10, WithinRel(kRtt.p10));
  CHECK_THAT(found[0].rtt->p25, WithinRel(kRtt.p25));
  CHECK_THAT(found[0].rtt->p50, WithinRel(kRtt.p50));
  CHECK_THAT(found[0].rtt->p75, WithinRel(kRtt.p75));
  CHECK_THAT(found[0].rtt->p90, WithinRel(kRtt.p90));
  CHECK(found[0].rtt->most == kRtt.most);
  CHECK(found[0].answered == 10);
  CHECK(found[0].lost == 2);
  CHECK(found[0].aborted == 1);
  CHECK(found[0].late == 3);
  CHECK(found[1].minutes == 1);
  CHECK_FALSE(found[1].rtt);
  CHECK(found[2].minutes == 0);
  // The empty minute takes nothing from the other's.
  const auto both = history().channel("KP/n/t/ping", {WallTime(0min), 2min, 1});
  CHECK(both[0].minutes == 2);
  CHECK_THAT(both[0].rtt->p90, WithinRel(kRtt.p90));
}

TEST_CASE("Minutes that are alike come to the same points, whatever they weigh") {
  const SpreadMixer::Points points = {10, 11, 12, 15, 20, 30, 50};
  SpreadMixer mixer;
  CHECK_FALSE(mixer.take());
  for (const double weight : {1.0, 12.0, 1e6}) mixer.add(points, weight);
  const auto mixed = mixer.take();
  REQUIRE(mixed);
  for (std::size_t i = 0; i < points.size(); ++i) CHECK_THAT((*mixed)[i], WithinRel(points[i], 1e-9));
  CHECK_FALSE(mixer.take());

  // All in one place.
  mixer.add({7, 7, 7, 7, 7, 7, 7}, 5);
  mixer.add({7, 7, 7, 7, 7, 7, 7}, 5);
  CHECK(*mixer.take() == SpreadMixer::Points{7, 7, 7, 7, 7, 7, 7});
}

TEST_CASE("Minutes that differ are mixed as if their round trips lay evenly between the points") {
  const std::uint64_t seed = GENERATE(as<std::uint64_t>{}, 1, 2, 3, 4, 5);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> jitter(0.0, 1.0);
  constexpr std::array kShares = {0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0};
  SpreadMixer mixer;
  std::vector<double> slow;
  for (int minute = 0; minute < 40; ++minute) {
    SpreadMixer::Points points{};
    for (double& point : points) point = random() % 5 == 0 ? 20000 : 10000 + 10000 * jitter(random);
    std::ranges::sort(points);
    const auto weight = 1 + random() % 20;
    mixer.add(points, static_cast<double>(weight));
    const auto samples = 2000 * weight;
    for (std::size_t i = 0; i < samples; ++i) {
      const double q = (static_cast<double>(i) + 0.5) / static_cast<double>(samples);
      std::size_t k = 0;
      while (q > kShares[k + 1]) ++k;
      slow.push_back(points[k] + (points[k + 1] - points[k]) * (q - kShares[k]) / (kShares[k + 1] - kShares[k]));
    }
  }
  std::ranges::sort(slow);
  const auto mixed = mixer.take();
  REQUIRE(mixed);
  for (std::size_t i = 1; i + 1 < kShares.size(); ++i) {
    const auto rank = static_cast<std::size_t>(kShares[i] * static_cast<double>(slow.size()));
    CHECK_THAT((*mixed)[i], WithinAbs(slow[rank], 0.002 * slow[rank]));
  }
  CHECK((*mixed)[0] <= slow.front());
  CHECK((*mixed)[6] >= slow.back());
}

TEST_CASE("A journal of before is read with what it has, and is brought up to date with what it holds") {
  const test::Folder folder;
  {
    journal::Connection old(folder.file("journal.db"), journal::Connection::Access::kWrite);
    old.run(
        "CREATE TABLE events(id TEXT PRIMARY KEY, scope TEXT NOT NULL, kind TEXT NOT NULL, country TEXT NOT NULL, "
        "network TEXT NOT NULL, target TEXT NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER, revision INTEGER NOT "
        "NULL, json TEXT NOT NULL);"
        "CREATE TABLE watched(id INTEGER PRIMARY KEY, vantage TEXT NOT NULL, from_ms INTEGER NOT NULL, until_ms "
        "INTEGER NOT NULL);"
        "CREATE TABLE memory(id INTEGER PRIMARY KEY CHECK(id = 1), saved_ms INTEGER NOT NULL, judge TEXT NOT NULL);"
        "CREATE TABLE places(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
        "CREATE TABLE channel_minutes(place INTEGER NOT NULL, minute INTEGER NOT NULL, answered INTEGER NOT NULL, lost "
        "INTEGER NOT NULL, aborted INTEGER NOT NULL, late INTEGER NOT NULL, rtt_least INTEGER, rtt_mean INTEGER, "
        "rtt_most INTEGER, PRIMARY KEY(place, minute)) WITHOUT ROWID;"
        "CREATE TABLE state_minutes(place INTEGER NOT NULL, minute INTEGER NOT NULL, state INTEGER NOT NULL, unstable "
        "INTEGER NOT NULL, down_ms INTEGER NOT NULL, unknown_ms INTEGER NOT NULL, reachable_permille INTEGER, PRIMARY "
        "KEY(place, minute)) WITHOUT ROWID;"
        "INSERT INTO places VALUES(1,'KP/n'),(2,'KP/n/t/ping');"
        "INSERT INTO state_minutes VALUES(1,0,3,1,60000,0,250);"
        "INSERT INTO channel_minutes VALUES(2,0,10,1,0,0,10000,20000,40000);"
        "PRAGMA user_version = 2;");
  }
  for (const bool is_migrated : {false, true}) {
    CAPTURE(is_migrated);
    if (is_migrated) {
      Store store(folder.file("journal.db"));
      store.write(pipeline::Minutes{WallTime(1min),
                                    one_of_each(),
                                    {channel_of(10, kRtt)},
                                    {network_of(detect::NetworkState::kNormal, 1.0F)},
                                    {}});
    }
    History history(folder.file("journal.db"));
    const auto states = history.states("KP/n", {WallTime(0s), 1min, 2});
    CHECK(states[0].minutes_in[3] == 1);
    CHECK(states[0].down == 60s);
    CHECK_THAT(*states[0].reachable, WithinRel(0.25F));
    CHECK_FALSE(states[0].usual_reachable);
    CHECK_FALSE(states[0].rtt_median);
    CHECK(states[0].answered == 0);
    CHECK(states[1].minutes == (is_migrated ? 1U : 0U));
    CHECK(states[1].usual_reachable.has_value() == is_migrated);
    const auto channel = history.channel("KP/n/t/ping", {WallTime(0s), 1min, 2});
    REQUIRE(channel[0].rtt);
    CHECK_THAT(channel[0].rtt->least, WithinRel(0.010F));
    CHECK_THAT(channel[0].rtt->p50, WithinRel(0.020F));
    CHECK_THAT(channel[0].rtt->most, WithinRel(0.040F));
    CHECK(channel[1].rtt.has_value() == is_migrated);
  }
}

TEST_CASE("What is no journal is refused, and reading ends when its time is over") {
  const test::Folder folder;
  CHECK_THROWS_AS(History(folder.file("journal.db")), journal::SqlFailure);
  {
    journal::Connection empty(folder.file("journal.db"), journal::Connection::Access::kWrite);
    empty.run("CREATE TABLE t(x)");
  }
  CHECK_THROWS_AS(History(folder.file("journal.db")), journal::SqlFailure);
  File file;
  for (int minute = 0; minute < 2000; ++minute) {
    file.write(WallTime(std::chrono::minutes(minute)), channel_of(10, kRtt), {});
  }
  History history = file.history();
  history.limit_time(-1s);
  CHECK_THROWS_AS(history.states("KP/n", {WallTime(0s), 1min, 2000}), journal::SqlFailure);
}
