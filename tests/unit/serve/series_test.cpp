#include "daemon/serve/series.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "daemon/journal/store.hpp"
#include "daemon/serve/router.hpp"
#include "probes/base/text.hpp"
#include "tests/unit/folder.hpp"
#include "tests/unit/serve/sample.hpp"

using namespace blipd;
using namespace blipd::serve;
using namespace std::chrono_literals;
using base::WallTime;
using sample::kTaken;

namespace {

Published published(const std::string& journal = "") {
  Published value = *sample::small();
  if (journal.empty()) return value;
  value.journal.emplace();
  value.journal->path = journal;
  return value;
}

nlohmann::json ask(const std::string& query, const Published& value) {
  Reply reply = series_reply("/api/v1/series?" + query, value);
  CHECK(reply.status == 200);
  CHECK(reply.content_type == "application/json");
  return nlohmann::json::parse(sample::text_of(*reply.stream));
}

std::string error_of(const std::string& query, unsigned status) {
  const Reply reply = series_reply("/api/v1/series?" + query, published());
  CHECK(reply.status == status);
  CHECK(reply.content_type == "application/json");
  return nlohmann::json::parse(reply.body)["error"];
}

// One minute of star-jv, of which all that the journal keeps is said.
void fill(const std::string& file, WallTime start) {
  const auto plan = sample::small()->snapshot->plan;
  pipeline::Minutes minutes;
  minutes.start = start;
  minutes.plan = plan;
  minutes.channels.push_back({0, 11, 1, 2, 3, pipeline::MinuteRtt{0.01F, 0.02F, 0.03F, 0.04F, 0.05F, 0.06F, 0.07F, 0}});
  minutes.networks.push_back({0, detect::NetworkState::kOutage, true, 30'500, 1000, 0.25F, 0.75F, {11, 1, 0.04F}});
  minutes.countries.push_back({0, detect::CountryLevel::kPartial, false, 0, 0, 0.5F, 1.0F, {22, 2, 0.05F}});
  journal::Store store(file);
  store.write(minutes);
}

}  // namespace

TEST_CASE("a series has as many values as times, and null where nothing is known") {
  const test::Folder folder;
  const WallTime minute = std::chrono::floor<std::chrono::minutes>(kTaken) - 3min;
  fill(folder.file("journal.db"), minute);
  const std::string range = "&from=" + base::format_time(minute - 1min) + "&to=" + base::format_time(minute + 2min);
  const auto json = ask("country=KP&network=star-jv" + range, published(folder.file("journal.db")));
  CHECK(json["source"] == "journal");
  CHECK(json["problem"].get<std::string>().empty());
  CHECK(json["step_seconds"] == 60);
  CHECK(json["country"] == "KP");
  CHECK(json["network"] == "star-jv");
  CHECK(json["target"].is_null());
  const auto first = std::chrono::floor<std::chrono::seconds>((minute - 1min).time_since_epoch()).count();
  CHECK(json["times"] == nlohmann::json({first, first + 60, first + 120}));
  const auto& states = json["states"];
  CHECK(states["reachable"] == nlohmann::json({nullptr, 0.25, nullptr}));
  CHECK(states["least_reachable"] == nlohmann::json({nullptr, 0.25, nullptr}));
  CHECK(states["usual"] == nlohmann::json({nullptr, 0.75, nullptr}));
  CHECK(states["minutes"] == nlohmann::json({0, 1, 0}));
  CHECK(states["down_seconds"] == nlohmann::json({0, 30.5, 0}));
  CHECK(states["unknown_seconds"] == nlohmann::json({0, 1, 0}));
  CHECK(states["unstable_minutes"] == nlohmann::json({0, 1, 0}));
  CHECK(states["outage"] == nlohmann::json({0, 1, 0}));
  CHECK(states["normal"] == nlohmann::json({0, 0, 0}));
  CHECK(states["answered"] == nlohmann::json({0, 11, 0}));
  CHECK(states["lost"] == nlohmann::json({0, 1, 0}));
  CHECK(states["rtt_median"] == nlohmann::json({nullptr, 0.04, nullptr}));
  CHECK(states.size() == 16);

  const auto country = ask("country=KP" + range, published(folder.file("journal.db")));
  CHECK(country["network"].is_null());
  CHECK(country["states"]["partial"] == nlohmann::json({0, 1, 0}));
}

TEST_CASE("a target's series has each of its channels, or the one that was asked for") {
  const test::Folder folder;
  const WallTime minute = std::chrono::floor<std::chrono::minutes>(kTaken) - 3min;
  fill(folder.file("journal.db"), minute);
  const std::string query = "country=KP&network=star-jv&target=ns1&from=" + base::format_time(minute) +
                            "&to=" + base::format_time(minute + 2min);
  const auto json = ask(query, published(folder.file("journal.db")));
  CHECK(json["target"] == "ns1");
  CHECK_FALSE(json.contains("states"));
  REQUIRE(json["channels"].size() == 2);
  const auto& ping = json["channels"][0];
  CHECK(ping["probe"] == "ping");
  CHECK(ping["type"] == "icmp");
  CHECK(ping["answered"] == nlohmann::json({11, 0}));
  CHECK(ping["lost"] == nlohmann::json({1, 0}));
  CHECK(ping["aborted"] == nlohmann::json({2, 0}));
  CHECK(ping["late"] == nlohmann::json({3, 0}));
  CHECK(ping["rtt"]["least"] == nlohmann::json({0.01, nullptr}));
  CHECK(ping["rtt"]["p10"] == nlohmann::json({0.02, nullptr}));
  CHECK(ping["rtt"]["p90"] == nlohmann::json({0.06, nullptr}));
  CHECK(ping["rtt"]["most"] == nlohmann::json({0.07, nullptr}));
  CHECK(json["channels"][1]["probe"] == "soa");
  CHECK(json["channels"][1]["minutes"] == nlohmann::json({0, 0}));

  const auto one = ask(query + "&probe=soa", published(folder.file("journal.db")));
  REQUIRE(one["channels"].size() == 1);
  CHECK(one["channels"][0]["probe"] == "soa");
}

TEST_CASE("a range without bounds is the last day, in 300 points at most") {
  const auto json = ask("country=KP", published());
  CHECK(json["step_seconds"] == 300);
  CHECK(json["to"] == base::format_time(kTaken));
  CHECK(json["from"] == base::format_time(kTaken - 24h));
  CHECK(json["times"].size() <= 300);
  CHECK(ask("country=KP&points=2000", published())["step_seconds"] == 60);
  CHECK(ask("country=KP&points=1&from=0", published())["times"].size() == 1);
}

TEST_CASE("where no journal can be read the series is empty and says why") {
  const auto none = ask("country=KP", published());
  CHECK(none["source"] == "none");
  CHECK(none["problem"].get<std::string>().starts_with("no journal is kept"));
  CHECK(none["states"]["minutes"].size() == none["times"].size());

  const test::Folder folder;
  std::ofstream(folder.file("journal.db")) << "this is no journal, however long it is";
  const auto broken = ask("country=KP&network=star-jv&target=ns1", published(folder.file("journal.db")));
  CHECK(broken["source"] == "none");
  CHECK(broken["problem"].get<std::string>().starts_with("the journal cannot be read"));
  CHECK(broken["channels"][0]["minutes"].size() == broken["times"].size());
  CHECK(broken["channels"][0]["rtt"]["p50"][0].is_null());
}

TEST_CASE("what makes no sense is refused, and says what would") {
  const auto refused = [](const std::string& query, const std::string& words) {
    INFO(query);
    CHECK_THAT(error_of(query, 400), Catch::Contains(words));
  };
  refused("", "country=");
  refused("network=star-jv", "country=");
  refused("country=KP&target=ns1", "add network=");
  refused("country=KP&network=star-jv&probe=ping", "add target=");
  refused("country=KP&country=KP", "given twice");
  refused("country=KP&network=", "network is empty");
  refused("country=KP&colour=red", "there is no parameter 'colour'");
  refused("country=KP&from=yesterday", "'yesterday' is not a time");
  refused("country=KP&from=20&to=10", "is not before");
  refused("country=KP&to=0", "is not within");
  refused("country=KP&to=9000000000", "is not within");
  for (const char* points : {"0", "2001", "-1", "1.5", "many", "99999999999999999999"}) {
    refused(std::string("country=KP&points=") + points, "is no number from 1 to 2000");
  }
}

TEST_CASE("who is not asked is not found, and the answer says who is") {
  CHECK(error_of("country=XX", 404) == "there is no country 'XX'; there is KP");
  CHECK(error_of("country=KP&network=x", 404) == "there is no network 'x' in KP; there is star-jv, koryolink");
  CHECK(error_of("country=KP&network=star-jv&target=x", 404) == "there is no target 'x' in KP/star-jv; there is ns1");
  CHECK(error_of("country=KP&network=star-jv&target=ns1&probe=x", 404) ==
        "there is no probe 'x' of KP/star-jv/ns1; there is ping, soa");
  CHECK(error_of("country=KP&network=anycast-1", 404).starts_with("there is no network 'anycast-1'"));
}

TEST_CASE("the series are read where the journal is, by the path alone") {
  CHECK(Router::needs_reading("/api/v1/series?country=KP"));
  CHECK(Router::needs_reading("http://blipd.example/api/v1/series"));
  CHECK(Router::needs_value("GET", "/api/v1/series"));
  CHECK_FALSE(Router::needs_channels("/api/v1/series"));
  CHECK(Router::read("/api/v1/series?country=XX", published()).status == 404);
}
