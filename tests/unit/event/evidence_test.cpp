#include "daemon/event/evidence.hpp"

#include <catch2/catch.hpp>

#include "daemon/event/json.hpp"
#include "daemon/event/words.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using base::WallTime;
using event::PathPlace;

namespace {

event::PathHop hop(std::uint8_t distance, std::string address, std::uint32_t as_number = 0,
                   PathPlace place = PathPlace::kUnknown) {
  event::PathHop hop;
  hop.distance = distance;
  hop.address = std::move(address);
  hop.as_number = as_number;
  hop.place = place;
  return hop;
}

event::PathEvidence cut_path() {
  event::PathEvidence path;
  path.network = "star \"jv\"";
  path.target = "ns1";
  path.probe = "path";
  path.method = "udp";
  path.now = {
      WallTime(1419264912s), event::PathEnd::kSilent, 0, {hop(1, "192.0.2.1"), hop(2, ""), hop(3, "203.0.113.9")}};
  path.now.hops[0].round_trip = 412us;
  path.now.hops[0].labels = {16, 1048575};
  path.now.hops[0].interface = "ge-0/0/1 \xff";
  path.before = event::PathSeen{WallTime(1419264300s), event::PathEnd::kReached, 64500, {hop(1, "192.0.2.1")}};
  path.loss = event::PathLoss{hop(3, "203.0.113.9", 64500, PathPlace::kUpstream),
                              hop(4, "198.51.100.1", 131279, PathPlace::kCountry), PathPlace::kCountry};
  return path;
}

event::Event event_with_evidence() {
  event::Event event;
  event.id = "KP-20141222T161500Z/star/outage";
  event.country = "KP";
  event.kind = event::Kind::kOutage;
  event.evidence.paths = {cut_path(), cut_path()};
  event.evidence.paths[1].moment = event::Moment::kEnd;
  event.evidence.paths[1].before.reset();
  event.evidence.paths[1].loss.reset();
  event.evidence.paths[1].method.clear();
  event.evidence.packets = {{event::Moment::kStart, "star", "a.pcapng", WallTime(5s), WallTime(6s), 12, 3456}};
  event.evidence.hosts = {{event::Moment::kStart,
                           "star",
                           "ns1",
                           event::HostVerdict::kDnsOnly,
                           "up, DNS is answered, nothing else is",
                           {{"ping", event::WaySays::kSilent}, {"soa", event::WaySays::kAnswers}},
                           {event::HostSign::kTwoDnsAnswers, event::HostSign::kSynAckTtl}}};
  return event;
}

}  // namespace

TEST_CASE("Evidence written and read back is written the same") {
  const std::string json = event::to_json(event_with_evidence());
  const auto read = event::from_json(json);
  REQUIRE(read);
  CHECK(event::to_json(*read) == json);
  REQUIRE(read->evidence.paths.size() == 2);
  const event::PathEvidence& path = read->evidence.paths[0];
  CHECK(path.method == "udp");
  CHECK(path.now.hops[0].round_trip == 412us);
  CHECK(path.now.hops[0].labels == std::vector<std::uint32_t>{16, 1048575});
  CHECK(path.now.hops[1].address.empty());
  CHECK(path.before->upstream == 64500);
  CHECK(path.loss->hop->place == PathPlace::kCountry);
  CHECK(read->evidence.packets[0].bytes == 3456);
  REQUIRE(read->evidence.hosts.size() == 1);
  const event::HostEvidence& host = read->evidence.hosts[0];
  CHECK(host.verdict == event::HostVerdict::kDnsOnly);
  CHECK(host.ways[1].says == event::WaySays::kAnswers);
  CHECK(host.signs[1] == event::HostSign::kSynAckTtl);
  CHECK(json.find(R"("hosts":[{"moment":"start","network":"star","target":"ns1","verdict":"dns-only",)") !=
        std::string::npos);
}

TEST_CASE("Evidence from before there were hosts in it is read") {
  std::string json = event::to_json(event_with_evidence());
  json.erase(json.find(R"(,"hosts":[)"), json.rfind("]}") + 1 - json.find(R"(,"hosts":[)"));
  const auto read = event::from_json(json);
  REQUIRE(read);
  CHECK(read->evidence.hosts.empty());
  CHECK(read->evidence.packets.size() == 1);
}

TEST_CASE("An event without evidence has no such key, and one from before there was any is read") {
  event::Event event = event_with_evidence();
  event.evidence = {};
  const std::string json = event::to_json(event);
  CHECK(json.find("evidence") == std::string::npos);
  CHECK(event::from_json(json)->evidence.is_empty());
}

