// What holds of every history, however it goes: random countries with random troubles, watched by a daemon that is
// stopped, killed and started again.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <random>
#include <tuple>

#include "daemon/event/json.hpp"
#include "daemon/journal/report.hpp"
#include "tests/simulation/story.hpp"

namespace blipd::simulation {
namespace {

using event::Kind;
using event::Scope;

struct Trouble {
  enum class Of { kNetwork, kTarget, kCountry, kLink };
  Of of = Of::kNetwork;
  std::size_t network = 0, target = 0;
  Duration from{}, until{};
};

// A stretch in which a daemon ran. It ends with a kill, or politely.
struct Life {
  Duration from{}, until{};
  bool is_killed = false;
};

struct History {
  Layout layout;
  double loss = 0;
  std::vector<Trouble> troubles;
  std::vector<Life> lives;
  Duration length{};
};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  double share() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  int number(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random_); }
  // Spread evenly on a logarithmic scale.
  Duration time(Duration least, Duration most) {
    const double ratio = base::to_seconds(most) / base::to_seconds(least);
    return base::from_seconds(base::to_seconds(least) * std::pow(ratio, share()));
  }

 private:
  std::mt19937_64 random_;
};

// Some hours of trouble, then two calm ones.
History history_of(std::uint64_t seed) {
  Dice dice(seed);
  History history;
  history.layout.targets.clear();
  for (int n = dice.number(1, 4); n > 0; --n) history.layout.targets.push_back(dice.number(1, 8));
  history.layout.channels = dice.number(1, 2);
  history.layout.interval = dice.number(0, 2) == 0 ? Duration(20s) : Duration(5s);
  history.layout.controls = dice.number(0, 5) == 0 ? 0 : 5;
  history.loss = dice.number(0, 2) == 0 ? 0.17 * dice.share() : 0.01;
  const Duration trouble = std::chrono::hours(dice.number(2, 6));
  history.length = trouble + 2h;
  for (int i = dice.number(0, 25); i > 0; --i) {
    Trouble one;
    one.of = static_cast<Trouble::Of>(dice.number(0, 3));
    one.network = static_cast<std::size_t>(dice.number(0, static_cast<int>(history.layout.targets.size()) - 1));
    one.target = static_cast<std::size_t>(dice.number(0, history.layout.targets[one.network] - 1));
    one.from = base::from_seconds(dice.share() * base::to_seconds(trouble));
    one.until = std::min(one.from + dice.time(3s, 1h), trouble);
    // A beat now and then.
    const Duration period = (one.until - one.from) + dice.time(2min, 20min);
    for (int k = dice.number(0, 4) == 0 ? dice.number(2, 8) : 1; k > 0 && one.until <= trouble; --k) {
      history.troubles.push_back(one);
      one.from += period;
      one.until += period;
    }
  }
  for (Duration at{}; at < history.length;) {
    Life life{at, std::min(at + dice.time(1min, 8h), history.length), dice.number(0, 1) == 0};
    if (history.length - life.until < 2h) life.until = history.length;
    history.lives.push_back(life);
    at = life.until + dice.time(1s, 30min);
  }
  return history;
}

// What a journal would hold in the end, and every revision on the way.
struct Journal {
  std::map<std::string, Event> events;
  std::vector<journal::Watched> watched;
  std::string revisions;  // JSON lines
  pipeline::Memory memory;
};

void live(const History& history, const Life& life, std::uint64_t seed, Journal& journal) {
  const base::WallTime start = kWallStart + life.from;
  Country country(history.layout, seed, start);
  country.loss = history.loss;
  const auto own = [&](Duration at) { return kStart + (at - life.from); };
  for (const Trouble& trouble : history.troubles) {
    const Cut cut{own(trouble.from), own(trouble.until)};
    switch (trouble.of) {
      case Trouble::Of::kNetwork:
        country.network_cuts[country.networks[trouble.network]].push_back(cut);
        break;
      case Trouble::Of::kTarget:
        country.target_cuts[country.target(trouble.network, trouble.target)].push_back(cut);
        break;
      case Trouble::Of::kCountry:
        for (const auto network : country.networks) country.network_cuts[network].push_back(cut);
        break;
      case Trouble::Of::kLink:
        country.link_cuts.push_back(cut);
        break;
    }
  }
  if (!journal.watched.empty()) {
    const base::WallTime alive = journal.watched.back().until;
    pipeline::Memory memory = journal.memory;
    memory.saved = std::max(memory.saved, alive);
    memory.open.clear();
    for (const auto& [id, event] : journal.events) {
      if (!event.is_open()) continue;
      memory.open.push_back(event);
      memory.open.back().updated = std::max(event.updated, alive);
    }
    REQUIRE(country.pipeline.restore(memory));
  }
  // As the daemon does: alive every ten seconds, what is usual every minute and when a beat begins or ends, and at a
  // polite end. A kill comes at any moment.
  journal.watched.push_back({start, start});
  for (Duration at = life.from; at < life.until;) {
    at = std::min(at + 10s, life.until);
    country.run(own(at));
    const bool is_last = at == life.until;
    bool is_beat_changed = false;
    for (Event& event : country.pipeline.take_events()) {
      is_beat_changed = is_beat_changed || (event.kind == Kind::kInstability && (event.revision == 1 || event.end));
      journal.revisions += event::to_json(event) + "\n";
      const auto held = journal.events.find(event.id);
      if (held != journal.events.end()) CHECK(held->second.revision < event.revision);
      const std::string id = event.id;
      journal.events.insert_or_assign(id, std::move(event));
    }
    if (!is_last || !life.is_killed) journal.watched.back().until = kWallStart + at;
    const bool is_minute = (at - life.from) % 1min == 0s;
    if (is_minute || is_beat_changed || (is_last && !life.is_killed)) journal.memory = country.pipeline.memory();
  }
}

