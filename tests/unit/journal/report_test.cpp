#include "daemon/journal/report.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace blipd;
using namespace std::chrono_literals;
using base::WallTime;

namespace {

event::Event make_event(event::Scope scope, std::string network, base::Duration from, base::Duration until) {
  event::Event event;
  event.id = network + std::to_string(from.count());
  event.scope = scope;
  event.country = scope == event::Scope::kVantage ? "" : "KP";
  event.network = std::move(network);
  event.kind = scope == event::Scope::kVantage ? event::Kind::kVantageFault : event::Kind::kOutage;
  event.start = {WallTime(from), WallTime(from)};
  event.end = event::Span{WallTime(until), WallTime(until)};
  return event;
}

}  // namespace

TEST_CASE("Not watched comes before vantage fault, and that before down") {
  const std::vector<event::Event> events = {make_event(event::Scope::kNetwork, "n", 10s, 60s),
                                            make_event(event::Scope::kVantage, "", 20s, 40s)};
  const auto report = journal::make_report(WallTime(0s), WallTime(100s), events,
                                           {{WallTime(0s), WallTime(30s)}, {WallTime(35s), WallTime(100s)}});
  REQUIRE(report.gaps.size() == 1);
  REQUIRE(report.availability.size() == 2);
  const auto& network = report.availability[1];
  CHECK(network.network == "n");
  CHECK(network.not_watched == 5s);
  CHECK(network.vantage_fault == 15s);
  CHECK(network.down == 30s);
  CHECK(network.up == 50s);
  CHECK(report.availability[0].down == 0s);
}

TEST_CASE("Whatever happened, the four parts add up to the whole time") {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto pick = [&](int most) { return std::chrono::milliseconds(random() % static_cast<unsigned>(most)); };
    std::vector<event::Event> events;
    for (unsigned i = 0; i < seed % 12; ++i) {
      const auto from = pick(120000) - 10s;
      const auto scope = random() % 3 == 0 ? event::Scope::kVantage : event::Scope::kNetwork;
      events.push_back(make_event(scope, scope == event::Scope::kVantage ? "" : "n", from, from + pick(50000)));
      if (random() % 4 == 0) events.back().end.reset();
    }
    std::vector<journal::Watched> watched;
    for (base::Duration at = -5s; at < 105s;) {
      const base::Duration until = at + pick(40000);
      watched.push_back({WallTime(at), WallTime(until)});
      at = until + pick(20000);
    }
    const auto report = journal::make_report(WallTime(0s), WallTime(100s), events, watched);
    for (const auto& a : report.availability) {
      CHECK(a.up + a.down + a.vantage_fault + a.not_watched == 100s);
      CHECK(std::min({a.up, a.down, a.vantage_fault, a.not_watched}) >= 0s);
    }
  }
}

TEST_CASE("Markdown and text have a short line for each piece of evidence, CSV has none") {
  auto event = make_event(event::Scope::kNetwork, "n", 10s, 60s);
  event::PathEvidence path;
  path.loss = event::PathLoss{{2, "198.18.5.2", 64502, event::PathPlace::kUpstream, {}, {}, {}}, {}, {}};
  event.evidence.paths = {path};
  event.evidence.packets = {{event::Moment::kStart, "n", "f_start.pcapng", WallTime(1s), WallTime(21s), 1234, 5}};
  const auto report = journal::make_report(WallTime(0s), WallTime(100s), {event}, {});
  const std::string loss = "first silent hop after 198.18.5.2 (AS64502, upstream)\n";
  const std::string packets = "packets at its start: f_start.pcapng (1,234 packets, 00:00:01–00:00:21)\n";
  const std::string text = journal::format_report(report, journal::ReportFormat::kText);
  CHECK(text.find("\n    " + loss + "    " + packets) != std::string::npos);
  const std::string markdown = journal::format_report(report, journal::ReportFormat::kMarkdown);
  CHECK(markdown.find("\n  - " + loss + "  - " + packets) != std::string::npos);
  CHECK(journal::format_report(report, journal::ReportFormat::kCsv).find("pcapng") == std::string::npos);
  CHECK(journal::format_report(report, journal::ReportFormat::kJson).find("\"file\":\"f_start.pcapng\"") !=
        std::string::npos);
}

TEST_CASE("CSV quotes what RFC 4180 asks for") {
  auto event = make_event(event::Scope::kNetwork, "north, \"far\"", 10s, 20s);
  event.id = "id";
  const auto report = journal::make_report(WallTime(0s), WallTime(100s), {event}, {});
  const std::string csv = journal::format_report(report, journal::ReportFormat::kCsv);
  CHECK(csv.find("id,,network,KP,\"north, \"\"far\"\"\",,outage,,") != std::string::npos);
  CHECK(csv.find("1970-01-01T00:00:10.000Z,1970-01-01T00:00:10.000Z,1970-01-01T00:00:20.000Z") != std::string::npos);
}

TEST_CASE("Markdown and text name gaps, events and shares") {
  const auto report =
      journal::make_report(WallTime(0s), WallTime(100s), {make_event(event::Scope::kNetwork, "n", 10s, 60s)}, {});
  for (const auto format : {journal::ReportFormat::kText, journal::ReportFormat::kMarkdown}) {
    const std::string text = journal::format_report(report, format);
    CHECK(text.find("KP/n") != std::string::npos);
    CHECK(text.find("1970-01-01T00:00:00.000Z to 1970-01-01T00:01:40.000Z (1m40s)") != std::string::npos);
  }
}
