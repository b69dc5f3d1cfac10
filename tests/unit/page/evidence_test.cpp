#include "evidence.hpp"

#include <catch2/catch.hpp>
#include <regex>

#include "daemon/page/address.hpp"
#include "daemon/page/evidence_part.hpp"
#include "daemon/page/path_table.hpp"
#include "sample.hpp"
#include "tests/unit/open_events.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using namespace page;
using sample::contains;
using sample::count_of;

namespace {

// Its rows without their marks, a line each.
std::vector<std::string> rows_of(const std::string& html) {
  std::vector<std::string> rows;
  const std::regex row("<tr[^>]*><th scope=\"row\">(.*?)</tr>");
  for (auto at = std::sregex_iterator(html.begin(), html.end(), row); at != std::sregex_iterator(); ++at) {
    const std::string spaced = std::regex_replace((*at)[1].str(), std::regex("(</t[hd]>|<br>|<small>)"), " ");
    rows.push_back(std::regex_replace(std::regex_replace(spaced, std::regex("<[^>]*>"), ""), std::regex(" +"), " "));
  }
  return rows;
}

Live live_with(const event::Evidence& evidence) {
  auto snapshot = sample::snapshot();
  event::Event event = sample::outage("KP/outage", event::Scope::kNetwork, "star-jv", 1h, std::nullopt);
  event.evidence = evidence;
  snapshot->open_events = test::open_events({event});
  return sample::live(snapshot);
}

std::string view_of(const event::Evidence& evidence) {
  return render("/event/KP%2Foutage", live_with(evidence), sample::kAssets).html;
}

}  // namespace

TEST_CASE("A path has a row for each distance, before beside now, and the first lost hop is marked by a word") {
  const std::string html = path_table(sample::cut_path()).text();
  const auto rows = rows_of(html);
  REQUIRE(rows.size() == 5);
  CHECK(rows[0] == "1 198.18.1.2 AS64496, near 0.40\u00A0ms 198.18.1.2 AS64496, near 0.40\u00A0ms ");
  CHECK(rows[1] == "2 silent silent ");
  CHECK(rows[3] == "4 198.18.5.2 AS64510, country 1.6\u00A0ms first lost hop ");
  CHECK(rows[4] == "5 192.0.2.15 target AS64510, country 2.0\u00A0ms silent ");
  CHECK(count_of(html, "first lost hop") == 1);
  CHECK(count_of(html, "<tr class=\"lost\">") == 1);
  // By a sign as well: page.css puts one before the word.
  CHECK(contains(html, "<strong class=\"sign\" data-state=\"down\">first lost hop</strong>"));
}

TEST_CASE("Where a path has got longer, the lost hop is marked where it was") {
  event::PathEvidence path = sample::cut_path();
  path.now.hops.push_back(sample::hop(4, "198.18.9.2"));
  path.now.hops.push_back(sample::hop(5, "198.18.9.3"));
  const auto rows = rows_of(path_table(path).text());
  CHECK(rows[3] == "4 198.18.5.2 AS64510, country first lost hop 1.6\u00A0ms 198.18.9.2 1.6\u00A0ms ");
}

TEST_CASE("Of a path of which no earlier one is known, what is behind the last that answers is lost") {
  event::PathEvidence path = sample::cut_path();
  path.before.reset();
  path.loss->hop.reset();
  const std::string html = path_table(path).text();
  const auto rows = rows_of(html);
  REQUIRE(rows.size() == 4);
  CHECK(rows[2] == "3 198.18.3.2 AS64501, upstream 1.2\u00A0ms ");
  CHECK(rows[3] == "4 first lost hop ");
  CHECK(contains(html, "No earlier path is known."));
  path.now.hops.clear();
  path.loss->after = {};
  CHECK(rows_of(path_table(path).text()) == std::vector<std::string>{"1 first lost hop "});
}

TEST_CASE("A whole path has no lost hop, and its last is the target") {
  const std::string html = path_table(sample::control_path()).text();
  CHECK_FALSE(contains(html, "lost"));
  CHECK(count_of(html, "<small>target</small>") == 2);
  // Behind the end of one that a router ended nothing was asked.
  event::PathEvidence path = sample::cut_path();
  path.now.end = event::PathEnd::kUnreachable;
  CHECK(rows_of(path_table(path).text())[4] == "5 192.0.2.15 target AS64510, country 2.0\u00A0ms – ");
}

