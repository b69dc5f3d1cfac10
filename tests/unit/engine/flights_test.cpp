#include "daemon/engine/flights.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <random>
#include <vector>

using namespace blipd;
using namespace std::chrono_literals;
using base::Moment;
using base::MonoTime;
using base::WallTime;
using engine::Flights;
using engine::Learned;
using probes::Outcome;
using probes::RemarkKind;
using probes::StampSource;

namespace {

struct Sink final : probes::ResultSink {
  std::vector<probes::Result> results;
  std::vector<probes::Remark> remarks;
  std::uint64_t sent = 0;
  void on_sent(probes::ChannelIndex, MonoTime) override { ++sent; }
  void on_result(const probes::Result& result, const probes::AnswerDetail*) override { results.push_back(result); }
  void on_remark(const probes::Remark& remark) override { remarks.push_back(remark); }
};

constexpr auto kTimeout = 1s;
constexpr auto kWallOffset = 1000h;

Moment at(base::Duration since_start) { return {MonoTime(since_start), WallTime(kWallOffset + since_start), {}, {}}; }

// One channel at one probe a second, a capture that stamps 10 µs after we do.
struct Bench {
  Sink sink;
  Flights flights{sink, 2s};

  explicit Bench(std::size_t channels = 1, base::Duration interval = 1s) {
    flights.make_room(channels);
    for (probes::ChannelIndex c = 0; c < channels; ++c) flights.lay_out(c, {true, interval, kTimeout, 1});
  }

  probes::Sequence send(base::Duration when, probes::ChannelIndex channel = 0, std::uint32_t era = 0) {
    const auto sequence = flights.reserve(channel);
    REQUIRE(sequence);
    flights.launch(channel, *sequence, at(when), era);
    return *sequence;
  }

  Learned seen(Learned::Kind kind, probes::Sequence sequence, base::Duration when, probes::ChannelIndex channel = 0) {
    Learned learned;
    learned.kind = kind;
    learned.channel = channel;
    learned.sequence = sequence;
    learned.answer = probes::AnswerKind::kEchoReply;
    learned.stamp = {at(when).wall, StampSource::kCapture};
    return learned;
  }

  bool request_seen(probes::Sequence sequence, base::Duration when, std::uint32_t era = 0) {
    return flights.learned(seen(Learned::Kind::kRequestSeen, sequence, when), MonoTime(when), era);
  }
  bool answer(probes::Sequence sequence, base::Duration when, std::uint32_t era = 0) {
    return flights.learned(seen(Learned::Kind::kAnswer, sequence, when), MonoTime(when), era);
  }
  void settle(base::Duration when) { flights.settle(MonoTime(when), MonoTime{}); }
};

}  // namespace

TEST_CASE("a round trip is the difference of the capture's two stamps") {
  Bench b;
  const auto sequence = b.send(0s);
  b.request_seen(sequence, 10us);
  b.answer(sequence, 50ms + 10us);
  REQUIRE(b.sink.results.size() == 1);
  CHECK(b.sink.results[0].outcome == Outcome::kAnswered);
  CHECK(b.sink.results[0].rtt == base::Duration(50ms));
  CHECK(b.sink.results[0].stamps == StampSource::kCapture);
  CHECK(b.sink.results[0].was_sent);
  CHECK(b.flights.waiting() == 0);
}

TEST_CASE("an answer waits for the capture's stamp of its request") {
  Bench b;
  const auto sequence = b.send(0s);
  b.answer(sequence, 50ms);
  CHECK(b.sink.results.empty());
  CHECK(b.flights.waiting() == 1);
  b.request_seen(sequence, 10us);
  REQUIRE(b.sink.results.size() == 1);
  CHECK(b.sink.results[0].rtt == base::Duration(50ms - 10us));
  CHECK(b.sink.results[0].stamps == StampSource::kCapture);
}

TEST_CASE("an answer whose request the capture never showed falls back to our own stamp and says so") {
  Bench b;
  const auto sequence = b.send(0s);
  b.answer(sequence, 50ms);
  b.settle(50ms + Flights::kStampPatience - 1ns);
  CHECK(b.sink.results.empty());
  b.settle(50ms + Flights::kStampPatience);
  REQUIRE(b.sink.results.size() == 1);
  CHECK(b.sink.results[0].outcome == Outcome::kAnswered);
  CHECK(b.sink.results[0].rtt == base::Duration(50ms));
  CHECK(b.sink.results[0].stamps == StampSource::kUserSpace);
}

TEST_CASE("a probe is lost when its timeout and the capture's grace have passed, and not before") {
  Bench b;
  b.send(0s);
  b.settle(kTimeout + Flights::kGrace - 1ns);
  CHECK(b.sink.results.empty());
  b.settle(kTimeout + Flights::kGrace);
  REQUIRE(b.sink.results.size() == 1);
  CHECK(b.sink.results[0].outcome == Outcome::kLost);
  CHECK_FALSE(b.sink.results[0].rtt);
}

