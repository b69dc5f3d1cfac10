#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>
#include <vector>

#include "daemon/measure/channel.hpp"
#include "daemon/measure/windows.hpp"

namespace blipd::measure {
namespace {

using namespace std::chrono_literals;
using base::Duration;
using base::MonoTime;
using probes::Outcome;
using probes::Result;

const MonoTime kStart{1000000s};  // a multiple of neither a period nor a long slice

Result answer(probes::Sequence sequence, MonoTime settled, Duration rtt) {
  Result r;
  r.sequence = sequence;
  r.outcome = Outcome::kAnswered;
  r.settled = settled;
  r.sent = settled - rtt;
  r.rtt = rtt;
  return r;
}

Result loss(probes::Sequence sequence, MonoTime settled) {
  Result r;
  r.sequence = sequence;
  r.outcome = Outcome::kLost;
  r.settled = settled;
  r.sent = settled - 3s;
  return r;
}

// The slow, exact way: keeps everything, and looks at what settled in (from, now] in the order of the sequence.
struct Exact {
  std::vector<Result> samples;

  WindowView view(MonoTime now, MonoTime from) const {
    std::vector<Result> in;
    for (const Result& r : samples) {
      if (r.settled > from && r.settled <= now) in.push_back(r);
    }
    WindowView v;
    v.samples = static_cast<std::uint32_t>(in.size());
    std::vector<Duration> trips;
    std::uint32_t run = 0;
    Duration ipdv_sum{};
    for (const Result& r : in) {
      const bool is_failure = r.outcome != Outcome::kAnswered;
      v.failed += is_failure ? 1 : 0;
      run = is_failure ? run + 1 : 0;
      v.loss_runs += run == 1 ? 1 : 0;
      v.longest_loss_run = std::max(v.longest_loss_run, run);
      if (!r.rtt) continue;
      trips.push_back(*r.rtt);
      const Result* before = find(r.sequence - 1);
      if (!before || !before->rtt) continue;
      ipdv_sum += std::chrono::abs(*r.rtt - *before->rtt);
      ++v.ipdv_pairs;
    }
    if (v.ipdv_pairs > 0) v.mean_ipdv = ipdv_sum / v.ipdv_pairs;
    v.round_trips = static_cast<std::uint32_t>(trips.size());
    if (trips.empty()) return v;
    std::ranges::sort(trips);
    for (std::size_t i = 0; i < kQuantiles.size(); ++i) {
      const auto rank = static_cast<std::size_t>(std::ceil(kQuantiles[i] * static_cast<double>(trips.size())));
      v.rtt[i] = trips[std::max<std::size_t>(rank, 1) - 1];
    }
    v.minimum_rtt = trips.front();
    return v;
  }

