#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <random>
#include <span>
#include <vector>

#include "daemon/measure/channel.hpp"

namespace blipd::measure {
namespace {

using probes::AbortReason;
using probes::Outcome;
using probes::Result;

Result result(Outcome outcome, bool was_sent = true) {
  Result r;
  r.outcome = outcome;
  r.was_sent = was_sent;
  if (outcome == Outcome::kAborted) r.abort_reason = AbortReason::kClock;
  return r;
}

std::uint64_t settled_and_in_flight(const Counters& c) { return c.answered + c.lost + c.unreachable + c.in_flight; }

TEST_CASE("sent = answered + lost + unreachable + in flight after every call, whatever the order", "[tally]") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Tally tally;
    std::uint64_t under_way = 0;  // on the wire by our own count
    std::uint64_t sends = 0;
    std::uint64_t voided = 0;
    for (int i = 0; i < 500; ++i) {
      const Counters before = tally.counters();
      switch (random() % 8) {
        case 0:
        case 1:
        case 2:
          tally.on_sent();
          ++under_way;
          ++sends;
          break;
        case 3:
          tally.on_result(result(Outcome::kAborted, false));
          break;
        case 4:
          tally.on_remark(static_cast<probes::RemarkKind>(random() % 6));
          break;
        default: {
          const std::array<Outcome, 4> outcomes = {Outcome::kAnswered, Outcome::kLost, Outcome::kUnreachable,
                                                   Outcome::kAborted};
          const Outcome outcome = outcomes[random() % outcomes.size()];
          REQUIRE(tally.on_result(result(outcome)) == (under_way > 0));
          if (under_way > 0) {
            --under_way;
            voided += outcome == Outcome::kAborted ? 1 : 0;
          }
        }
      }
      const Counters now = tally.counters();
      REQUIRE(now.sent == settled_and_in_flight(now));
      REQUIRE(now.sent >= before.sent);
      REQUIRE(now.in_flight >= under_way);
      REQUIRE(now.in_flight <= under_way + voided);
      REQUIRE(now.sent <= sends);
    }
  }
}

TEST_CASE("A voided probe stays in flight until the next one takes its place", "[tally]") {
  Tally tally;
  tally.on_sent();
  REQUIRE(tally.on_result(result(Outcome::kAborted)));
  CHECK(tally.counters().sent == 1);
  CHECK(tally.counters().in_flight == 1);
  CHECK(tally.counters().aborted[static_cast<std::size_t>(AbortReason::kClock)] == 1);
  tally.on_sent();
  CHECK(tally.counters().sent == 1);
  CHECK(tally.counters().in_flight == 1);
  REQUIRE(tally.on_result(result(Outcome::kAnswered)));
  CHECK(tally.counters().sent == 1);
  CHECK(tally.counters().in_flight == 0);
  CHECK(tally.counters().answered == 1);
  tally.on_sent();
  CHECK(tally.counters().sent == 2);
}

TEST_CASE("A probe that never left is aborted and nothing else", "[tally]") {
  Tally tally;
  REQUIRE(tally.on_result(result(Outcome::kAborted, false)));
  CHECK(tally.counters().sent == 0);
  CHECK(tally.counters().in_flight == 0);
  CHECK(tally.counters().aborted[static_cast<std::size_t>(AbortReason::kClock)] == 1);
}

TEST_CASE("A result without a probe under way is of another channel and changes nothing", "[tally]") {
  Tally tally;
  for (const Outcome outcome : {Outcome::kAnswered, Outcome::kLost, Outcome::kUnreachable, Outcome::kAborted}) {
    CHECK_FALSE(tally.on_result(result(outcome)));
  }
  CHECK(tally.counters().answered + tally.counters().lost + tally.counters().unreachable == 0);
  tally.on_sent();
  REQUIRE(tally.on_result(result(Outcome::kAborted)));
  CHECK_FALSE(tally.on_result(result(Outcome::kLost)));  // the debt is no probe under way
}