TEST_CASE("an answer stamped exactly at the timeout counts, one stamped a nanosecond later is late") {
  for (const auto beyond : {base::Duration(0ns), base::Duration(1ns)}) {
    Bench b;
    const auto sequence = b.send(0s);
    b.request_seen(sequence, 0s);
    b.answer(sequence, kTimeout + beyond);
    REQUIRE(b.sink.results.size() == 1);
    CHECK(b.sink.results[0].outcome == (beyond == 0ns ? Outcome::kAnswered : Outcome::kLost));
    CHECK(b.sink.remarks.size() == (beyond == 0ns ? 0U : 1U));
  }
}

TEST_CASE("an answer after the verdict is remarked as late and changes nothing") {
  Bench b;
  const auto sequence = b.send(0s);
  b.request_seen(sequence, 0s);
  b.settle(2s);
  b.answer(sequence, 2500ms);
  REQUIRE(b.sink.results.size() == 1);
  CHECK(b.sink.results[0].outcome == Outcome::kLost);
  REQUIRE(b.sink.remarks.size() == 1);
  CHECK(b.sink.remarks[0].kind == RemarkKind::kLate);
  CHECK(b.sink.remarks[0].rtt == base::Duration(2500ms));
}

TEST_CASE("after a late answer the same once more is a duplicate, and another one is differing") {
  Bench b;
  const auto sequence = b.send(0s);
  b.request_seen(sequence, 10us);
  b.settle(1100ms);
  b.answer(sequence, 1500ms);
  b.answer(sequence, 1600ms);
  auto other = b.seen(Learned::Kind::kAnswer, sequence, 1700ms);
  other.content = 7;
  b.flights.learned(other, MonoTime(1700ms), 0);
  REQUIRE(b.sink.remarks.size() == 3);
  CHECK(b.sink.remarks[0].kind == RemarkKind::kLate);
  CHECK(b.sink.remarks[1].kind == RemarkKind::kDuplicate);
  CHECK(b.sink.remarks[2].kind == RemarkKind::kDiffering);
}

TEST_CASE("while an answer waits for its request's stamp, the same once more is a duplicate of it") {
  Bench b;
  const auto sequence = b.send(0s);
  b.answer(sequence, 50ms);
  b.answer(sequence, 51ms);
  auto other = b.seen(Learned::Kind::kAnswer, sequence, 52ms);
  other.content = std::uint64_t{9} << 40U;
  b.flights.learned(other, MonoTime(52ms), 0);
  CHECK(b.sink.results.empty());
  REQUIRE(b.sink.remarks.size() == 2);
  CHECK(b.sink.remarks[0].kind == RemarkKind::kDuplicate);
  CHECK(b.sink.remarks[1].kind == RemarkKind::kDiffering);
  b.request_seen(sequence, 10us);
  REQUIRE(b.sink.results.size() == 1);
  CHECK(b.sink.results[0].rtt == base::Duration(50ms - 10us));
}

TEST_CASE("a late answer has its round trip for 39 hours, and none beyond") {
  const auto [when, rtt] = GENERATE(table<base::Duration, std::optional<base::Duration>>({
      {39h, 39h - 10us},
      {40h, std::nullopt},
      {79h, std::nullopt},
      {200h, std::nullopt},
  }));
  Bench b(1, 100h);
  const auto sequence = b.send(0s);
  b.request_seen(sequence, 10us);
  b.settle(1100ms);
  b.answer(sequence, when);
  REQUIRE(b.sink.remarks.size() == 1);
  CHECK(b.sink.remarks[0].kind == RemarkKind::kLate);
  CHECK(b.sink.remarks[0].sent == MonoTime(0s));
  CHECK(b.sink.remarks[0].rtt == rtt);
}

TEST_CASE("a second answer is a duplicate, a different one is differing") {
  Bench b;
  const auto sequence = b.send(0s);
  b.request_seen(sequence, 0s);
  b.answer(sequence, 10ms);
  b.answer(sequence, 11ms);
  auto other = b.seen(Learned::Kind::kAnswer, sequence, 12ms);
  other.content = 99;
  b.flights.learned(other, MonoTime(12ms), 0);
  REQUIRE(b.sink.remarks.size() == 2);
  CHECK(b.sink.remarks[0].kind == RemarkKind::kDuplicate);
  CHECK(b.sink.remarks[1].kind == RemarkKind::kDiffering);
  CHECK(b.sink.results.size() == 1);
}

