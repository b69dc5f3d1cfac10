#include "daemon/engine/handover.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "tests/unit/engine/told.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using engine::Batch;
using engine::BatchWriter;
using engine::Handover;

namespace {

base::MonoTime at(int ms) { return base::MonoTime(std::chrono::milliseconds(ms)); }

base::Moment moment(int ms) { return {at(ms), base::WallTime(1000s + std::chrono::milliseconds(ms)), {}, {}}; }

void tell_all(const std::deque<Batch>& batches, probes::ResultSink& sink) {
  for (const Batch& batch : batches) {
    for (const Batch::Call& call : batch.calls) batch.repeat(call, sink);
  }
}

probes::Result full_result() {
  probes::Result result;
  result.channel = 7;
  result.sequence = 0xfffffff0;
  result.outcome = probes::Outcome::kUnreachable;
  result.answer = probes::AnswerKind::kSynAck;
  result.abort_reason = probes::AbortReason::kClock;
  result.stamps = probes::StampSource::kCapture;
  result.service = probes::Service::kNotAsExpected;
  result.answer_ttl = 61;
  result.was_sent = true;
  result.sent = at(10);
  result.settled = at(20);
  result.rtt = -3ns;
  result.notice = probes::IcmpNotice{3, 13, base::Address::parse("198.18.1.1").value()};
  return result;
}

}  // namespace

TEST_CASE("what is packed comes out as it went in") {
  BatchWriter writer;
  const probes::Result full = full_result();
  writer.on_sent(3, at(5));
  writer.on_result(full, nullptr);
  writer.on_result({}, nullptr);
  writer.on_remark({4, 9, probes::RemarkKind::kReordered, at(30), 2ms, at(11)});
  writer.on_remark({5, 1, probes::RemarkKind::kForged, at(31), std::nullopt, {}, true});
  test::Told told;
  tell_all({writer.batch()}, told);
  CHECK(told.lines == std::vector<std::string>{"sent 3 5", "result 7 20", "result 0 0", "remark 4 30", "remark 5 31"});
  const probes::Result& result = told.results[0];
  CHECK(result.sequence == full.sequence);
  CHECK(result.outcome == full.outcome);
  CHECK(result.abort_reason == full.abort_reason);
  CHECK(result.answer == full.answer);
  CHECK(result.stamps == full.stamps);
  CHECK(result.service == full.service);
  CHECK(result.answer_ttl == full.answer_ttl);
  CHECK(result.was_sent);
  CHECK(result.sent == full.sent);
  CHECK(result.rtt == full.rtt);
  REQUIRE(result.notice);
  CHECK(result.notice->type == 3);
  CHECK(result.notice->code == 13);
  CHECK(result.notice->sender == full.notice->sender);
  CHECK_FALSE(told.results[1].rtt);
  CHECK_FALSE(told.results[1].notice);
  CHECK_FALSE(told.results[1].was_sent);
  CHECK(told.remarks[0].kind == probes::RemarkKind::kReordered);
  CHECK(told.remarks[0].rtt == 2ms);
  CHECK(told.remarks[0].sent == at(11));
  CHECK(told.remarks[0].sequence == 9);
  CHECK_FALSE(told.remarks[1].rtt);
  CHECK_FALSE(told.remarks[0].is_from_elsewhere);
  CHECK(told.remarks[1].is_from_elsewhere);
}

TEST_CASE("ticks that nobody has taken yet become one batch, with each notice at its own result") {
  Handover handover;
  BatchWriter writer;
  for (int tick = 1; tick <= 2; ++tick) {
    probes::Result result = full_result();
    result.notice->code = static_cast<std::uint8_t>(tick);
    writer.on_result(result, nullptr);
    writer.batch().end = moment(tick);
    handover.put(writer.batch());
    CHECK(writer.batch().calls.empty());
  }
  std::deque<Batch> batches;
  handover.take(batches);
  REQUIRE(batches.size() == 1);
  CHECK(batches[0].end.mono == at(2));
  test::Told told;
  tell_all(batches, told);
  REQUIRE(told.results.size() == 2);
  CHECK(told.results[0].notice->code == 1);
  CHECK(told.results[1].notice->code == 2);
}

