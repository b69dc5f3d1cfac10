#include "daemon/evidence/path_inquiry.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "config/load.hpp"
#include "tests/unit/evidence/paths.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using base::MonoTime;
using evidence::PathInquiry;

namespace {

std::shared_ptr<const config::Plan> plan_of(const std::string& networks) {
  const auto loaded = config::load_text(
      "probes: {path: {type: trace}}\ndefaults: {probes: [ping, path]}\n"
      "vantage: {controls: [198.18.90.1, 198.18.90.2, 198.18.90.3, 198.18.90.4,"
      " {host: 198.18.90.9, upstream: AS64501}]}\n"
      "countries: [{code: XX, networks: [" +
          networks + "]}]",
      "test.yaml");
  for (const config::Fault& fault : loaded.faults) UNSCOPED_INFO(fault.to_string());
  REQUIRE(loaded.faults.empty());
  return config::make_plan(loaded.configuration, nullptr);
}

constexpr const char* kTwo =
    "{name: a, targets: [198.18.9.1, 198.18.9.2, 198.18.9.3, 198.18.9.4]}, {name: b, targets: [198.18.8.1]}";

event::Event event_of(event::Scope scope, const std::string& network, bool is_open = true) {
  event::Event event;
  event.id = "XX/" + network;
  event.scope = scope;
  event.country = "XX";
  event.network = network;
  event.start = {base::WallTime(1000s), base::WallTime(1005s)};
  if (!is_open) event.end = event::Span{base::WallTime(2000s), base::WallTime(2000s)};
  return event;
}

std::vector<std::string> asked(PathInquiry& inquiry, const config::Plan& plan) {
  std::vector<std::string> names;
  for (const auto trace : inquiry.take_wishes()) names.push_back(plan.targets[plan.traces[trace].target].name);
  std::ranges::sort(names);
  return names;
}

probes::TracedPath traced(const std::string& name, const std::string& hops, const std::string& target, int wall,
                          MonoTime at) {
  auto path = test::path(hops, target, wall);
  path.name = name;
  path.began_mono = at;
  return path;
}

using Names = std::vector<std::string>;
const Names kControls = {"198.18.90.1", "198.18.90.2", "198.18.90.3"};

Names with_controls(Names names) {
  names.insert(names.end(), kControls.begin(), kControls.end());
  return names;
}

}  // namespace

TEST_CASE("for a network three of its targets are traced, and three controls that are no path controls") {
  const auto plan = plan_of(kTwo);
  PathInquiry inquiry(plan);
  inquiry.on_event(event_of(event::Scope::kNetwork, "a"), MonoTime(0s));
  CHECK(asked(inquiry, *plan) == with_controls({"198.18.9.1", "198.18.9.2", "198.18.9.3"}));
  CHECK(asked(inquiry, *plan).empty());
}

TEST_CASE("for a country the networks take turns") {
  const auto plan = plan_of(kTwo);
  PathInquiry inquiry(plan);
  inquiry.on_event(event_of(event::Scope::kCountry, ""), MonoTime(0s));
  CHECK(asked(inquiry, *plan) == with_controls({"198.18.8.1", "198.18.9.1", "198.18.9.2", "198.18.9.3", "198.18.9.4"}));
}

TEST_CASE("an event asks once when it begins and once when it has ended, however often it is revised") {
  const auto plan = plan_of(kTwo);
  PathInquiry inquiry(plan);
  inquiry.on_event(event_of(event::Scope::kNetwork, "b"), MonoTime(0s));
  CHECK(asked(inquiry, *plan).size() == 4);
  inquiry.on_event(event_of(event::Scope::kNetwork, "b"), MonoTime(1s));
  CHECK(asked(inquiry, *plan).empty());
  inquiry.on_event(event_of(event::Scope::kNetwork, "b", false), MonoTime(2s));
  CHECK(asked(inquiry, *plan).size() == 4);
  // Something was attached while that is under way, and after it.
  inquiry.on_event(event_of(event::Scope::kNetwork, "b", false), MonoTime(3s));
  CHECK(asked(inquiry, *plan).empty());
  inquiry.take_findings(MonoTime(5min));
  inquiry.on_event(event_of(event::Scope::kNetwork, "b", false), MonoTime(6min));
  CHECK(asked(inquiry, *plan).empty());
}

TEST_CASE("nothing is traced for what is no fall, or where nothing is traced") {
  const auto plan = plan_of(kTwo);
  PathInquiry inquiry(plan);
  auto unstable = event_of(event::Scope::kNetwork, "a");
  unstable.kind = event::Kind::kInstability;
  inquiry.on_event(unstable, MonoTime(0s));
  inquiry.on_event(event_of(event::Scope::kTarget, "a"), MonoTime(0s));
  inquiry.on_event(event_of(event::Scope::kVantage, ""), MonoTime(0s));
  inquiry.on_event(event_of(event::Scope::kNetwork, "nobody"), MonoTime(0s));
  CHECK(asked(inquiry, *plan).empty());
}