TEST_CASE("No distance that a journal may hold makes a table endless") {
  event::PathEvidence path = sample::cut_path();
  path.loss->hop->distance = 255;
  CHECK(rows_of(path_table(path).text()).size() == 255);
  path.loss->hop.reset();
  path.loss->after.distance = 255;
  CHECK(rows_of(path_table(path).text()).size() == 255);
}

TEST_CASE("An event's view tells its paths in words, those to controls last, and upstreams before and now") {
  event::Evidence evidence;
  evidence.paths = {sample::control_path(), sample::cut_path(), sample::cut_path()};
  evidence.paths[2].moment = event::Moment::kEnd;
  evidence.paths[2].now = *evidence.paths[2].before;
  evidence.paths[2].loss.reset();
  evidence.paths[2].method = "udp";
  const std::string html = view_of(evidence);
  const auto at = [&](const char* text) { return html.find(text); };
  CHECK(at("<h2>Evidence</h2>") < at("Paths when it was found"));
  CHECK(at("Paths when it was found") < at("star-jv/ns1 by ICMP"));
  CHECK(at("star-jv/ns1 by ICMP") < at("control c1 by ICMP"));
  CHECK(at("control c1 by ICMP") < at("Paths after its end"));
  CHECK(at("Paths after its end") < at("star-jv/ns1 by UDP"));
  CHECK(at("star-jv/ns1 by UDP") < html.size());
  const auto rows = rows_of(html);
  const auto has = [&](const std::string& row) { return std::ranges::find(rows, row) != rows.end(); };
  CHECK(
      has("star-jv/ns1 by ICMP cut first silent hop after 198.18.3.2 (AS64501, upstream), where 198.18.5.2 (AS64510, "
          "country) answered before AS64501 unknown "));
  CHECK(has("star-jv/ns1 by UDP whole reached its target AS64501 AS64501 "));
  CHECK(has("control c1 by ICMP whole reached its target "));
  CHECK_FALSE(contains(html, "<h3>Packets</h3>"));
}

TEST_CASE("Files of packets are linked on the page, by an address that holds whatever the name") {
  event::Evidence evidence;
  evidence.packets = {sample::packet_file(), sample::packet_file("a \"b\"/../c.pcapng")};
  const std::string html = view_of(evidence);
  CHECK(contains(html, "<a href=\"/api/v1/evidence/20141222T161500Z_KP_star-jv_KP-1_start.pcapng\">"));
  CHECK(contains(html, "<a href=\"/api/v1/evidence/a%20%22b%22%2F..%2Fc.pcapng\">a &quot;b&quot;/../c.pcapng</a>"));
  CHECK(contains(html, "<td class=\"number\">12\u202F345</td><td class=\"number\">2.0\u00A0MiB</td>"));
  const std::string alone = evidence_part(evidence, {.heading = 4, .is_linked = false, .has_hops = true}).text();
  CHECK_FALSE(contains(alone, "<a "));
  CHECK(contains(alone, "20141222T161500Z_KP_star-jv_KP-1_start.pcapng"));
  CHECK(contains(alone, "<h4>Evidence</h4>"));
}

TEST_CASE("Hosts have a verdict by word and sign, what each way says, and signs in words") {
  using event::HostVerdict;
  event::Evidence evidence;
  evidence.hosts = {{event::Moment::kStart,
                     "star-jv",
                     "ns1",
                     HostVerdict::kIcmpFiltered,
                     "up, ICMP is not answered",
                     {{"ping", event::WaySays::kSilent}, {"web", event::WaySays::kAnswers}},
                     {event::HostSign::kTwoDnsAnswers, event::HostSign::kResetTtl}},
                    {event::Moment::kEnd, "star-jv", "ns1", HostVerdict::kUpAll, "up", {}, {}},
                    {event::Moment::kEnd, "star-jv", "ns2", HostVerdict::kSilent, "silent", {}, {}}};
  const std::string html = view_of(evidence);
  CHECK(contains(html, "<h3>Hosts when it was found</h3>"));
  CHECK(contains(html, "<h3>Hosts after its end</h3>"));
  CHECK_FALSE(contains(html, "Paths when it was found"));
  const auto rows = rows_of(html);
  CHECK(std::ranges::find(rows,
                          "star-jv/ns1 icmp-filtered up, ICMP is not answered ping: silent, web: answers two DNS "
                          "answers to one query, a reset from another distance ") != rows.end());
  CHECK(std::ranges::find(rows, "star-jv/ns1 up-all up none ") != rows.end());
  CHECK(contains(html, "data-state=\"partial\">icmp-filtered</span>"));
  CHECK(contains(html, "data-state=\"up\">up-all</span>"));
  CHECK(contains(html, "data-state=\"down\">silent</span>"));
}

