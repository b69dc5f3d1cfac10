#include "daemon/evidence/packet_inquiry.hpp"

#include <catch2/catch.hpp>

#include "config/load.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using evidence::PacketInquiry;

namespace {

std::shared_ptr<const config::Plan> plan_of(const std::string& networks) {
  const auto loaded = config::load_text(
      "vantage: {controls: [{host: 198.18.90.1, network: c1}, {host: 198.18.90.2, network: c2},"
      " {host: 198.18.90.3, network: c3}]}\ncountries: [{code: XX, networks: [" +
          networks + "]}]",
      "test.yaml");
  for (const config::Fault& fault : loaded.faults) UNSCOPED_INFO(fault.to_string());
  REQUIRE(loaded.faults.empty());
  return config::make_plan(loaded.configuration, nullptr);
}

constexpr const char* kTwo = "{name: a, targets: [198.18.9.1]}, {name: b, weight: 5, targets: [198.18.8.1]}";

base::Moment at(base::Duration since) {
  base::Moment now;
  now.mono = base::MonoTime(1h + since);
  now.wall = base::WallTime(1000h + since);
  return now;
}

event::Event event_of(event::Scope scope, const std::string& network, bool is_open = true) {
  event::Event event;
  event.id = "XX/" + network;
  event.incident = "XX";
  event.scope = scope;
  event.country = "XX";
  event.network = network;
  event.vantage = "here";
  event.declared = at(0s).wall;
  if (!is_open) event.end = event::Span{at(0s).wall, at(0s).wall};
  return event;
}

using Names = std::vector<std::string>;

Names names(const std::vector<PacketInquiry::Wish>& wishes) {
  Names made;
  for (const auto& wish : wishes) {
    made.push_back(wish.recording.network + (wish.recording.moment == event::Moment::kStart ? " start" : " end"));
  }
  return made;
}

event::PacketFile file_of(const PacketInquiry::Wish& wish) {
  event::PacketFile file;
  file.network = wish.recording.network;
  file.file = wish.recording.network + ".pcapng";
  return file;
}

constexpr auto kNetwork = event::Scope::kNetwork;
constexpr auto kCountry = event::Scope::kCountry;

}  // namespace

TEST_CASE("a network's packets are wished for when its event begins and when it ends, with those of two controls") {
  PacketInquiry inquiry(plan_of(kTwo));
  inquiry.on_event(event_of(kNetwork, "a"), at(1s));
  const auto begun = inquiry.take_wishes();
  CHECK(names(begun) == Names{"a start", "c1 start", "c2 start"});
  CHECK(begun[0].until == at(1s + PacketInquiry::kAfter).mono);
  CHECK(begun[0].recording.event_id == "XX/a");
  CHECK(begun[0].recording.country == "XX");
  CHECK(begun[1].recording.country.empty());
  inquiry.on_event(event_of(kNetwork, "a"), at(2s));  // one more revision
  CHECK(inquiry.take_wishes().empty());
  inquiry.on_event(event_of(kNetwork, "a", false), at(3s));
  CHECK(names(inquiry.take_wishes()) == Names{"a end", "c1 end", "c2 end"});
  inquiry.on_event(event_of(kNetwork, "a", false), at(4s));
  CHECK(inquiry.take_wishes().empty());
}

TEST_CASE("a country has the packets of networks that fell before those that merely weigh much") {
  PacketInquiry inquiry(plan_of(kTwo));
  inquiry.on_event(event_of(kCountry, ""), at(1s));
  CHECK(names(inquiry.take_wishes()) == Names{"b start", "a start", "c1 start", "c2 start"});

  PacketInquiry other(plan_of(kTwo));
  other.on_event(event_of(kNetwork, "a"), at(1s));
  const auto first = other.take_wishes();
  other.on_event(event_of(kCountry, ""), at(2s));
  const auto second = other.take_wishes();
  CHECK(names(second) == Names{"b start"});  // the rest is under way
  for (const auto& wish : first) other.written(wish.file, file_of(wish), at(12s).mono);
  const auto findings = other.take_findings();
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].event_id == "XX/a");
  CHECK(findings[0].evidence.packets.size() == 3);
  CHECK(findings[1].event_id == "XX/");
  CHECK(findings[1].evidence.packets.size() == 3);
}