TEST_CASE("what was traced is compared with the path from before, and attached when all has come") {
  const auto plan = plan_of("{name: b, targets: [198.18.8.1]}");
  PathInquiry inquiry(plan);
  const std::string name = "XX/b/198.18.8.1/path";
  inquiry.on_path(traced(name, "198.18.0.9 198.18.1.1 198.18.8.1", "198.18.8.1", 900, MonoTime(1s)));
  // One that reached the target after the start is not from before.
  inquiry.on_path(traced(name, "198.18.0.9 198.18.2.1 198.18.8.1", "198.18.8.1", 1001, MonoTime(2s)));
  inquiry.on_event(event_of(event::Scope::kNetwork, "b"), MonoTime(10s));
  // Under way since before the event was known.
  inquiry.on_path(traced(name, "198.18.0.9 198.18.1.1", "198.18.8.1", 1004, MonoTime(9s)));
  inquiry.on_path(traced(name, "198.18.0.9", "198.18.8.1", 1010, MonoTime(10s)));
  CHECK(inquiry.take_findings(MonoTime(11s)).empty());
  for (const std::string& control : kControls) {
    inquiry.on_path(traced(fmt::format("vantage/{0}/{0}/path", control), fmt::format("198.18.0.9 {}", control), control,
                           1010, MonoTime(10s)));
  }
  const auto findings = inquiry.take_findings(MonoTime(12s));
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].event_id == "XX/b");
  REQUIRE(findings[0].evidence.paths.size() == 4);
  const event::PathEvidence& path = findings[0].evidence.paths[0];
  CHECK_FALSE(path.is_control);
  CHECK(path.network == "b");
  CHECK(path.probe == "path");
  CHECK(path.method == "icmp");
  CHECK(path.now.hops.size() == 1);
  REQUIRE(path.before);
  CHECK(path.before->at == base::WallTime(900s));
  REQUIRE(path.loss);
  CHECK(path.loss->hop->address == "198.18.1.1");
  CHECK(findings[0].evidence.paths[1].is_control);
  CHECK(inquiry.take_findings(MonoTime(13s)).empty());
}

TEST_CASE("a path to another address of the same target is not compared with") {
  const auto plan = plan_of("{name: b, targets: [198.18.8.1]}");
  PathInquiry inquiry(plan);
  const std::string name = "XX/b/198.18.8.1/path";
  inquiry.on_path(traced(name, "198.18.0.9 198.18.1.1 198.18.8.2", "198.18.8.2", 900, MonoTime(1s)));
  inquiry.on_event(event_of(event::Scope::kNetwork, "b"), MonoTime(10s));
  inquiry.on_path(traced(name, "198.18.0.9", "198.18.8.1", 1010, MonoTime(10s)));
  const auto findings = inquiry.take_findings(MonoTime(10s) + PathInquiry::kPatience);
  REQUIRE(findings.size() == 1);
  CHECK_FALSE(findings[0].evidence.paths[0].before);
  CHECK_FALSE(findings[0].evidence.paths[0].loss->hop);
}

TEST_CASE("at the end of an event the path from before it is still compared with") {
  const auto plan = plan_of("{name: b, targets: [198.18.8.1]}");
  PathInquiry inquiry(plan);
  const std::string name = "XX/b/198.18.8.1/path";
  inquiry.on_path(traced(name, "198.18.0.9 198.18.1.1 198.18.8.1", "198.18.8.1", 900, MonoTime(1s)));
  inquiry.on_event(event_of(event::Scope::kNetwork, "b"), MonoTime(10s));
  inquiry.take_findings(MonoTime(10s) + PathInquiry::kPatience);
  for (int i = 0; i < 3; ++i) {
    inquiry.on_path(traced(name, "198.18.0.9 198.18.2.1 198.18.8.1", "198.18.8.1", 1990 + i, MonoTime(990s)));
  }
  inquiry.on_event(event_of(event::Scope::kNetwork, "b", false), MonoTime(1000s));
  inquiry.on_path(traced(name, "198.18.0.9 198.18.2.1 198.18.8.1", "198.18.8.1", 2001, MonoTime(1001s)));
  const auto findings = inquiry.take_findings(MonoTime(1000s) + PathInquiry::kPatience);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].evidence.paths[0].moment == event::Moment::kEnd);
  CHECK(findings[0].evidence.paths[0].before->at == base::WallTime(900s));
  CHECK_FALSE(findings[0].evidence.paths[0].loss);
}

