// What a minute's rows say, beside slow and exact sums over what was put in.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <random>

#include "daemon/pipeline/rtt_pool.hpp"
#include "tests/simulation/country.hpp"

namespace blipd::simulation {
namespace {

using Catch::Matchers::WithinRel;
using probes::ChannelIndex;
using probes::Outcome;

constexpr double kCodeError = 1.0 / (1 << 15);  // measure/rtt_code.hpp

struct Kept {
  std::vector<double> rtts;  // seconds
  unsigned answered = 0, lost = 0;

  double point(double q) {
    std::ranges::sort(rtts);
    const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(rtts.size())));
    return rtts[std::max<std::size_t>(rank, 1) - 1];
  }
};

class Source {
 public:
  explicit Source(const Layout& layout)
      : plan_(config::make_plan(configuration_of(layout), nullptr)), pipeline(plan_, moment(kStart)) {
    pipeline.keep_minutes();
    pipeline.advance(moment(kStart));
  }

  // Begins in the middle of no minute.
  static base::Moment moment(MonoTime t) { return {t, base::WallTime(1419206400s) + (t - kStart), {}}; }
  const config::Plan& plan() const { return *plan_; }

  // Asked `rtt` before `at`, and answered then; without: lost.
  void result(ChannelIndex channel, MonoTime at, std::optional<Duration> rtt) {
    pipeline.on_sent(channel, at - rtt.value_or(1s));
    probes::Result r;
    r.channel = channel;
    r.sequence = sequences_[channel]++;
    r.was_sent = true;
    r.sent = at - rtt.value_or(1s);
    r.settled = at;
    r.outcome = rtt ? Outcome::kAnswered : Outcome::kLost;
    r.rtt = rtt;
    pipeline.on_result(r, nullptr);
  }

 private:
  std::shared_ptr<const config::Plan> plan_;
  std::map<ChannelIndex, probes::Sequence> sequences_;

 public:
  pipeline::Pipeline pipeline;
};

}  // namespace

TEST_CASE("A minute's rows have the points and sums of just what settled in it", "[pipeline]") {
  const std::uint64_t seed = GENERATE(as<std::uint64_t>{}, 1, 2, 3);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> jitter(0.0, 1.0);
  Layout layout;
  layout.targets = {3, 2};
  layout.controls = 2;
  Source source(layout);
  const config::Plan& plan = source.plan();
  std::map<ChannelIndex, Kept> kept;
  std::vector<pipeline::Minutes> minutes;
  int seen = 0;
  // Not in step with the minute, nor with the 15 s by which measuring puts away what is old; and faster than the ticks.
  constexpr Duration kPace = 137ms;
  for (MonoTime now = kStart; now < kStart + 5min; now += kPace) {
    const bool is_next = now - kStart >= std::chrono::minutes(seen + 1);
    source.pipeline.advance(Source::moment(now));
    for (pipeline::Minutes& each : source.pipeline.take_minutes()) minutes.push_back(std::move(each));
    if (is_next) {
      ++seen;
      source.pipeline.finish_minutes();
      for (pipeline::Minutes& each : source.pipeline.take_minutes()) minutes.push_back(std::move(each));
      REQUIRE(minutes.size() == static_cast<std::size_t>(seen));
      const pipeline::Minutes& minute = minutes.back();
      CHECK(minute.channels.size() == kept.size());
      std::map<config::NetworkIndex, Kept> networks;
      Kept country;
      for (const pipeline::ChannelMinute& row : minute.channels) {
        Kept& mine = kept.at(row.channel);
        CHECK(row.answered == mine.answered);
        CHECK(row.lost == mine.lost);
        REQUIRE(row.rtt.has_value() == !mine.rtts.empty());
        if (!row.rtt) continue;
        CHECK_THAT(row.rtt->least, WithinRel(mine.point(0), 1e-6));
        CHECK_THAT(row.rtt->p10, WithinRel(mine.point(0.1), kCodeError));
        CHECK_THAT(row.rtt->p25, WithinRel(mine.point(0.25), kCodeError));
        CHECK_THAT(row.rtt->p50, WithinRel(mine.point(0.5), kCodeError));
        CHECK_THAT(row.rtt->p75, WithinRel(mine.point(0.75), kCodeError));
        CHECK_THAT(row.rtt->p90, WithinRel(mine.point(0.9), kCodeError));
        CHECK_THAT(row.rtt->most, WithinRel(mine.point(1), 1e-6));
        if (plan.networks[plan.channels[row.channel].network].is_control()) continue;
        for (Kept* all : {&networks[plan.channels[row.channel].network], &country}) {
          all->answered += mine.answered;
          all->lost += mine.lost;
          all->rtts.insert(all->rtts.end(), mine.rtts.begin(), mine.rtts.end());
        }
      }
      const auto check = [](const pipeline::MinuteSums& sums, Kept& all) {
        CHECK(sums.answered == all.answered);
        CHECK(sums.lost == all.lost);
        REQUIRE(sums.rtt_median);
        CHECK_THAT(*sums.rtt_median, WithinRel(all.point(0.5), kCodeError));
      };
      REQUIRE(minute.networks.size() == 2);
      for (const pipeline::NetworkMinute& row : minute.networks) check(row.sums, networks[row.network]);
      REQUIRE(minute.countries.size() == 1);
      check(minute.countries[0].sums, country);
      kept.clear();
    }
    for (std::size_t i = 0; i < plan.channels.size(); ++i) {
      if (random() % 3 == 0) continue;
      std::optional<Duration> rtt;
      if (random() % 10 > 0) rtt = base::from_seconds(0.02 + 0.01 * jitter(random));
      const auto channel = static_cast<ChannelIndex>(i);
      source.result(channel, now + std::chrono::milliseconds(random() % 100), rtt);
      Kept& mine = kept[channel];
      ++(rtt ? mine.answered : mine.lost);
      if (rtt) mine.rtts.push_back(base::to_seconds(*rtt));
    }
  }
  CHECK(seen == 4);
}