Journal journal_of(std::uint64_t seed) {
  const History history = history_of(seed);
  Journal journal;
  for (std::size_t i = 0; i < history.lives.size(); ++i) live(history, history.lives[i], seed + i, journal);
  return journal;
}

// Those that together are one place's story of one kind, in order.
std::vector<std::vector<Event>> stories_of(const Journal& journal) {
  std::map<std::tuple<Scope, std::string, std::string, std::string, Kind>, std::vector<Event>> stories;
  for (const auto& [id, e] : journal.events) stories[{e.scope, e.country, e.network, e.target, e.kind}].push_back(e);
  std::vector<std::vector<Event>> result;
  for (auto& [place, events] : stories) {
    std::ranges::sort(events, [](const Event& a, const Event& b) {
      return std::tie(a.start.latest, a.id) < std::tie(b.start.latest, b.id);
    });
    result.push_back(std::move(events));
  }
  return result;
}

constexpr std::uint64_t kHistories = 12;

// How many were looked at.
std::size_t expect_order(bool is_of_targets) {
  std::size_t seen = 0;
  for (std::uint64_t seed = 1; seed <= kHistories; ++seed) {
    CAPTURE(seed);
    for (const std::vector<Event>& events : stories_of(journal_of(seed))) {
      if ((events.front().scope == Scope::kTarget) != is_of_targets) continue;
      for (std::size_t i = 0; i < events.size(); ++i) {
        const Event& event = events[i];
        INFO(event::to_json(event));
        ++seen;
        CHECK(event.start.earliest <= event.start.latest);
        CHECK(event.declared >= event.start.latest);
        if (event.end) {
          CHECK(event.start.latest <= event.end->earliest);
          CHECK(event.end->earliest <= event.end->latest);
        }
        CHECK(event.duration() >= 0s);
        if (i + 1 == events.size()) continue;
        INFO(event::to_json(events[i + 1]));
        REQUIRE(event.end);
        CHECK(event.end->earliest <= events[i + 1].start.latest);
        CHECK(event.end->middle() <= events[i + 1].start.middle());
      }
    }
  }
  return seen;
}

TEST_CASE("Events of a network, a country or the vantage point never overlap, and end after they start",
          "[simulation][properties]") {
  CHECK(expect_order(false) > kHistories);
}

TEST_CASE("Events of a target never overlap, and end after they start", "[simulation][properties]") {
  CHECK(expect_order(true) > kHistories);
}

TEST_CASE("After two calm hours nothing that was down is still open", "[simulation][properties]") {
  for (std::uint64_t seed = 1; seed <= kHistories; ++seed) {
    CAPTURE(seed);
    for (const auto& [id, event] : journal_of(seed).events) {
      INFO(event::to_json(event));
      if (event.kind != Kind::kInstability) CHECK_FALSE(event.is_open());
    }
  }
}

TEST_CASE("Up, down, vantage fault and not watched are the whole time of every place", "[simulation][properties]") {
  for (std::uint64_t seed = 1; seed <= kHistories; ++seed) {
    CAPTURE(seed);
    const History history = history_of(seed);
    const Journal journal = journal_of(seed);
    std::vector<Event> events;
    for (const auto& [id, event] : journal.events) events.push_back(event);
    const base::WallTime to = kWallStart + history.length;
    const auto report = journal::make_report(kWallStart, to, events, journal.watched);
    Duration watched{};
    for (const journal::Watched& stretch : journal.watched) watched += stretch.until - stretch.from;
    for (const journal::Availability& place : report.availability) {
      CAPTURE(place.country, place.network);
      CHECK(place.up + place.down + place.vantage_fault + place.not_watched == history.length);
      CHECK(std::min({place.up, place.down, place.vantage_fault, place.not_watched}) >= 0s);
      CHECK(place.not_watched == history.length - watched);
      // Since events of a place do not overlap, nothing is counted twice.
      Duration down{};
      for (const Event& event : events) {
        const bool is_here = event.kind == Kind::kOutage && event.country == place.country &&
                             event.network == place.network && event.target.empty();
        if (is_here) down += (event.end ? event.end->middle() : to) - event.start.middle();
      }
      CHECK(place.down <= down);
    }
  }
}

TEST_CASE("The same history gives the same bytes", "[simulation][properties]") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    const Journal first = journal_of(seed);
    const Journal again = journal_of(seed);
    CHECK(first.revisions == again.revisions);
    CHECK(first.memory.judge == again.memory.judge);
  }
}

}  // namespace
}  // namespace blipd::simulation