TEST_CASE("An event without evidence says nothing of it") {
  const std::string html = view_of({});
  CHECK(contains(html, "<section id=\"evidence\" class=\"evidence\" data-part>\n</section>"));
  CHECK_FALSE(contains(html, "Evidence</h"));
}

TEST_CASE("What routers, targets and files are called is text and never markup") {
  const std::string bad = "\"><img src=x onerror=alert(1)>'&\xFF";
  event::Evidence evidence;
  event::PathEvidence path = sample::cut_path();
  path.network = path.target = path.probe = path.method = bad;
  path.now.hops[0].address = path.now.hops[0].interface = bad;
  path.loss->after.address = path.loss->hop->address = bad;
  evidence.paths = {path, path};
  evidence.paths[1].is_control = true;
  evidence.packets = {sample::packet_file(bad)};
  evidence.packets[0].network = bad;
  evidence.hosts = {{event::Moment::kStart, bad, bad, event::HostVerdict::kSilent, bad, {{bad, {}}}, {}}};
  const std::string html = view_of(evidence);
  CHECK_FALSE(contains(html, "<img"));
  CHECK_FALSE(contains(html, "\xFF\""));
  CHECK_FALSE(contains(html, "\xFF<"));
  CHECK(count_of(html, "&lt;img") >= 10);
}

TEST_CASE("A document with as much evidence as an event may have is of a size that a phone takes") {
  event::Evidence evidence;
  for (std::size_t i = 0; i < event::Evidence::kMostPaths; ++i) {
    event::PathEvidence path = sample::cut_path();
    for (std::uint8_t distance = 6; distance <= 15; ++distance) {
      path.before->hops.push_back(sample::hop(distance, "2001:2:0:8000::1", 64510, event::PathPlace::kCountry));
    }
    evidence.paths.push_back(path);
  }
  evidence.packets.assign(event::Evidence::kMostPackets, sample::packet_file());
  const std::size_t bare = view_of({}).size();
  CHECK(view_of(evidence).size() - bare < 160'000);
}

TEST_CASE("A network's view has its paths in a line each and the files of its events, each once") {
  event::Evidence evidence;
  evidence.packets = {sample::packet_file(), sample::packet_file(), sample::packet_file("of-a-control.pcapng")};
  evidence.packets[2].network = "outside";
  Live live = live_with(evidence);
  auto rows = std::make_shared<evidence::PathRows>();
  for (const char* network : {"star-jv", "mobile"}) {
    auto row = std::make_shared<evidence::PathRow>();
    const event::PathEvidence path = sample::cut_path();
    row->country = "KP";
    row->network = network;
    row->target = std::string(network) == "mobile" ? "gw" : "ns1";
    row->probe = "path";
    row->method = "tcp";
    row->hops = 5;
    row->upstream = 64501;
    row->changes = 7;
    row->now = path.now;
    row->whole = path.before;
    row->loss = path.loss;
    rows->push_back(row);
  }
  rows->push_back(nullptr);
  live.paths = rows;
  const std::string html = render("/country/KP/network/star-jv", live, sample::kAssets).html;
  CHECK(count_of(html, "href=\"/api/v1/evidence/") == 1);
  CHECK(contains(html, "<a href=\"/event/KP%2Foutage\">outage</a>, start</td>"));
  CHECK(contains(html,
                 "<a href=\"/country/KP/network/star-jv/target/ns1\">star-jv/ns1 by TCP</a></th><td><span "
                 "class=\"sign\" data-state=\"down\">cut</span></td><td class=\"number\">5</td><td>AS64501</td>"));
  CHECK_FALSE(contains(html, "mobile/gw by TCP"));
  const std::string target = render("/country/KP/network/star-jv/target/ns1", live, sample::kAssets).html;
  CHECK(contains(target, "star-jv/ns1 by TCP"));
  CHECK(contains(target, "first lost hop"));
  CHECK(count_of(target, "href=\"/api/v1/evidence/") == 1);
  const std::string other = render("/country/KP/network/mobile", live, sample::kAssets).html;
  CHECK_FALSE(contains(other, "/api/v1/evidence/"));
  CHECK(contains(other, "mobile/gw by TCP"));
  CHECK_FALSE(contains(render("/", live, sample::kAssets).html, "by TCP"));
}