  void add(const Result& r) {
    const auto at = std::ranges::upper_bound(samples, r.sequence, {}, &Result::sequence);
    samples.insert(at, r);
  }
  const Result* find(probes::Sequence sequence) const {
    const auto at = std::ranges::lower_bound(samples, sequence, {}, &Result::sequence);
    return at != samples.end() && at->sequence == sequence ? &*at : nullptr;
  }
};

bool is_near(Duration measured, Duration exact, double relative) {
  const double error = std::abs(static_cast<double>((measured - exact).count()));
  return error <= relative * static_cast<double>(exact.count()) + 1.0;
}

void check_exact_part(const WindowView& got, const WindowView& want) {
  CHECK(got.samples == want.samples);
  CHECK(got.failed == want.failed);
  CHECK(got.round_trips == want.round_trips);
  CHECK(got.loss_runs == want.loss_runs);
  CHECK(got.longest_loss_run == want.longest_loss_run);
  CHECK(got.ipdv_pairs == want.ipdv_pairs);
}

void check_times(const WindowView& got, const WindowView& want, double relative, double mean_error) {
  if (want.round_trips == 0) return;
  for (std::size_t i = 0; i < kQuantiles.size(); ++i) {
    INFO("quantile " << kQuantiles[i] << ": " << got.rtt[i].count() << " for " << want.rtt[i].count());
    CHECK(is_near(got.rtt[i], want.rtt[i], relative));
  }
  CHECK(is_near(got.minimum_rtt, want.minimum_rtt, 0.0003));
  CHECK(got.pdv >= Duration::zero());
  CHECK(got.pdv == std::max(got.rtt[2] - got.minimum_rtt, Duration::zero()));
  // The pairs' codes are 2^-15 off each, at most, and slices keep means to 1/2^8.
  const double slack = 0.0002 * static_cast<double>(want.rtt[3].count()) + 600.0;
  const double error = std::abs(static_cast<double>((got.mean_ipdv - want.mean_ipdv).count()));
  CHECK(error <= mean_error * static_cast<double>(want.mean_ipdv.count()) + slack);
}

// Where the samples of a window can begin, at the earliest and the latest: a short slice leaves as a whole.
MonoTime floor_to(MonoTime t, Duration step) {
  auto since = t.time_since_epoch();
  return MonoTime(since - since % step);
}

TEST_CASE("A window without samples is empty, not zero", "[windows]") {
  const Windows windows;
  for (const WindowView& view : windows.view(kStart)) {
    CHECK(view.samples == 0);
    CHECK_FALSE(view.loss_ratio().has_value());
    CHECK(view.round_trips == 0);
    CHECK(view.ipdv_pairs == 0);
  }
}

TEST_CASE("A single sample is every quantile", "[windows]") {
  Windows windows;
  windows.add(answer(7, kStart, 123456us));
  for (const WindowView& view : windows.view(kStart + 1s)) {
    CHECK(view.samples == 1);
    CHECK(view.loss_ratio() == 0.0);
    REQUIRE(view.round_trips == 1);
    for (const Duration rtt : view.rtt) CHECK(is_near(rtt, 123456us, 0.03));
    CHECK(is_near(view.minimum_rtt, 123456us, 0.0001));
    CHECK(view.ipdv_pairs == 0);
  }
  CHECK(is_near(windows.view(kStart + 1s)[0].rtt[0], 123456us, 0.00003));
  CHECK(is_near(windows.view(kStart + 1s)[1].rtt[0], 123456us, 0.0073));
}

TEST_CASE("The minute ends, open, where its length is reached", "[windows]") {
  Windows windows;
  windows.add(answer(0, kStart, 10ms));
  CHECK(windows.view(kStart + 1min - kTick)[0].samples == 1);
  CHECK(windows.view(kStart + 1min - 1ns)[0].samples == 1);
  CHECK(windows.view(kStart + 1min)[0].samples == 0);
  CHECK(windows.view(kStart + 1min + kTick)[0].samples == 0);
}

TEST_CASE("The longer windows lose a slice as a whole, when its start has left", "[windows]") {
  // Two samples at the ends of a slice, and one later on that makes a slice of them.
  const std::array<Duration, 4> slices = {0s, 15s, 75s, 300s};
  for (std::size_t w = 1; w < kWindows.size(); ++w) {
    INFO(kWindowNames[w]);
    const MonoTime start = MonoTime(1000200s);  // of a slice of every length
    Windows windows;
    std::uint32_t sequence = 0;
    windows.add(answer(sequence++, start, 10ms));
    windows.add(answer(sequence++, start + slices[w] - kTick, 10ms));
    // One a minute, so that what has left the shorter windows is joined.
    for (MonoTime t = start + slices[w]; t < start + kWindows[w] - 1s; t += 1min) {
      windows.add(answer(sequence++, t, 10ms));
    }
    const auto samples = [&](MonoTime now) { return windows.view(now)[w].samples; };
    CHECK(samples(start + kWindows[w] - 1ns) == sequence);
    CHECK(samples(start + kWindows[w]) == sequence - 2);
  }
}

TEST_CASE("Windows slide when nothing arrives", "[windows]") {
  Windows windows;
  for (std::uint32_t i = 0; i < 3600; ++i) windows.add(answer(i, kStart + i * 1s, 10ms));
  const MonoTime last = kStart + 3599s;
  CHECK(windows.view(last)[0].samples == 60);
  CHECK(windows.view(last)[1].samples == 295);  // a slice began 4:55 ago
  CHECK(windows.view(last + 30s)[0].samples == 30);
  CHECK(windows.view(last + 2min)[0].samples == 0);
  CHECK(windows.view(last + 2min)[1].samples == 175);
  CHECK(windows.view(last + 14min)[2].samples == 60);
  CHECK(windows.view(last + 15min)[2].samples == 0);
  CHECK(windows.view(last + 59min)[3].samples == 60);
  CHECK(windows.view(last + 1h)[3].samples == 0);
  CHECK(windows.view(last + 100h)[3].samples == 0);
}

TEST_CASE("Samples after a gap longer than every window stand alone", "[windows]") {
  for (const Duration gap :
       {Duration(61s), Duration(6min), Duration(7min), Duration(16min), Duration(61min), Duration(50h)}) {
    INFO("gap of " << gap.count() / 1000000000 << " s");
    Windows windows;
    for (std::uint32_t i = 0; i < 100; ++i) windows.add(loss(i, kStart + i * 1s));
    const MonoTime then = kStart + 99s + gap;
    windows.add(answer(100, then, 10ms));
    const WindowViews views = windows.view(then);
    for (std::size_t w = 0; w < kWindows.size(); ++w) {
      INFO(kWindowNames[w]);
      if (gap >= kWindows[w]) CHECK(views[w].samples == 1);
      CHECK(views[w].round_trips == 1);
      CHECK(views[w].longest_loss_run == views[w].failed);
    }
  }
}

TEST_CASE("Loss runs follow the probes' sequence, not the order in which they settle", "[windows]") {
  // One probe a second, timeout 3 s: probes 5 and 6 are lost, which is learned after probe 8 has answered.
  Windows windows;
  std::vector<Result> results;
  for (std::uint32_t i = 0; i < 20; ++i) {
    const MonoTime sent = kStart + i * 1s;
    results.push_back(i == 5 || i == 6 ? loss(i, sent + 3s) : answer(i, sent + 50ms, 50ms));
  }
  std::ranges::sort(results, {}, &Result::settled);
  for (const Result& r : results) windows.add(r);
  const WindowView view = windows.view(kStart + 30s)[0];
  CHECK(view.failed == 2);
  CHECK(view.loss_runs == 1);
  CHECK(view.longest_loss_run == 2);
  CHECK(view.ipdv_pairs == 16);  // 18 round trips, of which the first and the one after the run have no neighbour
}

TEST_CASE("A loss run that spans slices is one run", "[windows]") {
  Windows windows;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    const MonoTime at = kStart + i * 1s;
    windows.add(i >= 500 && i < 1700 ? loss(i, at) : answer(i, at, 20ms));
  }
  const WindowView hour = windows.view(kStart + 3000s)[3];
  CHECK(hour.failed == 1200);
  CHECK(hour.loss_runs == 1);
  CHECK(hour.longest_loss_run == 1200);
}

TEST_CASE("Delay variation is between neighbours only, and exact for steady round trips", "[windows]") {
  Windows windows;
  for (std::uint32_t i = 0; i < 50; ++i) {
    // 200 ms, every other one 100 µs later.
    windows.add(answer(2 * i / 2, kStart + i * 1s, i % 2 == 0 ? 200ms : 200100us));
  }
  const WindowView view = windows.view(kStart + 50s)[0];
  CHECK(view.ipdv_pairs == 49);
  CHECK(is_near(view.mean_ipdv, 100us, 0.15));  // codes are 8 µs apart at 200 ms
  Windows gaps;
  for (std::uint32_t i = 0; i < 50; ++i) gaps.add(answer(2 * i, kStart + i * 1s, 200ms));
  CHECK(gaps.view(kStart + 50s)[0].ipdv_pairs == 0);
}

TEST_CASE("Answers without a round trip are samples, not round trips", "[windows]") {
  Windows windows;
  for (std::uint32_t i = 0; i < 4000; ++i) {
    Result r = answer(i, kStart + i * 1s, 20ms);
    if (i % 4 == 0) r.rtt.reset();
    windows.add(r);
  }
  for (const WindowView& view : windows.view(kStart + 3999s)) {
    CHECK(view.failed == 0);
    // Windows begin anywhere within a group of four.
    CHECK(std::abs(static_cast<double>(view.round_trips) - view.samples * 0.75) < 1.0);
    CHECK(std::abs(static_cast<double>(view.ipdv_pairs) - view.samples * 0.5) <= 1.0);
  }
}

TEST_CASE("Aborted probes are not samples", "[windows]") {
  Windows windows;
  Result r;
  r.settled = kStart;
  r.was_sent = true;
  windows.add(r);
  CHECK(windows.view(kStart)[0].samples == 0);
}

TEST_CASE("A channel's sequence may wrap, start over, or not count at all", "[windows]") {
  Windows wrapping;
  for (std::uint32_t i = 0; i < 10; ++i) wrapping.add(answer(0xfffffffbU + i, kStart + i * 1s, 10ms));
  CHECK(wrapping.view(kStart + 10s)[0].ipdv_pairs == 9);
  Windows restarted;
  for (std::uint32_t i = 0; i < 10; ++i) restarted.add(answer(1000000 + i, kStart + i * 1s, 10ms));
  for (std::uint32_t i = 0; i < 10; ++i) restarted.add(answer(i, kStart + 10s + i * 1s, 10ms));
  CHECK(restarted.view(kStart + 20s)[0].samples == 20);
  CHECK(restarted.view(kStart + 20s)[0].ipdv_pairs == 18);
  Windows constant;
  for (std::uint32_t i = 0; i < 1000; ++i) constant.add(answer(0, kStart + i * 1s, 10ms));
  CHECK(constant.view(kStart + 1000s)[3].samples >= 920);
  CHECK(constant.view(kStart + 1000s)[0].ipdv_pairs == 0);
}

TEST_CASE("More samples than are kept leave the minute early and nothing else", "[windows]") {
  Windows windows;
  const std::uint32_t many = Recent::kMost + 5000;
  for (std::uint32_t i = 0; i < many; ++i) windows.add(answer(i, kStart + i * 1ms, 10ms));
  const WindowViews views = windows.view(kStart + many * 1ms);
  CHECK(views[0].samples <= Recent::kMost);
  CHECK(views[0].samples >= Recent::kMost * 3 / 4);
  for (std::size_t w = 1; w < kWindows.size(); ++w) CHECK(views[w].samples == many);
  CHECK(windows.heap_bytes() < 4 * Recent::kMost * 17 / 16 + 1024);
}

// One random life of a channel: rates, bursts of loss, gaps, aborted probes and late settlements.
struct Life {
  std::mt19937_64 random;
  Windows windows;
  Exact exact;
  std::vector<Result> waiting;  // by time of settlement
  MonoTime clock = kStart;