TEST_CASE("a file that was just written serves one more event, an older one does not") {
  PacketInquiry inquiry(plan_of(kTwo));
  inquiry.on_event(event_of(kNetwork, "a"), at(1s));
  for (const auto& wish : inquiry.take_wishes()) inquiry.written(wish.file, file_of(wish), at(12s).mono);
  inquiry.take_findings();
  event::Event soon = event_of(kNetwork, "b");
  soon.declared = at(30s).wall;
  inquiry.on_event(soon, at(1s + PacketInquiry::kSame - 1ns));
  CHECK(names(inquiry.take_wishes()) == Names{"b start"});
  const auto findings = inquiry.take_findings();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].evidence.packets.size() == 2);

  event::Event late = event_of(kNetwork, "a");
  late.id = "another";
  late.declared = at(1h).wall;
  inquiry.on_event(late, at(1h));
  CHECK(names(inquiry.take_wishes()) == Names{"a start", "c1 start", "c2 start"});
}

TEST_CASE("what could not be written is attached to nothing, and is wished for again by the next event") {
  PacketInquiry inquiry(plan_of(kTwo));
  inquiry.on_event(event_of(kNetwork, "a"), at(1s));
  for (const auto& wish : inquiry.take_wishes()) inquiry.written(wish.file, std::nullopt, at(12s).mono);
  CHECK(inquiry.take_findings().empty());
  inquiry.on_event(event_of(kNetwork, "b"), at(13s));
  CHECK(names(inquiry.take_wishes()) == Names{"b start", "c1 start", "c2 start"});
}

TEST_CASE("targets, the vantage point, and falls within an instability have no files of their own") {
  PacketInquiry inquiry(plan_of(kTwo));
  inquiry.on_event(event_of(event::Scope::kTarget, "a"), at(1s));
  inquiry.on_event(event_of(event::Scope::kVantage, ""), at(1s));
  event::Event within = event_of(kNetwork, "a");
  within.during = "XX/unstable";
  inquiry.on_event(within, at(1s));
  event::Event slow = event_of(kNetwork, "a");
  slow.kind = event::Kind::kDegraded;
  inquiry.on_event(slow, at(1s));
  CHECK(inquiry.take_wishes().empty());
  event::Event unstable = event_of(kNetwork, "a");
  unstable.kind = event::Kind::kInstability;
  inquiry.on_event(unstable, at(1s));
  CHECK(inquiry.take_wishes().size() == 3);
}

TEST_CASE("of an event that was open before this process was, the end alone is recorded") {
  PacketInquiry inquiry(plan_of(kTwo));
  inquiry.on_event(event_of(kNetwork, "a"), at(PacketInquiry::kSame));
  CHECK(inquiry.take_wishes().empty());
  inquiry.on_event(event_of(kNetwork, "a", false), at(2h));
  CHECK(names(inquiry.take_wishes()) == Names{"a end", "c1 end", "c2 end"});
}

TEST_CASE("so many files are under way at once, and those beyond are counted") {
  std::string networks;
  for (std::size_t i = 0; i < PacketInquiry::kMostAtOnce; ++i) {
    networks += (i == 0 ? "" : ", ") +
                ("{name: n" + std::to_string(i) + ", targets: [198.18.1." + std::to_string(i + 1) + "]}");
  }
  PacketInquiry inquiry(plan_of(networks));
  for (std::size_t i = 0; i < PacketInquiry::kMostAtOnce; ++i) {
    inquiry.on_event(event_of(kNetwork, "n" + std::to_string(i)), at(1s));
  }
  const auto wishes = inquiry.take_wishes();
  CHECK(wishes.size() == PacketInquiry::kMostAtOnce);
  CHECK(inquiry.passed_over() == 2);  // there are two controls, too
  inquiry.written(wishes.front().file, file_of(wishes.front()), at(12s).mono);
  event::Event next = event_of(kNetwork, "n46");
  next.id = "another";
  next.kind = event::Kind::kPartial;
  inquiry.on_event(next, at(13s));
  CHECK(inquiry.take_wishes().size() == 1);
}
