#include "daemon/recorded/entry.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "daemon/recorded/row_reader.hpp"

namespace blipd::recorded {
namespace {

using namespace std::chrono_literals;

// The fields that every line needs, and `more` in place of them.
base::Expected<Entry> entry(const std::string& outcome, const std::string& rtt, const std::string& more = "",
                            const std::string& time = "1419264900.123456789") {
  RowReader reader(text_source(R"({"time":)" + time + R"(,"target":"t","probe":"p","outcome":")" + outcome +
                               R"(","rtt":)" + rtt + more + "}"));
  Row row;
  REQUIRE(reader.next(row) == RowReader::Next::kRow);
  return entry_of(row);
}

std::string fault(const std::string& outcome, const std::string& rtt, const std::string& more = "",
                  const std::string& time = "1") {
  const auto read = entry(outcome, rtt, more, time);
  return read ? "none" : read.error().text;
}

constexpr base::WallTime kSent{1419264900123456789ns};

TEST_CASE("An answer is learned a round trip after its probe, to the nanosecond", "[recorded]") {
  const auto e = entry("answered", "0.250000001", R"(,"answer":"reset")");
  REQUIRE(e);
  CHECK(e->turn.sent == kSent);
  CHECK(e->turn.at == kSent + 250000001ns);
  CHECK(e->rtt == 250000001ns);
  CHECK(e->answer == probes::AnswerKind::kReset);
  CHECK(entry("answered", "0.5", "", "\"2014-12-22T16:15:00.123456789Z\"")->turn.sent == kSent);
}

TEST_CASE("A loss is learned when the line says, or else a timeout later", "[recorded]") {
  CHECK_FALSE(entry("lost", "null")->is_timed);
  CHECK(entry("lost", "null", R"(,"settled":3.05)")->turn.at == kSent + 3050ms);
  CHECK(entry("lost", "null", R"(,"settled":3.05)")->is_timed);
}

TEST_CASE("A late answer is learned when it came", "[recorded]") {
  const auto e = entry("late", "4.5", R"(,"settled":4.6)");
  CHECK(e->turn.what == pipeline::What::kLate);
  CHECK(e->turn.at == kSent + 4600ms);
  CHECK(e->rtt == 4500ms);
}

TEST_CASE("An unreachable carries the message that said so", "[recorded]") {
  const auto e =
      entry("unreachable", "null", R"(,"settled":0.1,"icmp_type":3,"icmp_code":13,"icmp_from":"198.18.0.1")");
  REQUIRE(e);
  REQUIRE(e->notice);
  CHECK(e->notice->type == 3);
  CHECK(e->notice->code == 13);
  CHECK(e->notice->sender.to_string() == "198.18.0.1");
  CHECK(e->turn.at == kSent + 100ms);
}

TEST_CASE("An aborted probe was not on the wire unless the line says so", "[recorded]") {
  CHECK_FALSE(entry("aborted", "null", R"(,"reason":"overrun")")->was_sent);
  CHECK(entry("aborted", "null", R"(,"reason":"overrun")")->reason == probes::AbortReason::kOverrun);
  CHECK(entry("aborted", "null", R"(,"sent":true)")->was_sent);
}

TEST_CASE("Each fault of content names its field and says what to do", "[recorded]") {
  CHECK(fault("lsot", "null") == "outcome: 'lsot' is unknown; write answered, lost, unreachable, aborted or late");
  CHECK(fault("answered", "\"fast\"") == "rtt: 'fast' is not a number; write seconds, or nothing where there is none");
  CHECK(fault("answered", "-0.1") == "rtt: '-0.1' is out of range; write seconds, 0 to 86400");
  CHECK(fault("answered", "301") == "rtt: '301' is longer than any timeout; write seconds");
  CHECK(fault("answered", "300") == "none");
  CHECK(fault("lost", "3") == "rtt: a probe that was lost has none; leave it empty");
  CHECK(fault("aborted", "3") == "rtt: a probe that was aborted has none; leave it empty");
  CHECK(fault("answered", "1", R"(,"answer":"pong")") ==
        "answer: 'pong' is unknown; write echo_reply, syn_ack, reset, connected, dns_message or http");
  CHECK(fault("aborted", "null", R"(,"reason":"rain")") ==
        "reason: 'rain' is unknown; write send_error, unresolved, vantage_fault, clock or overrun");
  CHECK(fault("aborted", "null", R"(,"sent":1)") == "sent: '1' is neither true nor false; write one of them");
  CHECK(fault("unreachable", "null", R"(,"icmp_from":"198.18.0.1","icmp_type":300)") ==
        "icmp_type: '300' is not a number from 0 to 255; write the ICMP message's");
  CHECK(fault("lost", "null", "", "1.4e9") ==
        "time: '1.4e9' is not a time; write one like 2014-12-22T16:15:00Z or 1419264900");
  CHECK(fault("lost", "null", "", "1419264900000") ==
        "time: '1419264900000' is not a time; write one like 2014-12-22T16:15:00Z or 1419264900");
  CHECK(fault("lost", "null", "", "\"1969-12-31T23:59:59Z\"") ==
        "time: '1969-12-31T23:59:59Z' is not within 1970 to 2199; write Unix seconds");
  Row empty;
  CHECK(entry_of(empty).error().text == "time is missing; every line needs it");
}

}  // namespace
}  // namespace blipd::recorded