  explicit Life(std::uint64_t seed) : random(seed) {}

  double uniform() { return std::uniform_real_distribution<double>(0, 1)(random); }

  void probe(probes::Sequence sequence, bool is_lost, double median_ns, double sigma) {
    const double ns = std::lognormal_distribution<double>(std::log(median_ns), sigma)(random);
    const auto rtt = Duration(std::clamp<std::int64_t>(static_cast<std::int64_t>(ns), 1000, 2900000000));
    Result r = is_lost ? loss(sequence, clock + 3s) : answer(sequence, clock + rtt, rtt);
    // Whole ticks, so that the exact reference means the same by the ends of windows.
    r.settled = MonoTime(tick_of(r.settled) * kTick);
    if (uniform() < 0.01) return;  // aborted
    if (uniform() < 0.01) r.rtt.reset();
    waiting.push_back(r);
  }

  void settle(MonoTime until) {
    std::ranges::stable_sort(waiting, {}, &Result::settled);
    while (!waiting.empty() && waiting.front().settled <= until) {
      windows.add(waiting.front());
      exact.add(waiting.front());
      waiting.erase(waiting.begin());
    }
  }
};

// Returns how many windows beyond the minute were compared in full.
int live(std::uint64_t seed) {
  int compared = 0;
  CAPTURE(seed);
  Life life(seed);
  const std::array<Duration, 5> intervals = {Duration(250ms), Duration(1s), Duration(5s), Duration(20s),
                                             Duration(100s)};
  const Duration interval = intervals[seed % intervals.size()];
  const std::array<double, 5> medians = {2e3, 8e5, 3e7, 2.5e8, 1.5e9};
  const double median = medians[life.random() % medians.size()];
  const double sigma = std::array<double, 3>{0.02, 0.3, 1.5}[life.random() % 3];
  bool is_burst = false;
  const std::uint32_t probes = std::clamp<std::uint32_t>(static_cast<std::uint32_t>(3h / interval), 200, 9000);
  for (std::uint32_t sequence = 0; sequence < probes; ++sequence) {
    if (life.uniform() < 0.02) is_burst = !is_burst;
    if (life.uniform() < 0.0005) life.clock += Duration(static_cast<std::int64_t>(life.uniform() * 5e12));  // a gap
    life.probe(sequence, life.uniform() < (is_burst ? 0.7 : 0.02), median, sigma);
    life.clock += interval;
    life.settle(life.clock);
    if (life.uniform() > 0.004) continue;
    const MonoTime now = life.clock + Duration(static_cast<std::int64_t>(life.uniform() * life.uniform() * 1e12));
    life.settle(now);
    life.clock = now;
    const WindowViews views = life.windows.view(now);
    const MonoTime tick = floor_to(now, kTick);
    const WindowView minute = life.exact.view(tick, tick - kWindows[0]);
    check_exact_part(views[0], minute);
    check_times(views[0], minute, 0.00004, 0.0);
    // The others begin at a slice: find which by the number of samples, then all else must agree.
    const std::array<Duration, 4> grains = {0s, 15s, 75s, 300s};
    const std::array<double, 4> errors = {0, 0.0074, 0.0288, 0.0288};
    for (std::size_t w = 1; w < 4; ++w) {
      INFO(kWindowNames[w]);
      const WindowView most = life.exact.view(tick, tick - kWindows[w]);
      const WindowView least = life.exact.view(tick, tick - kWindows[w] + grains[w] + 5s);
      CHECK(views[w].samples <= most.samples);
      CHECK(views[w].samples >= least.samples);
      MonoTime from = floor_to(tick - kWindows[w] + grains[w], grains[w]);
      const WindowView want = life.exact.view(tick, from - 1ns);
      if (want.samples != views[w].samples) continue;
      ++compared;
      CHECK(views[w].failed == want.failed);
      check_times(views[w], want, errors[w], 0.004);
    }
  }
  return compared;
}

TEST_CASE("Windows agree with a slow exact count over random lives", "[windows]") {
  int compared = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) compared += live(seed);
  CAPTURE(compared);
  CHECK(compared > 300);
}

