#include "daemon/detect/host_inquiry.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/detect/host_bench.hpp"

namespace blipd::detect {
namespace {

using namespace std::chrono_literals;
using event::HostVerdict;
using event::Moment;

struct InquiryBench : HostBench {
  explicit InquiryBench(int hosts) : HostBench(hosts), inquiry(plan) { calm(); }

  event::Event fall() {
    event::Event event;
    event.id = "KP-1/n/outage";
    event.scope = event::Scope::kNetwork;
    event.country = "KP";
    event.network = "n";
    event.start = {moment(now).wall, moment(now).wall};
    return event;
  }
  void tell(const event::Event& event) { inquiry.on_event(event, moment(now), judge); }
  std::vector<HostInquiry::Finding> findings() { return inquiry.take_findings(moment(now), judge); }
  void lose_all(config::TargetIndex target, int times = 3) {
    for (int i = 0; i < times; ++i) {
      for (const auto c : plan->channels_of(target)) lose(c);
    }
  }

  HostInquiry inquiry;
};

}  // namespace

TEST_CASE("An event's hosts are told when each way has been heard since its start, those that fell first first",
          "[host_inquiry]") {
  InquiryBench bench(3);
  const event::Event event = bench.fall();
  bench.lose_all(2);
  bench.lose_all(0, 1);
  bench.tell(event);
  CHECK(bench.findings().empty());
  bench.lose_all(0, 2);
  for (const auto c : {3U, 4U, 5U}) bench.answer(c);
  const auto found = bench.findings();
  REQUIRE(found.size() == 1);
  CHECK(found[0].event_id == event.id);
  const auto& hosts = found[0].evidence.hosts;
  REQUIRE(hosts.size() == 3);
  CHECK(hosts[0].target == "t3");
  CHECK(hosts[1].target == "t1");
  CHECK(hosts[2].target == "t2");
  CHECK(hosts[0].network == "n");
  CHECK(hosts[0].moment == Moment::kStart);
  CHECK(hosts[0].verdict == HostVerdict::kSilent);
  CHECK(hosts[0].words == "no answer by any way");
  CHECK(hosts[2].verdict == HostVerdict::kUpAll);
  REQUIRE(hosts[0].ways.size() == 3);
  CHECK(hosts[0].ways[1].probe == "web");
  CHECK(hosts[0].ways[1].says == event::WaySays::kSilent);
  CHECK(hosts[0].signs.empty());
  CHECK(bench.findings().empty());
}

TEST_CASE("What has not been heard within a minute is not known", "[host_inquiry]") {
  InquiryBench bench(1);
  bench.tell(bench.fall());
  bench.lose_all(0);
  bench.answer(HostBench::kDns);
  bench.now += 1s;
  auto found = bench.findings();
  REQUIRE(found.size() == 1);
  CHECK(found[0].evidence.hosts[0].verdict == HostVerdict::kDnsOnly);
  InquiryBench other(1);
  other.tell(other.fall());
  other.now += HostInquiry::kPatience - 1ms;
  CHECK(other.findings().empty());
  other.now += 1s;
  found = other.findings();
  REQUIRE(found.size() == 1);
  CHECK(found[0].evidence.hosts[0].verdict == HostVerdict::kUnknown);
}

TEST_CASE("When it has ended the same hosts are told again, and a start that was not told in time never is",
          "[host_inquiry]") {
  InquiryBench bench(2);
  event::Event event = bench.fall();
  bench.tell(event);
  bench.lose_all(1);
  event.end = event::Span{HostBench::moment(bench.now).wall, HostBench::moment(bench.now).wall};
  bench.tell(event);
  bench.calm(1);
  const auto found = bench.findings();
  REQUIRE(found.size() == 1);
  REQUIRE(found[0].evidence.hosts.size() == 2);
  for (const auto& host : found[0].evidence.hosts) {
    CHECK(host.moment == Moment::kEnd);
    CHECK(host.verdict == HostVerdict::kUpAll);
  }
  bench.tell(event);
  bench.calm(1);
  CHECK(bench.findings().empty());
}

TEST_CASE("What was silent before the end is heard anew, and a probe of the time in between says nothing",
          "[host_inquiry]") {
  InquiryBench bench(1);
  event::Event event = bench.fall();
  bench.tell(event);
  bench.lose_all(0);
  static_cast<void>(bench.findings());
  const base::WallTime earliest = HostBench::moment(bench.now).wall;
  bench.lose(HostBench::kDns);
  bench.answer(HostBench::kPing);
  event.end = event::Span{earliest, HostBench::moment(bench.now).wall};
  bench.tell(event);
  bench.now += 1s;
  bench.answer(HostBench::kPing);
  bench.answer(HostBench::kWeb);
  bench.now += 1s;
  CHECK(bench.findings().empty());  // DNS was silent, and has not been asked since
  bench.answer(HostBench::kDns);
  bench.now += 1s;
  const auto found = bench.findings();
  REQUIRE(found.size() == 1);
  CHECK(found[0].evidence.hosts.at(0).moment == Moment::kEnd);
  CHECK(found[0].evidence.hosts.at(0).verdict == HostVerdict::kUpAll);
}

TEST_CASE("Twenty hosts are told at most", "[host_inquiry]") {
  InquiryBench bench(25);
  bench.tell(bench.fall());
  for (config::TargetIndex t = 0; t < 25; ++t) bench.lose_all(t);
  bench.now += 1s;
  const auto found = bench.findings();
  REQUIRE(found.size() == 1);
  CHECK(found[0].evidence.hosts.size() == HostInquiry::kMostHosts);
}

TEST_CASE("An event of a host, of the vantage point or of another country has no hosts", "[host_inquiry]") {
  InquiryBench bench(1);
  event::Event event = bench.fall();
  event.scope = event::Scope::kTarget;
  bench.tell(event);
  event = bench.fall();
  event.kind = event::Kind::kDegraded;
  bench.tell(event);
  event = bench.fall();
  event.country = "XX";
  bench.tell(event);
  bench.now += HostInquiry::kPatience;
  CHECK(bench.findings().empty());
}

TEST_CASE("After a restart the start that has been told is not told again", "[host_inquiry]") {
  InquiryBench bench(1);
  event::Event event = bench.fall();
  event.evidence.hosts.emplace_back();
  bench.tell(event);
  bench.lose_all(0);
  bench.now += HostInquiry::kPatience;
  CHECK(bench.findings().empty());
  event.end = event::Span{HostBench::moment(bench.now).wall, HostBench::moment(bench.now).wall};
  bench.tell(event);
  bench.calm(1);
  CHECK(bench.findings().size() == 1);
}

TEST_CASE("A host that is not asked any more is left out", "[host_inquiry]") {
  InquiryBench bench(2);
  bench.tell(bench.fall());
  bench.plan = config::make_plan(HostBench::configuration(1), bench.plan.get());
  bench.judge.adopt(bench.plan);
  bench.inquiry.adopt(bench.plan);
  bench.lose_all(0);
  bench.now += 1s;
  const auto found = bench.findings();
  REQUIRE(found.size() == 1);
  REQUIRE(found[0].evidence.hosts.size() == 1);
  CHECK(found[0].evidence.hosts[0].target == "t1");
}

TEST_CASE("Signs from shortly before an event belong to it", "[host_inquiry]") {
  InquiryBench bench(1);
  bench.reset(61);
  bench.answer(HostBench::kPing);
  REQUIRE(bench.count(event::HostSign::kResetTtl) == 1);
  SECTION("ten minutes") {
    bench.now += HostInquiry::kSignsBefore - 3s;
    bench.tell(bench.fall());
    bench.lose_all(0);
    bench.now += 1s;
    CHECK(bench.findings().at(0).evidence.hosts.at(0).signs == std::vector{event::HostSign::kResetTtl});
  }
  SECTION("and no longer") {
    bench.now += HostInquiry::kSignsBefore;
    bench.tell(bench.fall());
    bench.lose_all(0);
    bench.now += 1s;
    CHECK(bench.findings().at(0).evidence.hosts.at(0).signs.empty());
  }
}

}  // namespace blipd::detect
