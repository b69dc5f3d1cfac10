#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

#include "daemon/event/json.hpp"
#include "tests/simulation/country.hpp"

namespace blipd::simulation {
namespace {

using probes::ChannelIndex;
using probes::Outcome;
using probes::Result;

struct Bench {
  explicit Bench(const Layout& layout, pipeline::Keep keep = pipeline::Keep::kMeasures)
      : configuration(configuration_of(layout)),
        plan(config::make_plan(configuration, nullptr)),
        pipeline(plan, moment(kStart), keep) {}

  static base::Moment moment(MonoTime t) { return {t, base::WallTime(1419206400s) + (t - kStart), {}}; }

  void probe(ChannelIndex channel, MonoTime sent, bool is_answered) {
    pipeline.on_sent(channel, sent);
    Result r;
    r.channel = channel;
    r.sequence = sequence++;
    r.was_sent = true;
    r.sent = sent;
    r.outcome = is_answered ? Outcome::kAnswered : Outcome::kLost;
    r.settled = sent + (is_answered ? Duration(20ms) : Duration(3s));
    if (is_answered) r.rtt = 20ms;
    pipeline.on_result(r, nullptr);
    now = std::max(now, r.settled);
    pipeline.advance(moment(now));
  }
  std::vector<ChannelIndex> channels(bool controls) const {
    std::vector<ChannelIndex> found;
    for (std::size_t i = 0; i < plan->channels.size(); ++i) {
      if (plan->channels[i].is_active && plan->networks[plan->channels[i].network].is_control() == controls) {
        found.push_back(static_cast<ChannelIndex>(i));
      }
    }
    return found;
  }
  std::shared_ptr<const pipeline::Snapshot> snapshot() { return pipeline.snapshot(moment(now)); }