TEST_CASE("Remarks have counters of their own", "[tally]") {
  Tally tally;
  tally.on_remark(probes::RemarkKind::kLate);
  tally.on_remark(probes::RemarkKind::kDuplicate);
  tally.on_remark(probes::RemarkKind::kDuplicate);
  tally.on_remark(probes::RemarkKind::kForged);
  const Counters c = tally.counters();
  CHECK(c.late == 1);
  CHECK(c.duplicate == 2);
  CHECK(c.forged == 1);
  CHECK(c.differing + c.reordered + c.malformed + c.sent == 0);
}

TEST_CASE("A round trip equal to a bucket's bound is in that bucket", "[histogram]") {
  const std::vector<double> bounds = {0.001, 0.01, 0.1};
  RttHistogram histogram(bounds.size());
  using namespace std::chrono_literals;
  for (const base::Duration rtt : {base::Duration(999999ns), base::Duration(1ms), base::Duration(1000001ns),
                                   base::Duration(100ms), base::Duration(100000001ns)}) {
    histogram.add(rtt, bounds);
  }
  const HistogramView view = histogram.view();
  CHECK(view.counts == std::vector<std::uint64_t>{2, 1, 1, 1});
  CHECK(view.sum_seconds == Approx(0.203));
}

TEST_CASE("A histogram may have more buckets than the usual ones", "[histogram]") {
  std::vector<double> bounds;
  for (int i = 1; i <= 64; ++i) bounds.push_back(0.001 * i);
  for (const std::size_t count : {std::size_t{16}, std::size_t{17}, std::size_t{64}}) {
    CAPTURE(count);
    const std::span<const double> some(bounds.data(), count);
    RttHistogram histogram(count);
    std::vector<std::uint64_t> expected(count + 1, 0);
    for (std::size_t i = 0; i <= count; ++i) {
      expected[i] = i + 1;
      const auto rtt = std::chrono::microseconds(1000 * i + 500);
      for (std::size_t n = 0; n <= i; ++n) histogram.add(rtt, some);
    }
    CHECK(histogram.view().counts == expected);
  }
}

TEST_CASE("What is seldom counted may come often and never goes back", "[tally]") {
  Tally tally;
  std::uint64_t before = 0;
  for (int i = 1; i <= 200000; ++i) {
    tally.on_remark(probes::RemarkKind::kForged);
    tally.on_result(result(Outcome::kAborted, false));
    if (i % 65536 > 2 && i % 65536 < 65534) continue;  // all about where sixteen bits end
    const Counters c = tally.counters();
    REQUIRE(c.forged == static_cast<std::uint64_t>(i));
    REQUIRE(c.aborted[static_cast<std::size_t>(AbortReason::kClock)] == c.forged);
    REQUIRE(c.forged > before);
    REQUIRE(c.malformed + c.duplicate + c.aborted[0] + c.unexpected == 0);
    before = c.forged;
  }
}

TEST_CASE("A channel remembers its last result, round trip and answer", "[channel]") {
  using namespace std::chrono_literals;
  Channel channel(0);
  CHECK_FALSE(channel.last().settled.has_value());
  Result r = result(Outcome::kAnswered);
  r.rtt = 5ms;
  r.stamps = probes::StampSource::kCapture;
  r.settled = base::MonoTime(10s);
  r.service = probes::Service::kNotAsExpected;
  channel.on_sent();
  REQUIRE(channel.on_result(r, {}));
  channel.on_sent();
  r = result(Outcome::kLost);
  r.settled = base::MonoTime(13s);
  REQUIRE(channel.on_result(r, {}));
  const LastResult last = channel.last();
  CHECK(last.outcome == Outcome::kLost);
  CHECK(last.rtt == base::Duration(5ms));
  CHECK(last.settled == base::MonoTime(13s));
  CHECK(last.answered == base::MonoTime(10s));
  CHECK(last.stamps == probes::StampSource::kCapture);
  CHECK(channel.counters().unexpected == 1);
  CHECK(channel.windows(base::MonoTime(13s))[0].samples == 2);
}

}  // namespace
}  // namespace blipd::measure
