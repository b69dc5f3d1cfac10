#include "daemon/detect/host_signs.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/detect/host_bench.hpp"

namespace blipd::detect {
namespace {

using namespace std::chrono_literals;
using event::HostSign;
using event::HostVerdict;
using event::WaySays;
constexpr auto kPing = HostBench::kPing;
constexpr auto kWeb = HostBench::kWeb;
constexpr auto kDns = HostBench::kDns;

bool is_clean(const HostBench& bench) { return bench.judge.signs(0) == nullptr; }

}  // namespace

TEST_CASE("Before anything is answered nothing is known, and a lost probe or two change nothing", "[host_says]") {
  HostBench bench;
  CHECK(bench.verdict() == HostVerdict::kUnknown);
  bench.lose(kPing);
  CHECK(bench.says(kPing) == WaySays::kUnknown);
  bench.calm();
  CHECK(bench.verdict() == HostVerdict::kUpAll);
  bench.lose(kPing);
  CHECK(bench.verdict() == HostVerdict::kUpAll);
  bench.lose(kPing);
  CHECK(bench.verdict() == HostVerdict::kUpAll);
  bench.lose(kPing);
  CHECK(bench.verdict() == HostVerdict::kIcmpFiltered);
  bench.answer(kPing);
  CHECK(bench.verdict() == HostVerdict::kUpAll);
}

TEST_CASE("Where loss is usual a way has to be silent for longer", "[host_says]") {
  HostBench bench;
  bench.calm();
  for (int i = 0; i < 200; ++i) i % 2 == 0 ? bench.answer(kPing) : bench.lose(kPing);
  bench.answer(kPing);
  for (int i = 0; i < 5; ++i) bench.lose(kPing);
  CHECK(bench.says(kPing) == WaySays::kAnswers);
  for (int i = 0; i < 20; ++i) bench.lose(kPing);
  CHECK(bench.says(kPing) == WaySays::kSilent);
}

TEST_CASE("A way that never answered says so, and that is as usual", "[host_says]") {
  HostBench bench;
  for (int i = 0; i < 20; ++i) {
    bench.lose(kPing);
    bench.answer(kWeb);
    bench.answer(kDns);
  }
  CHECK(bench.says(kPing) == WaySays::kNeverAnswered);
  CHECK(bench.verdict() == HostVerdict::kIcmpFiltered);
  CHECK(is_as_usual(bench.ways()));
}

TEST_CASE("A refused port is news where it used to be open, and none where it always was refused", "[host_says]") {
  HostBench bench;
  bench.calm();
  bench.reset(50);
  CHECK(bench.verdict() == HostVerdict::kPortRefused);
  CHECK_FALSE(is_as_usual(bench.ways()));
  HostBench other;
  for (int i = 0; i < 5; ++i) {
    other.answer(kPing);
    other.reset(50);
    other.answer(kDns);
  }
  CHECK(other.verdict() == HostVerdict::kPortRefused);
  CHECK(is_as_usual(other.ways()));
}

TEST_CASE("An ICMP error holds for some losses behind it, and until the next answer", "[host_says]") {
  HostBench bench;
  bench.calm();
  for (int i = 0; i < 3; ++i) bench.unreachable(kPing, "198.18.9.9");
  CHECK(bench.says(kPing) == WaySays::kUnreachable);
  CHECK(bench.judge.channel(kPing).notice->sender.to_string() == "198.18.9.9");
  for (int i = 0; i < 9; ++i) bench.lose(kPing);
  CHECK(bench.says(kPing) == WaySays::kUnreachable);
  bench.lose(kPing);
  CHECK(bench.says(kPing) == WaySays::kSilent);
  bench.answer(kPing);
  for (int i = 0; i < 3; ++i) bench.lose(kPing);
  CHECK(bench.says(kPing) == WaySays::kSilent);
}

TEST_CASE("Port unreachable is a refusal when the host itself says so", "[host_says]") {
  HostBench bench;
  bench.calm();
  for (int i = 0; i < 3; ++i) bench.unreachable(kDns, "198.18.0.1", 3);
  CHECK(bench.says(kDns) == WaySays::kRefused);
  CHECK(bench.verdict() == HostVerdict::kPortRefused);
  bench.unreachable(kDns, "198.18.9.9", 3);
  CHECK(bench.says(kDns) == WaySays::kUnreachable);
}

TEST_CASE("An answer from before the time that is asked about does not count", "[host_says]") {
  HostBench bench;
  bench.calm();
  const base::MonoTime since = bench.now;
  CHECK(bench.judge.channel(kPing, since).says == WaySays::kUnknown);
  bench.lose(kPing);
  CHECK(bench.judge.channel(kPing, since).says == WaySays::kUnknown);
  bench.answer(kPing);
  CHECK(bench.judge.channel(kPing, since).says == WaySays::kAnswers);
}

TEST_CASE("A reset from nearer than the host is a sign once an echo reply has come from as far as before",
          "[host_signs]") {
  HostBench bench;
  bench.calm();
  bench.reset(61);
  CHECK(is_clean(bench));
  CHECK(bench.verdict() == HostVerdict::kPortRefused);
  bench.answer(kDns);  // not what it is compared with
  CHECK(is_clean(bench));
  const base::MonoTime at = bench.now;
  bench.answer(kPing);
  CHECK(bench.count(HostSign::kResetTtl) == 1);
  CHECK(bench.verdict() == HostVerdict::kResetNearer);
  const TargetSigns& signs = *std::as_const(bench.judge).signs(0);
  CHECK(signs.of(HostSign::kResetTtl).last == HostBench::moment(at - 2s).wall);
  CHECK(in_words(HostSign::kResetTtl, signs) == "a reset with TTL 61, echo replies with 50");
  bench.answer(kWeb);
  CHECK(bench.verdict() == HostVerdict::kUpAll);
  CHECK(bench.count(HostSign::kSynAckTtl) == 0);
}

TEST_CASE("Each reset from elsewhere is counted, in pairs with the echo replies behind them", "[host_signs]") {
  HostBench bench;
  bench.calm();
  for (int i = 0; i < 10; ++i) {
    bench.reset(61);
    bench.answer(kPing);
  }
  CHECK(bench.count(HostSign::kResetTtl) == 10);
}

TEST_CASE("A reset from further away is a sign, and no reset from nearer", "[host_signs]") {
  HostBench bench;
  bench.calm();
  bench.reset(40);
  bench.answer(kPing);
  CHECK(bench.count(HostSign::kResetTtl) == 1);
  CHECK(bench.verdict() == HostVerdict::kPortRefused);
}

TEST_CASE("A route that changes moves all answers and is no sign", "[host_signs]") {
  HostBench bench;
  bench.calm();
  bench.answer(kWeb, 56);  // the first to be asked behind the change
  bench.answer(kPing, 56);
  bench.answer(kDns, 56);
  for (int i = 0; i < 20; ++i) {
    bench.answer(kWeb, 56);
    bench.answer(kPing, 56);
  }
  CHECK(is_clean(bench));
  bench.reset(45);  // and back again, further away
  bench.answer(kPing, 45);
  for (int i = 0; i < 20; ++i) {
    bench.reset(45);
    bench.answer(kPing, 45);
  }
  CHECK(is_clean(bench));
}

TEST_CASE("Answers that start from other TTLs are no sign, nor are three hops", "[host_signs]") {
  for (const int ttl : {114, 241, 53, 47}) {
    HostBench bench;
    bench.calm();
    for (int i = 0; i < 5; ++i) {
      bench.reset(static_cast<std::uint8_t>(ttl));
      bench.answer(kPing);
      bench.answer(kWeb, static_cast<std::uint8_t>(ttl));
      bench.answer(kPing);
    }
    CHECK(is_clean(bench));
  }
}

TEST_CASE("A SYN-ACK from elsewhere is a sign", "[host_signs]") {
  HostBench bench;
  bench.calm();
  bench.answer(kWeb, 54);
  bench.answer(kPing);
  CHECK(bench.count(HostSign::kSynAckTtl) == 1);
  CHECK(bench.count(HostSign::kResetTtl) == 0);
  CHECK(bench.verdict() == HostVerdict::kUpAll);
}

TEST_CASE("Echo replies that were sent for before, that come too late or from elsewhere confirm nothing",
          "[host_signs]") {
  HostBench bench;
  bench.calm();
  probes::Result before = bench.result(kPing, probes::Outcome::kAnswered);
  before.answer = probes::AnswerKind::kEchoReply;
  before.answer_ttl = 50;
  bench.reset(61);
  before.settled = bench.now;
  bench.give(before);
  CHECK(is_clean(bench));
  SECTION("in time") {
    bench.now += HostSigns::kPatience - 1s;
    bench.answer(kPing);
    CHECK(bench.count(HostSign::kResetTtl) == 1);
  }
  SECTION("too late") {
    bench.now += HostSigns::kPatience;
    bench.answer(kPing);
    CHECK(is_clean(bench));
  }
  SECTION("from elsewhere") {
    bench.answer(kPing, 52);
    bench.answer(kPing, 50);
    CHECK(is_clean(bench));
  }
}

TEST_CASE("While echo replies come now from here and now from there, nothing is compared with them", "[host_signs]") {
  HostBench bench;
  bench.calm();
  for (int i = 0; i < 20; ++i) {
    bench.answer(kPing, i % 2 == 0 ? 50 : 56);
    bench.answer(kDns, i % 2 == 0 ? 56 : 50);
    bench.reset(61);
  }
  CHECK(is_clean(bench));
}

TEST_CASE("Without echo replies a reset is compared with DNS answers", "[host_signs]") {
  HostBench bench;
  for (int i = 0; i < 20; ++i) {
    bench.lose(kPing);
    bench.answer(kWeb);
    bench.answer(kDns);
  }
  bench.reset(61);
  bench.answer(kDns);
  CHECK(bench.count(HostSign::kResetTtl) == 1);
  CHECK(in_words(HostSign::kResetTtl, *std::as_const(bench.judge).signs(0)) ==
        "a reset with TTL 61, DNS answers with 50");
}

TEST_CASE("Two answers to a DNS query, and an answer from elsewhere, are signs; to an echo request they are none",
          "[host_signs]") {
  HostBench bench;
  bench.calm();
  probes::Remark remark;
  remark.at = bench.now;
  for (const auto channel : {kPing, kWeb, kDns}) {
    for (const auto kind :
         {probes::RemarkKind::kDiffering, probes::RemarkKind::kDuplicate, probes::RemarkKind::kForged}) {
      for (const bool is_from_elsewhere : {false, true}) {
        remark.channel = channel;
        remark.kind = kind;
        remark.is_from_elsewhere = is_from_elsewhere && kind == probes::RemarkKind::kForged;
        bench.judge.on_remark(remark);
      }
    }
  }
  CHECK(bench.count(HostSign::kTwoDnsAnswers) == 2);
  CHECK(bench.count(HostSign::kAnswerFromElsewhere) == 1);
}

TEST_CASE("Signs are listed by target, in order, and anew only when there is another", "[host_signs]") {
  HostBench bench(3);
  CHECK(bench.judge.signs()->empty());
  probes::Remark remark;
  remark.kind = probes::RemarkKind::kDiffering;
  for (const probes::ChannelIndex channel : {8U, 2U}) {
    remark.channel = channel;
    bench.judge.on_remark(remark);
  }
  const auto table = bench.judge.signs();
  REQUIRE(table->size() == 2);
  CHECK(find_signs(*table, 0) == &(*table)[0].second);
  CHECK(find_signs(*table, 1) == nullptr);
  CHECK(find_signs(*table, 2) == &(*table)[1].second);
  CHECK(bench.judge.signs() == table);
  bench.judge.on_remark(remark);
  CHECK(bench.judge.signs() != table);
}

TEST_CASE("A target that is another's now begins without signs", "[host_signs]") {
  HostBench bench;
  bench.calm();
  bench.reset(61);
  bench.answer(kPing);
  REQUIRE_FALSE(is_clean(bench));
  auto configuration = HostBench::configuration(1);
  configuration.countries[0].networks[0].targets[0].host = "198.18.0.77";
  bench.plan = config::make_plan(configuration, bench.plan.get());
  bench.judge.adopt(bench.plan);
  for (config::TargetIndex t = 0; t < bench.plan->targets.size(); ++t)
    CHECK(std::as_const(bench.judge).signs(t) == nullptr);
}

}  // namespace blipd::detect