TEST_CASE("of what an answer says HTTP comes along, each with its own result, between notices") {
  Handover handover;
  BatchWriter writer;
  for (int tick = 1; tick <= 2; ++tick) {
    writer.on_result(full_result(), nullptr);
    probes::Result answered = full_result();
    answered.outcome = probes::Outcome::kAnswered;
    answered.notice.reset();
    probes::AnswerDetail detail;
    detail.http.emplace().status = static_cast<std::uint16_t>(200 + tick);
    writer.on_result(answered, &detail);
    probes::AnswerDetail dns;
    dns.dns.emplace();
    writer.on_result(answered, &dns);
    writer.batch().end = moment(tick);
    handover.put(writer.batch());
  }
  std::deque<Batch> batches;
  handover.take(batches);
  REQUIRE(batches.size() == 1);
  struct Details final : probes::ResultSink {
    void on_sent(probes::ChannelIndex, base::MonoTime) override {}
    void on_result(const probes::Result& result, const probes::AnswerDetail* detail) override {
      const bool is_answered = result.outcome == probes::Outcome::kAnswered;
      CHECK(result.notice.has_value() != is_answered);
      statuses.push_back(detail != nullptr && detail->http ? detail->http->status : 0);
    }
    void on_remark(const probes::Remark&) override {}
    std::vector<int> statuses;
  } told;
  tell_all(batches, told);
  CHECK(told.statuses == std::vector<int>{0, 201, 0, 0, 202, 0});
}

TEST_CASE("what was learned by different plans stays in different batches") {
  Handover handover;
  BatchWriter writer;
  for (const config::Generation generation : {1U, 2U, 2U}) {
    writer.batch().generation = generation;
    writer.on_sent(1, at(1));
    handover.put(writer.batch());
  }
  CHECK(writer.batch().generation == 2);
  std::deque<Batch> batches;
  handover.take(batches);
  REQUIRE(batches.size() == 2);
  CHECK(batches[0].generation == 1);
  CHECK(batches[1].calls.size() == 2);
}

TEST_CASE("it is full until what was taken has been worked through, and loses nothing meanwhile") {
  Handover handover(3);
  BatchWriter writer;
  const auto put = [&](int calls) {
    for (int i = 0; i < calls; ++i) writer.on_sent(1, at(i));
    handover.put(writer.batch());
  };
  put(2);
  CHECK_FALSE(handover.is_full());
  put(1);
  CHECK(handover.is_full());
  put(5);
  std::deque<Batch> batches;
  handover.take(batches);
  CHECK(handover.is_full());
  std::size_t calls = 0;
  for (Batch& batch : batches) {
    calls += batch.calls.size();
    handover.give_back(std::move(batch));
  }
  CHECK(calls == 8);
  CHECK_FALSE(handover.is_full());
}

TEST_CASE("two threads hand over every call once and in order") {
  constexpr std::uint32_t kCalls = 200'000;
  Handover handover;
  std::thread producer([&] {
    BatchWriter writer;
    for (std::uint32_t i = 0; i < kCalls; ++i) {
      writer.on_sent(i, at(1));
      if (i % 37 == 0) handover.put(writer.batch());
    }
    handover.put(writer.batch());
  });
  std::uint32_t expected = 0;
  bool is_in_order = true;
  std::deque<Batch> batches;
  while (expected < kCalls) {
    handover.take(batches);
    for (; !batches.empty(); batches.pop_front()) {
      for (const Batch::Call& call : batches.front().calls) is_in_order = is_in_order && call.channel == expected++;
      handover.give_back(std::move(batches.front()));
    }
    std::this_thread::yield();
  }
  producer.join();
  CHECK(is_in_order);
  CHECK_FALSE(handover.is_full());
}