TEST_CASE("A minute's rows know what was usual", "[pipeline]") {
  Layout layout;
  layout.targets = {3};
  Source source(layout);
  for (MonoTime now = kStart + 1s; now < kStart + 1h; now += 1s) {
    for (std::size_t i = 0; i < source.plan().channels.size(); ++i) {
      source.result(static_cast<ChannelIndex>(i), now, 20ms);
    }
    source.pipeline.advance(Source::moment(now));
  }
  const auto minutes = source.pipeline.take_minutes();
  REQUIRE(!minutes.empty());
  const auto verdict = source.pipeline.judge().network(minutes.back().networks.at(0).network);
  REQUIRE(verdict.usual_reachable_ratio);
  CHECK(minutes.back().networks[0].usual_reachable_ratio == static_cast<float>(*verdict.usual_reachable_ratio));
  CHECK(minutes.back().countries.at(0).usual_reachable_ratio);
}

TEST_CASE("The median of a pool is exact while it is small, and within a bin beyond", "[pipeline]") {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> jitter(0.0, 1.0);
  pipeline::RttPool pool;
  CHECK_FALSE(pool.median());
  constexpr std::size_t kEdge = pipeline::RttPool::kMostExact;
  for (const std::size_t size : {std::size_t{1}, std::size_t{2}, kEdge - 1, kEdge, kEdge + 1, 10 * kEdge}) {
    CAPTURE(size);
    pool.clear();
    Kept kept;
    for (std::size_t i = 0; i < size; ++i) {
      const Duration rtt = base::from_seconds(0.05 * jitter(random));
      pool.add(measure::encode_rtt(rtt));
      kept.rtts.push_back(base::to_seconds(rtt));
    }
    CHECK(pool.count() == size);
    REQUIRE(pool.median());
    CHECK_THAT(base::to_seconds(*pool.median()), WithinRel(kept.point(0.5), size <= kEdge ? kCodeError : 1.0 / 137));
  }
}

}  // namespace blipd::simulation