TEST_CASE("one packet captured on two interfaces is no duplicate") {
  Bench b;
  const auto sequence = b.send(0s);
  b.request_seen(sequence, 0s);
  auto on_card = b.seen(Learned::Kind::kAnswer, sequence, 10ms);
  on_card.interface = 2;
  auto on_vlan = on_card;
  on_vlan.interface = 5;
  b.flights.learned(on_card, MonoTime(10ms), 0);
  b.flights.learned(on_vlan, MonoTime(10ms), 0);
  CHECK(b.sink.remarks.empty());
  b.flights.learned(on_card, MonoTime(11ms), 0);
  CHECK(b.sink.remarks.size() == 1);
}

TEST_CASE("an answer after that of a later probe is reordered, and answered all the same") {
  Bench b;
  const auto first = b.send(0s);
  const auto second = b.send(100ms);
  b.request_seen(first, 0s);
  b.request_seen(second, 100ms);
  b.answer(second, 200ms);
  b.answer(first, 300ms);
  REQUIRE(b.sink.results.size() == 2);
  CHECK(b.sink.results[1].outcome == Outcome::kAnswered);
  REQUIRE(b.sink.remarks.size() == 1);
  CHECK(b.sink.remarks[0].kind == RemarkKind::kReordered);
}

TEST_CASE("stamps, not the order in which sockets are read, decide what was reordered") {
  Bench b;
  const auto first = b.send(0s);
  const auto second = b.send(100ms);
  b.request_seen(first, 0s);
  b.request_seen(second, 100ms);
  SECTION("read in the wrong order") {
    b.flights.learned(b.seen(Learned::Kind::kAnswer, second, 160ms), MonoTime(170ms), 0);
    b.flights.learned(b.seen(Learned::Kind::kAnswer, first, 150ms), MonoTime(170ms), 0);
    CHECK(b.sink.remarks.empty());
  }
  SECTION("read in the right order, though the first came last") {
    b.flights.learned(b.seen(Learned::Kind::kAnswer, first, 165ms), MonoTime(170ms), 0);
    b.flights.learned(b.seen(Learned::Kind::kAnswer, second, 160ms), MonoTime(170ms), 0);
    REQUIRE(b.sink.remarks.size() == 1);
    CHECK(b.sink.remarks[0].kind == RemarkKind::kReordered);
    CHECK(b.sink.remarks[0].sequence == first);
  }
  CHECK(b.sink.results.size() == 2);
}

TEST_CASE("an ICMP error settles a probe as unreachable and keeps who said so") {
  Bench b;
  const auto sequence = b.send(0s);
  auto error = b.seen(Learned::Kind::kUnreachable, sequence, 20ms);
  error.notice = probes::IcmpNotice{3, 1, *base::Address::parse("198.18.0.254")};
  b.flights.learned(error, MonoTime(20ms), 0);
  REQUIRE(b.sink.results.size() == 1);
  CHECK(b.sink.results[0].outcome == Outcome::kUnreachable);
  CHECK(b.sink.results[0].notice->code == 1);
  b.settle(5s);
  CHECK(b.sink.results.size() == 1);
}

TEST_CASE("clock steps void the round trip and keep the answer", "[complaint]") {
  Bench b;
  const auto sequence = b.send(0s, 0, 7);
  b.request_seen(sequence, 0s, 7);
  b.answer(sequence, 10ms, 8);
  REQUIRE(b.sink.results.size() == 1);
  CHECK(b.sink.results[0].outcome == Outcome::kAnswered);
  CHECK_FALSE(b.sink.results[0].rtt);
}

TEST_CASE("a round trip that is negative or longer than the time since sending is not believed") {
  Bench b;
  const auto backwards = b.send(0s);
  b.request_seen(backwards, 20ms);
  b.answer(backwards, 10ms);
  const auto forwards = b.send(1s);
  b.request_seen(forwards, 1s);
  auto answer = b.seen(Learned::Kind::kAnswer, forwards, 1s + 900ms);
  b.flights.learned(answer, MonoTime(1s + 10ms), 0);
  REQUIRE(b.sink.results.size() == 2);
  for (const auto& result : b.sink.results) {
    CHECK(result.outcome == Outcome::kAnswered);
    CHECK_FALSE(result.rtt);
  }
}

TEST_CASE("a suspend voids what is under way") {
  Bench b;
  const auto sequence = b.send(0s);
  b.flights.void_all(probes::AbortReason::kClock, MonoTime(10ms));
  REQUIRE(b.sink.results.size() == 1);
  CHECK(b.sink.results[0].abort_reason == probes::AbortReason::kClock);
  CHECK(b.sink.results[0].was_sent);
  b.answer(sequence, 20ms);
  b.settle(5s);
  CHECK(b.sink.results.size() == 1);
  CHECK(b.sink.remarks.empty());
}