TEST_CASE("what has not come after two minutes is left out, and nothing at all is no finding") {
  const auto plan = plan_of(kTwo);
  PathInquiry inquiry(plan);
  inquiry.on_event(event_of(event::Scope::kNetwork, "a"), MonoTime(0s));
  inquiry.on_event(event_of(event::Scope::kNetwork, "b"), MonoTime(0s));
  inquiry.on_path(traced("XX/a/198.18.9.2/path", "198.18.0.9", "198.18.9.2", 1010, MonoTime(1s)));
  CHECK(inquiry.take_findings(MonoTime(PathInquiry::kPatience) - 1ns).empty());
  const auto findings = inquiry.take_findings(MonoTime(PathInquiry::kPatience));
  REQUIRE(findings.size() == 1);
  REQUIRE(findings[0].evidence.paths.size() == 1);
  CHECK(findings[0].evidence.paths[0].target == "198.18.9.2");
  CHECK_FALSE(findings[0].evidence.paths[0].before);
}

TEST_CASE("of more events than are looked at at once the rest is passed over and counted") {
  std::string networks;
  for (int i = 0; i < 20; ++i) networks += fmt::format("{{name: n{0}, targets: [198.18.{0}.1]}}, ", i);
  const auto plan = plan_of(networks);
  PathInquiry inquiry(plan);
  for (int i = 0; i < 20; ++i) inquiry.on_event(event_of(event::Scope::kNetwork, fmt::format("n{}", i)), MonoTime(0s));
  CHECK(asked(inquiry, *plan).size() == PathInquiry::kMostAtOnce + 3);
  CHECK(inquiry.passed_over() == 20 - PathInquiry::kMostAtOnce);
}

TEST_CASE("rows say how each path is, and stay the same object while nothing is new") {
  const auto plan = plan_of("{name: b, targets: [198.18.8.1]}");
  PathInquiry inquiry(plan);
  REQUIRE(inquiry.rows()->size() == 6);
  CHECK_FALSE(inquiry.rows()->at(0)->is_reached);
  CHECK(inquiry.rows() == inquiry.rows());
  const std::string name = "XX/b/198.18.8.1/path";
  CHECK_FALSE(inquiry.on_path(traced(name, "198.18.0.9 198.18.1.1 198.18.8.1", "198.18.8.1", 900, MonoTime(1s))));
  CHECK(inquiry.on_path(traced(name, "198.18.0.8", "198.18.8.1", 910, MonoTime(2s))));
  const evidence::PathRow& row = *inquiry.rows()->at(0);
  CHECK(row.country == "XX");
  CHECK(row.hops == 3U);
  CHECK(row.is_reached == false);
  CHECK(row.changes == 1);
}

TEST_CASE("a row has the last path, and beside one that is cut the last whole one and what is lost of it") {
  const auto plan = plan_of("{name: b, targets: [198.18.8.1]}");
  PathInquiry inquiry(plan);
  CHECK_FALSE(inquiry.rows()->at(0)->now);
  const std::string name = "XX/b/198.18.8.1/path";
  inquiry.on_path(traced(name, "198.18.0.9 198.18.1.1 198.18.8.1", "198.18.8.1", 900, MonoTime(1s)));
  const evidence::PathRow whole = *inquiry.rows()->at(0);
  REQUIRE(whole.now);
  CHECK(whole.method == "icmp");
  CHECK(whole.now->hops.size() == 3);
  CHECK_FALSE(whole.whole);
  CHECK_FALSE(whole.loss);
  inquiry.on_path(traced(name, "198.18.0.9", "198.18.8.1", 910, MonoTime(2s)));
  const evidence::PathRow cut = *inquiry.rows()->at(0);
  CHECK(cut.now->at == base::WallTime(910s));
  REQUIRE(cut.whole);
  CHECK(cut.whole->at == base::WallTime(900s));
  REQUIRE(cut.loss);
  CHECK(cut.loss->hop->address == "198.18.1.1");
}

TEST_CASE("a reload keeps what is known of paths that are still traced") {
  const auto plan = plan_of(kTwo);
  PathInquiry inquiry(plan);
  const std::string name = "XX/b/198.18.8.1/path";
  inquiry.on_path(traced(name, "198.18.0.9 198.18.8.1", "198.18.8.1", 900, MonoTime(1s)));
  inquiry.on_event(event_of(event::Scope::kNetwork, "a"), MonoTime(0s));
  inquiry.adopt(plan_of("{name: b, targets: [198.18.8.1]}"));
  CHECK(inquiry.rows()->at(0)->hops == 2U);
  CHECK(inquiry.take_wishes().empty());
}
