#include "daemon/serve/targets_json.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/serve/sample.hpp"

using namespace blipd;
using namespace blipd::serve;
using namespace std::chrono_literals;

namespace {

nlohmann::json targets_of(sample::Draft snapshot) {
  TargetsBody body(sample::publish(std::move(snapshot)));
  return nlohmann::json::parse(sample::text_of(body));
}

}  // namespace

TEST_CASE("a target says where it belongs, how it is asked, and how it went last") {
  sample::PlanMaker maker{sample::small_plan()};
  probes::ProbeSpec slow = maker.plan.channels[1].spec();
  slow.interval = 30s;
  slow.timeout = 4s;
  maker.ask_by(maker.plan.channels[1], slow);
  sample::Draft snapshot = sample::empty_snapshot(std::move(maker.plan));
  snapshot.targets[0].state = pipeline::TargetState::kUp;
  snapshot.channels[0].last_outcome = probes::Outcome::kLost;
  snapshot.channels[0].last_settled = sample::kTaken;
  snapshot.channels[0].last_answered = sample::kTaken - 20s;
  snapshot.channels[1].last_outcome = probes::Outcome::kAnswered;
  snapshot.channels[1].last_rtt = 250ms;
  snapshot.channels[1].last_settled = sample::kTaken - 10s;
  snapshot.channels[1].last_answered = sample::kTaken - 10s;
  const auto json = targets_of(std::move(snapshot));
  CHECK(json["taken"] == "2014-12-22T16:15:00.000Z");
  REQUIRE(json["targets"].size() == 3);
  const auto& ns1 = json["targets"].at(0);
  CHECK(ns1["country"] == "KP");
  CHECK(ns1["network"] == "star-jv");
  CHECK(ns1["name"] == "ns1");
  CHECK(ns1["host"] == "192.0.2.15");
  CHECK(ns1["state"] == "up");
  CHECK(ns1["control"] == false);
  CHECK(ns1["last_answered"] == "2014-12-22T16:14:50.000Z");
  REQUIRE(ns1["channels"].size() == 2);
  CHECK(ns1["channels"].at(0)["probe"] == "ping");
  CHECK(ns1["channels"].at(0)["last"]["outcome"] == "lost");
  CHECK(ns1["channels"].at(0)["last"]["rtt_seconds"].is_null());
  const auto& soa = ns1["channels"].at(1);
  CHECK(soa["interval_seconds"] == 30);
  CHECK(soa["timeout_seconds"] == 4);
  CHECK(soa["last"]["rtt_seconds"] == 0.25);
  CHECK(json["targets"].at(1)["last_answered"].is_null());
  CHECK(json["targets"].at(1)["channels"].at(0)["last"].is_null());
  const auto& control = json["targets"].at(2);
  CHECK(control["control"] == true);
  CHECK(control["country"] == "");
}

TEST_CASE("inactive targets, and those of inactive networks, are not listed") {
  config::Plan plan = sample::small_plan();
  plan.networks[1].is_active = false;
  plan.targets[0].is_active = false;
  const auto json = targets_of(sample::empty_snapshot(std::move(plan)));
  REQUIRE(json["targets"].size() == 1);
  CHECK(json["targets"].at(0)["name"] == "anycast-1");
}

TEST_CASE("no targets are an empty list, and many come in pieces that together are one object") {
  CHECK(targets_of(sample::empty_snapshot(config::Plan{}))["targets"].empty());
  sample::PlanMaker maker;
  const auto network = maker.network(maker.country("AA", ""), "net");
  for (int i = 0; i < 1000; ++i) maker.channel(maker.target(network, "t" + std::to_string(i), "h"), "ping");
  TargetsBody body(sample::publish(sample::empty_snapshot(std::move(maker.plan))));
  std::string all;
  std::size_t pieces = 0;
  for (std::string piece; body.next(piece); ++pieces) {
    REQUIRE(piece.size() <= BodySource::kMaxPieceBytes);
    all += piece;
  }
  CHECK(pieces > 3);
  const auto json = nlohmann::json::parse(all);
  CHECK(json["targets"].size() == 1000);
  CHECK(json["targets"].at(999)["name"] == "t999");
}

TEST_CASE("a target says what its ways of asking say together, and which signs it shows") {
  sample::PlanMaker maker{sample::small_plan()};
  probes::ProbeSpec dns = maker.plan.channels[1].spec();
  dns.ask = probes::DnsSpec{};
  maker.ask_by(maker.plan.channels[1], dns);
  sample::Draft snapshot = sample::empty_snapshot(std::move(maker.plan));
  snapshot.channels[0].says = event::WaySays::kSilent;
  snapshot.channels[0].is_as_usual = false;
  snapshot.channels[1].says = event::WaySays::kAnswers;
  detect::TargetSigns signs;
  signs.counts[0] = {3, sample::kTaken};
  signs.counts[2] = {1, sample::kTaken - 1s};
  signs.reset = detect::TtlPair{61, 50, probes::AnswerKind::kEchoReply};
  snapshot.signs = std::make_shared<const detect::SignTable>(detect::SignTable{{0, signs}});
  const auto json = targets_of(std::move(snapshot));
  const auto& ns1 = json["targets"].at(0);
  CHECK(ns1["verdict"] == "icmp-filtered");
  CHECK(ns1["verdict_words"] == "up, ICMP is not answered, others are");
  CHECK(ns1["verdict_as_usual"] == false);
  CHECK(ns1["channels"].at(0)["says"] == "silent");
  CHECK(ns1["channels"].at(0)["says_as_usual"] == false);
  CHECK(ns1["channels"].at(1)["says"] == "answers");
  CHECK(ns1["signs"] == nlohmann::json::parse(R"([
    {"sign": "two-dns-answers", "count": 3, "last": "2014-12-22T16:15:00.000Z",
     "words": "two differing answers to one DNS query"},
    {"sign": "reset-ttl", "count": 1, "last": "2014-12-22T16:14:59.000Z",
     "words": "a reset with TTL 61, echo replies with 50"}])"));
  CHECK(json["targets"].at(1)["verdict"] == "unknown");
  CHECK(json["targets"].at(1)["signs"].empty());
}

TEST_CASE("while our own link is at fault the words of a verdict say so, but of controls") {
  sample::Draft snapshot = sample::empty_snapshot(sample::small_plan());
  snapshot.vantage.state = pipeline::VantageState::kFault;
  const auto json = targets_of(std::move(snapshot));
  CHECK(json["targets"].at(0)["verdict_words"] == "not known: our own link is at fault");
  CHECK(json["targets"].at(2)["verdict_words"] == "not known: too few answers yet");
}