// What an allocator hands out, and keeps for itself: multiples of 16 bytes, of which eight are its own.
std::size_t with_overhead(std::size_t bytes) { return bytes == 0 ? 0 : (bytes + 8 + 15) / 16 * 16; }

// The most that a channel takes in the second of two hours at one probe a second, 1 % lost.
std::size_t most_bytes(double sigma) {
  std::mt19937_64 random(20141222);
  std::lognormal_distribution<double> rtt(std::log(2.4e8), sigma);
  Channel channel(16);
  const std::vector<double> bounds(16, 1.0);
  std::size_t most = 0;
  for (std::uint32_t i = 0; i < 2 * 3600; ++i) {
    const MonoTime at = kStart + i * 1s;
    channel.on_sent();
    const bool is_lost = random() % 100 == 0;
    const Result r = is_lost ? loss(i, at) : answer(i, at, Duration(static_cast<std::int64_t>(rtt(random))));
    REQUIRE(channel.on_result(r, bounds));
    // Two blocks: what rounding adds to both is at most what it adds to one, and 16.
    if (i >= 3600) most = std::max(most, sizeof(Channel) + with_overhead(channel.heap_bytes()) + 16);
  }
  return most;
}

TEST_CASE("A channel asked once a second is small once its windows are full", "[channel]") {
  const auto [sigma, bytes] = GENERATE(table<double, std::size_t>({{0.02, 1060}, {0.1, 1235}, {0.3, 1480}}));
  CAPTURE(sigma);
  CHECK(most_bytes(sigma) <= bytes);
}

TEST_CASE("A channel's memory does not grow with time", "[channel]") {
  std::mt19937_64 random(20141222);
  std::lognormal_distribution<double> rtt(std::log(2.4e8), 0.1);
  for (const Duration interval : {Duration(1s), Duration(5s), Duration(100s)}) {
    CAPTURE(interval.count());
    Channel channel(16);
    const std::vector<double> bounds(16, 1.0);
    std::array<std::size_t, 2> most{};  // of the second four hours, and the twenty after
    std::uint32_t i = 0;
    for (MonoTime at = kStart; at < kStart + 28h; at += interval, ++i) {
      channel.on_sent();
      REQUIRE(channel.on_result(answer(i, at, Duration(static_cast<std::int64_t>(rtt(random)))), bounds));
      if (at < kStart + 4h) continue;
      auto& period = most[at < kStart + 8h ? 0 : 1];
      period = std::max(period, channel.heap_bytes());
    }
    CHECK(most[1] <= most[0] + 64);
  }
}

}  // namespace
}  // namespace blipd::measure