TEST_CASE("A path of before its protocol was kept is read") {
  const std::string json = event::to_json(event_with_evidence());
  std::string older = json;
  for (const std::string key : {"\"method\":\"udp\",", "\"method\":null,"}) older.erase(older.find(key), key.size());
  const auto read = event::from_json(older);
  REQUIRE(read);
  CHECK(read->evidence.paths[0].method.empty());
  CHECK(read->evidence.paths[0].loss);
}

TEST_CASE("A loss is said by the hop after which it is silent, and by the one that was there before") {
  event::Evidence evidence;
  CHECK(event::loss_in_words(evidence).empty());
  evidence.paths = {cut_path()};
  CHECK(
      event::loss_in_words(evidence) ==
      "first silent hop after 203.0.113.9 (AS64500, upstream), where 198.51.100.1 (AS131279, country) answered before");
  evidence.paths[0].before->hops = {hop(4, "198.51.100.1")};
  CHECK(event::loss_in_words(evidence) ==
        "first silent hop after 203.0.113.9 (AS64500, upstream), which is the target");
  evidence.paths[0].loss->hop.reset();
  CHECK(event::loss_in_words(evidence) == "first silent hop after 203.0.113.9 (AS64500, upstream)");
  evidence.paths[0].loss->after = {};
  CHECK(event::loss_in_words(evidence) == "no hop answers");
}

TEST_CASE("Where paths lose different hops, the words say what most of them say, and how many") {
  event::Evidence evidence;
  evidence.paths = {cut_path(), cut_path(), cut_path(), cut_path(), cut_path()};
  for (auto& path : evidence.paths) path.loss->hop.reset();
  evidence.paths[1].loss->after = hop(1, "192.0.2.1");
  evidence.paths[3].is_control = true;
  evidence.paths[4].moment = event::Moment::kEnd;
  CHECK(event::loss_in_words(evidence) == "first silent hop after 203.0.113.9 (AS64500, upstream) (2 of 3 paths)");
}

TEST_CASE("Evidence in words is a line for the lost hop and one for each file") {
  event::Evidence evidence;
  CHECK(event::evidence_in_words(evidence).empty());
  evidence.paths = {cut_path()};
  evidence.paths[0].loss->hop.reset();
  evidence.packets = {{event::Moment::kStart, "star", "a.pcapng", WallTime(43201s), WallTime(43221s), 1234, 3456},
                      {event::Moment::kEnd, "star", "b.pcapng", WallTime(86399s), WallTime(86400s), 1234567, 3456},
                      {event::Moment::kEnd, "c1", "c.pcapng", WallTime(0s), WallTime(0s), 999, 3456}};
  CHECK(event::evidence_in_words(evidence) ==
        std::vector<std::string>{"first silent hop after 203.0.113.9 (AS64500, upstream)",
                                 "packets at its start: a.pcapng (1,234 packets, 12:00:01–12:00:21)",
                                 "packets at its end: b.pcapng (1,234,567 packets, 23:59:59–00:00:00)",
                                 "packets at its end: c.pcapng (999 packets, 00:00:00–00:00:00)"});
}

TEST_CASE("Hosts in words are how many have which verdict, and their signs") {
  using event::HostSign;
  using event::HostVerdict;
  event::Evidence evidence;
  const auto add = [&](event::Moment moment, const char* target, HostVerdict verdict, std::vector<HostSign> signs) {
    evidence.hosts.push_back({moment, "star", target, verdict, "", {}, std::move(signs)});
  };
  add(event::Moment::kStart, "ns1", HostVerdict::kSilent, {});
  add(event::Moment::kStart, "web", HostVerdict::kIcmpFiltered, {HostSign::kResetTtl, HostSign::kSynAckTtl});
  add(event::Moment::kStart, "ns2", HostVerdict::kSilent, {HostSign::kTwoDnsAnswers});
  add(event::Moment::kEnd, "ns1", HostVerdict::kUpAll, {});
  CHECK(event::evidence_in_words(evidence) ==
        std::vector<std::string>{"hosts at its start: 1 icmp-filtered, 2 silent; signs: reset-ttl (web), synack-ttl "
                                 "(web), two-dns-answers (ns2)",
                                 "hosts at its end: 1 up-all"});
}

TEST_CASE("Evidence is added up to its bounds, and what was there first stays") {
  event::Evidence evidence;
  event::Evidence more;
  more.paths.resize(event::Evidence::kMostPaths - 1);
  CHECK(evidence.add(more));
  more.paths = {cut_path(), cut_path()};
  CHECK(evidence.add(more));
  CHECK(evidence.paths.size() == event::Evidence::kMostPaths);
  CHECK(evidence.paths.back().target == "ns1");
  CHECK_FALSE(evidence.add(more));
  more.packets.resize(1);
  CHECK(evidence.add(more));
  CHECK(evidence.packets.size() == 1);
}