TEST_CASE("what may have been dropped by our own buffers is not called lost") {
  Bench b;
  b.send(0s);
  b.send(500ms);
  b.flights.settle(MonoTime(5s), MonoTime(500ms));
  REQUIRE(b.sink.results.size() == 2);
  CHECK(b.sink.results[0].abort_reason == probes::AbortReason::kOverrun);
  CHECK(b.sink.results[1].outcome == Outcome::kLost);
}

TEST_CASE("a failed send is aborted and was never sent", "[complaint]") {
  Bench b;
  const auto sequence = b.flights.reserve(0);
  b.flights.abort_reserved(0, *sequence, MonoTime(1ms));
  REQUIRE(b.sink.results.size() == 1);
  CHECK(b.sink.results[0].abort_reason == probes::AbortReason::kSendError);
  CHECK_FALSE(b.sink.results[0].was_sent);
  CHECK(b.sink.sent == 0);
  CHECK(b.flights.waiting() == 0);
}

TEST_CASE("a channel asked faster than it can be answered for is refused a slot") {
  Bench b;
  std::size_t taken = 0;
  while (const auto sequence = b.flights.reserve(0)) {
    b.flights.launch(0, *sequence, at(0s), 0);
    REQUIRE(++taken < 100);
  }
  CHECK(taken >= 4);
  b.settle(5s);
  CHECK(b.sink.results.size() == taken);
  CHECK(b.flights.reserve(0));
}

TEST_CASE("an answer to a sequence never sent, or of an unknown channel, is nobody's") {
  Bench b;
  const auto sequence = b.send(0s);
  CHECK_FALSE(b.answer(sequence + 1, 10ms));
  CHECK_FALSE(b.answer(sequence - 1, 10ms));
  CHECK_FALSE(b.flights.learned(b.seen(Learned::Kind::kAnswer, sequence, 10ms, 77), MonoTime(10ms), 0));
  CHECK(b.sink.results.empty());
}

TEST_CASE("a new layout keeps probes of unchanged channels and forgets those of others") {
  Bench b(2);
  const auto kept = b.send(0s, 0);
  const auto gone = b.send(0s, 1);
  b.request_seen(kept, 0s);
  b.flights.make_room(3);
  b.flights.lay_out(0, {true, 1s, kTimeout, 1});
  b.flights.lay_out(1, {true, 1s, kTimeout, 2});
  b.flights.lay_out(2, {true, 1s, kTimeout, 2});
  CHECK(b.flights.waiting() == 1);
  b.answer(kept, 10ms);
  CHECK_FALSE(b.flights.learned(b.seen(Learned::Kind::kAnswer, gone, 10ms, 1), MonoTime(10ms), 0));
  b.settle(5s);
  REQUIRE(b.sink.results.size() == 1);
  CHECK(b.sink.results[0].outcome == Outcome::kAnswered);
  // The newcomer under the old index does not start over: nothing still on the wire fits it.
  CHECK(*b.flights.reserve(1) == gone + 1);
}

TEST_CASE("every launched probe gets exactly one result, whatever happens to it") {
  const unsigned seed = GENERATE(1U, 2U, 3U, 4U, 5U);
  INFO("seed " << seed);
  std::mt19937 random(seed);
  Bench b(3, 100ms);
  std::vector<std::pair<probes::ChannelIndex, probes::Sequence>> launched;
  base::Duration now = 0s;
  std::uint32_t era = 0;
  for (int step = 0; step < 20000; ++step) {
    now += std::chrono::microseconds(random() % 20000);
    const auto channel = static_cast<probes::ChannelIndex>(random() % 3);
    if (const auto sequence = random() % 3 == 0 ? b.flights.reserve(channel) : std::nullopt) {
      b.flights.launch(channel, *sequence, at(now), era);
      launched.emplace_back(channel, *sequence);
    }
    if (!launched.empty() && random() % 2 == 0) {
      const auto back = random() % std::min<std::size_t>(launched.size(), 40);
      const auto [c, s] = launched[launched.size() - 1 - back];
      const auto kind = std::array{Learned::Kind::kRequestSeen, Learned::Kind::kAnswer, Learned::Kind::kUnreachable,
                                   Learned::Kind::kFailedLocally, Learned::Kind::kForged}[random() % 5];
      b.flights.learned(b.seen(kind, s, now, c), MonoTime(now), era);
    }
    if (random() % 50 == 0) ++era;
    if (random() % 500 == 0) b.flights.void_all(probes::AbortReason::kClock, MonoTime(now));
    b.flights.settle(MonoTime(now), MonoTime{});
    REQUIRE(b.sink.sent == launched.size());
    REQUIRE(launched.size() == b.sink.results.size() + b.flights.waiting());
  }
  b.settle(now + 10s);
  CHECK(b.sink.results.size() == launched.size());
  CHECK(b.flights.waiting() == 0);
  for (const auto& result : b.sink.results) CHECK(result.settled >= result.sent);
}