  config::Configuration configuration;
  std::shared_ptr<const config::Plan> plan;
  pipeline::Pipeline pipeline;
  probes::Sequence sequence = 0;
  MonoTime now = kStart;
};

TEST_CASE("The counters' identity holds at every snapshot, through vantage faults and reloads", "[pipeline]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Layout layout;
    layout.targets = {3, 2};
    layout.controls = 3;
    Bench bench(layout);
    std::vector<std::vector<Result>> waiting(bench.plan->channels.size() + 8);
    for (int i = 0; i < 2000; ++i) {
      bench.now += 37ms;
      const auto channel = static_cast<ChannelIndex>(random() % bench.plan->channels.size());
      auto& queue = waiting[channel];
      if (random() % 2 == 0) {
        bench.pipeline.on_sent(channel, bench.now);
        Result r;
        r.channel = channel;
        r.sequence = bench.sequence++;
        r.was_sent = true;
        r.sent = bench.now;
        queue.push_back(r);
      } else if (!queue.empty()) {
        Result r = queue.back();
        queue.pop_back();
        r.settled = bench.now;
        r.outcome = static_cast<Outcome>(random() % 4);
        if (i / 300 % 2 == 1 && r.outcome == Outcome::kAnswered)
          r.outcome = Outcome::kLost;  // our link dies now and then
        if (r.outcome == Outcome::kAborted) r.abort_reason = probes::AbortReason::kClock;
        bench.pipeline.on_result(r, nullptr);
      }
      bench.pipeline.advance(Bench::moment(bench.now));
      if (i == 1000) {
        config::Configuration changed = bench.configuration;
        changed.countries[0].networks[0].targets[1].probes[0].interval = 7s;
        const auto next = config::make_plan(changed, bench.plan.get());
        for (std::size_t c = 0; c < bench.plan->channels.size(); ++c) {
          if (next->channels[c].since_generation != bench.plan->channels[c].since_generation) waiting[c].clear();
        }
        bench.plan = next;
        bench.pipeline.adopt(bench.plan);
      }
      if (i % 50 != 0) continue;
      const auto snapshot = bench.snapshot();
      for (std::size_t c = 0; c < snapshot->channels.size(); ++c) {
        const auto n = snapshot->channels.counters(c);
        REQUIRE(n.sent == n.answered + n.lost + n.unreachable + n.in_flight);
      }
    }
  }
}

TEST_CASE("What is lost while the vantage point is at fault is aborted, not lost", "[pipeline]") {
  Layout layout;
  layout.controls = 2;
  Bench bench(layout);
  const auto targets = bench.channels(false);
  const auto controls = bench.channels(true);
  for (const auto c : targets) bench.probe(c, kStart, true);
  for (const auto c : controls) bench.probe(c, kStart, true);
  CHECK(bench.snapshot()->vantage.state == VantageState::kOk);
  for (int i = 0; i < 2; ++i) {
    for (const auto c : controls) bench.probe(c, kStart + 5s + i * 5s, false);
  }
  const auto during = bench.snapshot();
  CHECK(during->vantage.state == VantageState::kFault);
  CHECK(during->vantage.control_answer_ratio == 0.0);
  CHECK(during->countries[0].level == CountryLevel::kUnknown);
  bench.probe(targets[0], kStart + 11s, false);
  bench.probe(targets[1], kStart + 11s, true);
  const auto after = bench.snapshot();
  const auto& lost = after->channels[targets[0]].counters;
  CHECK(lost.lost == 0);
  CHECK(lost.aborted[static_cast<std::size_t>(probes::AbortReason::kVantageFault)] == 1);
  CHECK(lost.in_flight == 1);
  CHECK(after->channels[targets[1]].counters.answered == 2);
  CHECK(after->channels[controls[0]].counters.lost == 2);
  CHECK(after->targets[bench.plan->channels[targets[1]].target].state == TargetState::kUnknown);
}

TEST_CASE("A failure where failures are rare asks the rest of the network and the controls, once", "[pipeline]") {
  Layout layout;
  layout.targets = {4, 3};
  Bench bench(layout);
  const auto targets = bench.channels(false);
  const auto controls = bench.channels(true);
  constexpr auto kLearned = 200s;
  for (auto t = 0s; t <= kLearned; t += 1s) {
    for (const auto c : targets) bench.probe(c, kStart + t, true);
    for (const auto c : controls) bench.probe(c, kStart + t, true);
  }
  CHECK(bench.pipeline.take_urgent().empty());
  bench.probe(targets[0], kStart + kLearned + 5s, false);
  auto urgent = bench.pipeline.take_urgent();
  std::ranges::sort(urgent);
  std::vector<ChannelIndex> expected;
  const auto network = bench.plan->channels[targets[0]].network;
  for (const auto c : targets) {
    if (c != targets[0] && bench.plan->channels[c].network == network) expected.push_back(c);
  }
  expected.insert(expected.end(), controls.begin(), controls.end());
  std::ranges::sort(expected);
  CHECK(urgent == expected);
  CHECK(bench.pipeline.take_urgent().empty());
  bench.probe(targets[1], kStart + kLearned + 5s, false);  // the same moment: no second round
  CHECK(bench.pipeline.take_urgent().empty());
}

TEST_CASE("Nobody is asked at once when that is switched off", "[pipeline]") {
  Layout layout;
  auto configuration = configuration_of(layout);
  configuration.engine.ask_at_once = false;
  Bench bench(layout);
  bench.plan = config::make_plan(configuration, nullptr);
  bench.pipeline.adopt(bench.plan);
  const auto targets = bench.channels(false);
  for (const auto c : targets) bench.probe(c, kStart, true);
  for (const auto c : targets) bench.probe(c, kStart + 5s, false);
  CHECK(bench.pipeline.take_urgent().empty());
}

TEST_CASE("A reload leaves untouched channels alone and starts changed ones anew", "[pipeline]") {
  Layout layout;
  layout.targets = {3};
  Bench bench(layout);
  const auto targets = bench.channels(false);
  for (const auto c : targets) bench.probe(c, kStart, true);
  bench.pipeline.on_sent(targets[0], kStart + 1s);
  bench.pipeline.on_sent(targets[1], kStart + 1s);
  auto configuration = bench.configuration;
  configuration.countries[0].networks[0].targets[0].probes[0].timeout = 1s;
  configuration.countries[0].networks[0].targets.push_back(target_of(layout, "new", 5s));
  bench.plan = config::make_plan(configuration, bench.plan.get());
  bench.pipeline.adopt(bench.plan);
  const auto snapshot = bench.snapshot();
  REQUIRE(snapshot->channels.size() == bench.plan->channels.size());
  CHECK(snapshot->channels[targets[0]].counters.sent == 0);
  CHECK(snapshot->channels[targets[0]].counters.in_flight == 0);
  CHECK(snapshot->channels[targets[1]].counters.sent == 2);
  CHECK(snapshot->channels[targets[1]].counters.in_flight == 1);
  CHECK(snapshot->channels[targets[1]].windows[0].samples == 1);
  CHECK(snapshot->targets[bench.plan->channels[targets[1]].target].state == TargetState::kUp);
  // The old channel's probe settles now: it is nobody's.
  Result stale;
  stale.channel = targets[0];
  stale.outcome = Outcome::kLost;
  stale.was_sent = true;
  bench.pipeline.on_result(stale, nullptr);
  CHECK(bench.snapshot()->channels[targets[0]].counters.lost == 0);
}

TEST_CASE("A channel in a snapshot is as it was when it was copied, whatever comes after", "[pipeline]") {
  Layout layout;
  Bench bench(layout);
  for (const auto c : bench.channels(false)) bench.probe(c, kStart, true);
  const auto snapshot = bench.pipeline.begin_snapshot(Bench::moment(bench.now));
  pipeline::RowBatch batch;
  bench.pipeline.copy_channels(0, batch);
  REQUIRE(batch.size() == bench.plan->channels.size());
  for (const auto c : bench.channels(false)) bench.probe(c, kStart + 1s, true);
  batch.finish(snapshot->channels);
  REQUIRE(snapshot->channels.size() == bench.plan->channels.size());
  for (const auto c : bench.channels(false)) {
    CHECK(snapshot->channels[c].counters.answered == 1);
    CHECK(snapshot->channels[c].windows[0].samples == 1);
  }
}

TEST_CASE("A batch of channels ends when it is full, and the next goes on from there", "[pipeline]") {
  Layout layout;
  layout.targets = {pipeline::RowBatch::kMostRows, 10};
  Bench bench(layout);
  const auto channels = bench.channels(false);
  bench.probe(channels.back(), kStart, true);
  const auto snapshot = bench.pipeline.begin_snapshot(Bench::moment(bench.now));
  pipeline::RowBatch batch;
  bench.pipeline.copy_channels(0, batch);
  CHECK(batch.size() == pipeline::RowBatch::kMostRows);
  batch.finish(snapshot->channels);
  bench.pipeline.copy_channels(static_cast<ChannelIndex>(snapshot->channels.size()), batch);
  CHECK(batch.size() == bench.plan->channels.size() - pipeline::RowBatch::kMostRows);
  batch.finish(snapshot->channels);
  CHECK(snapshot->channels.counters(channels.back()).answered == 1);
  CHECK(snapshot->channels.counters(channels.front()).answered == 0);
}

TEST_CASE("Results may come in any order within their second", "[pipeline]") {
  struct Given {
    ChannelIndex channel;
    MonoTime sent;
    bool is_answered;
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Layout layout;
    layout.targets = {6, 3};
    Bench ordered(layout);
    Bench shuffled(layout);
    for (int second = 0; second < 120; ++second) {
      std::vector<Given> given;
      for (const auto c : ordered.channels(false)) {
        const bool is_cut =
            second >= 60 && second < 90 &&
            ordered.plan->channels[c].network == ordered.plan->channels[ordered.channels(false)[0]].network;
        given.push_back({c, kStart + second * 1s + Duration(static_cast<std::int64_t>(random() % 900000000)),
                         !is_cut && random() % 50 != 0});
      }
      for (const auto c : ordered.channels(true)) given.push_back({c, kStart + second * 1s + 990ms, true});
      std::ranges::sort(given, {}, &Given::sent);
      for (const auto& g : given) ordered.probe(g.channel, g.sent, g.is_answered);
      std::ranges::shuffle(given, random);
      for (const auto& g : given) shuffled.probe(g.channel, g.sent, g.is_answered);
      if (second % 30 != 29) continue;
      const auto a = ordered.snapshot();
      const auto b = shuffled.snapshot();
      for (std::size_t i = 0; i < a->networks.size(); ++i) CHECK(a->networks[i].state == b->networks[i].state);
      for (std::size_t i = 0; i < a->targets.size(); ++i) CHECK(a->targets[i].state == b->targets[i].state);
      CHECK(a->countries[0].level == b->countries[0].level);
      CHECK(a->networks[a->plan->channels[ordered.channels(false)[0]].network].state ==
            (second == 89 ? NetworkState::kOutage : NetworkState::kNormal));
    }
  }
}

TEST_CASE("Wall times follow the latest moment", "[pipeline]") {
  Layout layout;
  Bench bench(layout);
  const auto c = bench.channels(false)[0];
  bench.probe(c, kStart + 10s, true);
  // The wall clock was stepped by an hour since.
  const auto snapshot = bench.pipeline.snapshot({kStart + 11s, base::WallTime(1419206400s + 1h + 11s), {}});
  CHECK(snapshot->started == base::WallTime(1419206400s));
  CHECK(snapshot->channels[c].last_settled == base::WallTime(1419206400s + 1h + 10s + 20ms));
}

TEST_CASE("A memory copied in steps says what one copied at once says", "[pipeline]") {
  Layout layout;
  layout.targets = {3, 2};
  Bench bench(layout);
  for (int i = 0; i < 50; ++i) {
    for (const ChannelIndex c : bench.channels(false)) bench.probe(c, bench.now + 100ms, c % 3 != 0 || i % 4 != 0);
  }
  const std::string whole = bench.pipeline.memory().text();
  bench.pipeline.begin_memory();
  int steps = 0;
  while (bench.pipeline.step_memory(3)) ++steps;
  const pipeline::Memory memory = bench.pipeline.finish_memory();
  CHECK(steps > 1);
  CHECK(memory.text() == whole);
  CHECK(whole.find("KP/") != std::string::npos);
  Bench next(layout);
  REQUIRE(next.pipeline.restore(memory));
  CHECK(next.pipeline.memory().text() == whole);
}

TEST_CASE("Who keeps no measures has the same verdicts and empty rows, and may begin to keep them", "[pipeline]") {
  Layout layout;
  layout.targets = {3, 2};
  layout.controls = 2;
  Bench whole(layout);
  Bench bare(layout, pipeline::Keep::kVerdicts);
  const auto play = [&](MonoTime from, MonoTime until, bool is_cut) {
    for (MonoTime t = from; t < until; t += 5s) {
      for (Bench* bench : {&whole, &bare}) {
        for (const ChannelIndex c : bench->channels(true)) bench->probe(c, t, true);
        for (const ChannelIndex c : bench->channels(false)) bench->probe(c, t + 1s, !is_cut);
      }
    }
  };
  play(kStart, kStart + 20min, false);
  play(kStart + 20min, kStart + 30min, true);
  const std::vector<event::Event> events = whole.pipeline.take_events();
  const std::vector<event::Event> same = bare.pipeline.take_events();
  REQUIRE_FALSE(events.empty());
  REQUIRE(same.size() == events.size());
  for (std::size_t i = 0; i < events.size(); ++i) CHECK(event::to_json(same[i]) == event::to_json(events[i]));
  CHECK(bare.pipeline.memory().text() == whole.pipeline.memory().text());

  const ChannelIndex channel = bare.channels(false).front();
  CHECK(whole.snapshot()->channels.counters(channel).sent > 0);
  const auto snapshot = bare.snapshot();
  REQUIRE(snapshot->channels.size() == bare.plan->channels.size());
  CHECK(snapshot->channels.counters(channel).sent == 0);
  CHECK(snapshot->countries[0].level == whole.snapshot()->countries[0].level);

  bare.pipeline.keep_minutes();
  play(kStart + 30min, kStart + 31min, false);
  CHECK(bare.snapshot()->channels.counters(channel).sent == 12);
}

TEST_CASE("A minute of many channels is closed in slices, and each result is in its own", "[pipeline]") {
  Layout layout;
  layout.targets = {10000};
  Bench bench(layout);
  bench.pipeline.keep_minutes();
  bench.pipeline.advance(Bench::moment(kStart));
  const auto result = [&](ChannelIndex channel, MonoTime at) {
    bench.pipeline.on_sent(channel, at);
    Result r;
    r.channel = channel;
    r.outcome = Outcome::kAnswered;
    r.was_sent = true;
    r.sent = r.settled = at;
    r.rtt = 20ms;
    bench.pipeline.on_result(r, nullptr);
  };
  const std::vector<ChannelIndex> all = bench.channels(false);
  for (const ChannelIndex c : all) result(c, kStart + 1s);
  bench.pipeline.advance(Bench::moment(kStart + 60s));
  CHECK(bench.pipeline.take_minutes().empty());
  // Not closed yet, and already in the next one.
  result(all.back(), kStart + 60s);
  result(all.back(), kStart + 61s);
  int calls = 0;
  std::vector<pipeline::Minutes> minutes;
  while (minutes.empty() && calls < 10) {
    ++calls;
    bench.pipeline.advance(Bench::moment(kStart + 61s));
    minutes = bench.pipeline.take_minutes();
  }
  CHECK(calls == 5);
  REQUIRE(minutes.size() == 1);
  CHECK(minutes[0].channels.size() == all.size());
  CHECK(std::ranges::all_of(minutes[0].channels, [](const auto& row) { return row.answered == 1; }));
  bench.pipeline.advance(Bench::moment(kStart + 120s));
  bench.pipeline.finish_minutes();
  minutes = bench.pipeline.take_minutes();
  REQUIRE(minutes.size() == 1);
  REQUIRE(minutes[0].channels.size() == 1);
  CHECK(minutes[0].channels[0].channel == all.back());
  CHECK(minutes[0].channels[0].answered == 2);
}

}  // namespace
}  // namespace blipd::simulation
