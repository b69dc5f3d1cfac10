#include "daemon/serve/news.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/open_events.hpp"
#include "tests/unit/serve/sample.hpp"

using namespace blipd;
namespace sample = blipd::serve::sample;
using namespace std::chrono_literals;
using serve::News;

namespace {

event::Event outage(std::uint32_t revision) {
  event::Event event;
  event.id = "one";
  event.country = "KP";
  event.network = "star-jv";
  event.kind = event::Kind::kOutage;
  event.revision = revision;
  return event;
}

struct Told {
  std::string kind;
  nlohmann::json data;
};

// As a browser would take the text apart.
std::vector<Told> taken_apart(std::string text) {
  std::vector<Told> all;
  for (std::size_t end = 0; (end = text.find("\n\n")) != std::string::npos; text.erase(0, end + 2)) {
    const std::string message = text.substr(0, end);
    const std::size_t line = message.find('\n');
    REQUIRE(message.starts_with("event: "));
    REQUIRE(message.substr(line + 1).starts_with("data: "));
    all.push_back({message.substr(7, line - 7), nlohmann::json::parse(message.substr(line + 7))});
  }
  REQUIRE(text.empty());
  return all;
}

}  // namespace

TEST_CASE("what is known already is no news, and how it stands is there for who comes") {
  News news;
  CHECK(news.standing().empty());
  sample::Draft snapshot = sample::empty_snapshot(sample::small_plan());
  snapshot.countries[0].level = pipeline::CountryLevel::kPartial;
  snapshot.networks[0].reachable_ratio = 0.25;
  snapshot.open_events = test::open_events({outage(1)});
  CHECK(news.since(*sample::publish(snapshot)).empty());
  const auto standing = taken_apart(news.standing());
  REQUIRE(standing.size() == 1);
  CHECK(standing[0].kind == "status");
  const auto& country = standing[0].data["countries"][0];
  CHECK(country["code"] == "KP");
  CHECK(country["level"] == "partial");
  CHECK(country["networks"][0]["name"] == "star-jv");
  CHECK(country["networks"][0]["reachable_ratio"] == 0.25);
  CHECK(country["networks"][0]["usual_reachable_ratio"].is_null());
  CHECK(standing[0].data["vantage"]["state"] == "unknown");
}

TEST_CASE("verdicts that change are told, and time that passes is not") {
  News news;
  sample::Draft snapshot = sample::empty_snapshot(sample::small_plan());
  snapshot.taken = sample::kTaken + 10s;
  news.since(*sample::publish(snapshot));
  snapshot.taken += 1s;
  CHECK(news.since(*sample::publish(snapshot)).empty());
  snapshot.countries[0].level = pipeline::CountryLevel::kTotal;
  const auto told = taken_apart(news.since(*sample::publish(snapshot)));
  REQUIRE(told.size() == 1);
  CHECK(told[0].data["countries"][0]["level"] == "total");
  CHECK(told[0].data["taken"] == "2014-12-22T16:15:11.000Z");
  CHECK(news.since(*sample::publish(snapshot)).empty());
}

TEST_CASE("each revision of an event is told once, open or ended") {
  News news;
  sample::Draft snapshot = sample::empty_snapshot(sample::small_plan());
  snapshot.open_events = test::open_events({outage(1)});
  news.since(*sample::publish(snapshot));
  snapshot.open_events = test::open_events({outage(2)});
  auto told = taken_apart(news.since(*sample::publish(snapshot)));
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == "event");
  CHECK(told[0].data["revision"] == 2);
  CHECK(news.since(*sample::publish(snapshot)).empty());

  snapshot.open_events = {};
  serve::Published published = *sample::publish(snapshot);
  published.ended = std::make_shared<const std::vector<std::shared_ptr<const event::Event>>>(
      1, std::make_shared<const event::Event>(outage(3)));
  told = taken_apart(news.since(published));
  REQUIRE(told.size() == 1);
  CHECK(told[0].data["revision"] == 3);
  CHECK(news.since(published).empty());
}

TEST_CASE("a minute is told once it can be read") {
  News news;
  sample::Draft snapshot = sample::empty_snapshot(sample::small_plan());
  snapshot.taken = sample::kTaken + 58s;
  news.since(*sample::publish(snapshot));
  snapshot.taken = sample::kTaken + 62s;
  CHECK(news.since(*sample::publish(snapshot)).empty());
  snapshot.taken = sample::kTaken + 63s;
  const auto told = taken_apart(news.since(*sample::publish(snapshot)));
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == "minute");
  CHECK(told[0].data["start"] == "2014-12-22T16:15:00.000Z");
}
