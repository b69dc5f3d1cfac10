#include "daemon/serve/router.hpp"
#include "daemon/page/assets.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "daemon/serve/response_head.hpp"
#include "daemon/serve/status_json.hpp"
#include "daemon/serve/version.hpp"
#include "tests/unit/serve/sample.hpp"

using namespace blipd;
using namespace blipd::serve;
using namespace std::chrono_literals;

namespace {

struct Desk {
  ServerStats stats;
  Router router{stats};
  Reply get(std::string_view target, const std::shared_ptr<const Published>& value) {
    return router.answer("GET", target, value);
  }
};

std::shared_ptr<const Published> with_health(const std::function<void(engine::Health&)>& change) {
  auto published = std::make_shared<Published>(*sample::small());
  change(published->health);
  return published;
}

nlohmann::json status_of(std::shared_ptr<const Published> published) {
  StatusBody body(std::move(published));
  return nlohmann::json::parse(sample::text_of(body));
}

}  // namespace

TEST_CASE("each path answers with its own type") {
  Desk desk;
  const auto value = sample::small();
  CHECK(desk.get("/metrics", value).content_type == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(desk.get("/api/v1/status", value).content_type == "application/json");
  CHECK(desk.get("/api/v1/targets", value).content_type == "application/json");
  CHECK(desk.get("/api/v1/outages", value).content_type == "application/json");
  CHECK(desk.get("/", value).content_type == "text/html; charset=utf-8");
  CHECK(desk.get("/country/KP?from=2014-12-22T00:00:00Z", value).content_type == "text/html; charset=utf-8");
  CHECK(desk.get("/api/v1/events", nullptr).content_type == "text/event-stream");
  REQUIRE(!page::assets().empty());
  for (const page::Asset& asset : page::assets()) {
    const Reply reply = desk.get(std::string(asset.path).c_str(), nullptr);
    CHECK(reply.content_type == asset.content_type);
    CHECK(reply.cache_control == "public, max-age=31536000, immutable");
    CHECK(reply.body == asset.plain);
  }
  CHECK(desk.get("/-/healthy", nullptr).status == 200);
  CHECK(desk.get("/metrics?x=/y", value).status == 200);
  CHECK(desk.get("http://blipd.example:10547/metrics", value).status == 200);
  CHECK(desk.get("http://blipd.example:10547", value).status == 200);
}

TEST_CASE("documents are asked for anew each time, may be compressed, and say themselves what is not there") {
  Desk desk;
  const auto value = sample::small();
  for (const char* target : {"/", "/country/KP", "/country/ZZ", "/event/none", "/country/KP?from=never"}) {
    CAPTURE(target);
    CHECK(Router::needs_reading(target));
    const Reply reply = desk.get(target, value);
    CHECK(reply.content_type == "text/html; charset=utf-8");
    CHECK(reply.cache_control == "no-cache");
    CHECK(reply.is_compressible);
    CHECK(reply.etag.empty());
  }
  CHECK(desk.get("/country/ZZ", value).status == 404);
  CHECK(desk.get("/country/KP?from=never", value).status == 400);
  CHECK(desk.get("/assets/page-0.css", value).status == 404);
  CHECK(desk.get("/assets/page-0.css", value).content_type == "text/plain; charset=utf-8");
}

TEST_CASE("unknown paths are not found, whatever the method") {
  Desk desk;
  for (const char* target : {"/metrics/", "//", "/METRICS", "*", "", "/../metrics", "metrics"}) {
    INFO(target);
    CHECK(desk.get(target, nullptr).status == 404);
  }
  CHECK(desk.router.answer("POST", "/nothing", nullptr).status == 404);
}

TEST_CASE("what can only be read says so, and how") {
  Desk desk;
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get", "BREW"}) {
    const Reply reply = desk.router.answer(method, "/metrics", nullptr);
    CHECK(reply.status == 405);
    CHECK(reply.allow == "GET, HEAD");
    CHECK(!Router::needs_value(method, "/metrics"));
  }
}

TEST_CASE("pages that show values need one, the others do not") {
  for (const char* target :
       {"/", "/metrics", "/-/ready", "/api/v1/status", "/api/v1/targets", "/api/v1/outages?from=0"}) {
    CHECK(Router::needs_value("GET", target));
    CHECK(Router::needs_value("HEAD", target));
    Desk desk;
    CHECK(desk.get(target, nullptr).status == 503);
  }
  for (const char* target : {"/-/healthy", "/assets/none", "/api/v1/events", "/nothing"})
    CHECK(!Router::needs_value("GET", target));
}

TEST_CASE("ready means that answers are received and the first round has settled") {
  Desk desk;
  CHECK(desk.get("/-/ready", sample::small()).status == 200);
  CHECK(desk.get("/-/ready", with_health([](engine::Health& health) {
                   health.is_capturing = false;
                   health.clock_source = "user";
                 }))
            .status == 200);
  const Reply no_round =
      desk.get("/-/ready", with_health([](engine::Health& health) { health.is_first_round_settled = false; }));
  CHECK(no_round.status == 503);
  CHECK(no_round.body == "not ready: the first round of probes has not settled yet\n");
  const Reply no_clock = desk.get("/-/ready", with_health([](engine::Health& health) {
                                    health.is_capturing = false;
                                    health.clock_source = "none";
                                  }));
  CHECK(no_clock.status == 503);
  CHECK(no_clock.body == "not ready: nothing receives answers yet\n");
}

TEST_CASE("the page of a daemon without targets says that nobody is watched") {
  Desk desk;
  const auto nobody = sample::publish(sample::empty_snapshot(config::Plan()));
  CHECK(desk.get("/", nobody).body.find("Nobody is watched") != std::string::npos);
  CHECK(desk.get("/", nobody).body.find("<table>") == std::string::npos);
  CHECK(desk.get("/", sample::small()).body.find("Nobody is watched") == std::string::npos);
}

TEST_CASE("the status says what is known of each channel, and null for what is not") {
  sample::Draft snapshot = sample::empty_snapshot(sample::small_plan());
  pipeline::ChannelRow& row = snapshot.channels[0];
  row.counters.sent = 4;
  row.last_outcome = probes::Outcome::kAnswered;
  row.last_rtt = 50ms;
  row.last_settled = sample::kTaken;
  row.last_answered = sample::kTaken;
  row.stamps = probes::StampSource::kCapture;
  row.windows[0].samples = 4;
  row.windows[0].failed = 1;
  row.windows[0].round_trips = 3;
  row.windows[0].rtt = {50ms, 60ms, 70ms, 80ms};
  snapshot.networks[0].state = pipeline::NetworkState::kPartial;
  snapshot.networks[0].since = sample::kTaken;
  snapshot.networks[0].reachable_ratio = 0.5;
  snapshot.countries[0].level = pipeline::CountryLevel::kDegraded;
  const auto json = status_of(sample::publish(std::move(snapshot)));

  CHECK(json["version"] == kVersion);
  CHECK(json["taken"] == "2014-12-22T16:15:00.000Z");
  CHECK(json["vantage"]["name"] == "fra1");
  CHECK(json["vantage"]["state"] == "unknown");
  CHECK(json["vantage"]["control_answer_ratio"].is_null());
  CHECK(json["health"]["clock_source"] == "capture");
  const auto& country = json["countries"].at(0);
  CHECK(country["code"] == "KP");
  CHECK(country["level"] == "degraded");
  CHECK(country["since"].is_null());
  const auto& network = country["networks"].at(0);
  CHECK(network["asn"] == 131279);
  CHECK(network["state"] == "partial");
  CHECK(network["since"] == "2014-12-22T16:15:00.000Z");
  CHECK(network["reachable_ratio"] == 0.5);
  CHECK(network["usual_reachable_ratio"].is_null());
  CHECK(country["networks"].at(1)["asn"].is_null());
  const auto& ping = network["targets"].at(0)["channels"].at(0);
  CHECK(ping["probe"] == "ping");
  CHECK(ping["last"]["outcome"] == "answered");
  CHECK(ping["last"]["rtt_seconds"] == 0.05);
  CHECK(ping["last"]["stamps"] == "capture");
  CHECK(ping["counters"]["sent"] == 4);
  CHECK(ping["windows"]["1m"]["loss_ratio"] == 0.25);
  CHECK(ping["windows"]["1m"]["rtt_seconds"]["median"] == 0.05);
  CHECK(ping["windows"]["5m"]["loss_ratio"].is_null());
  CHECK(ping["windows"]["5m"]["rtt_seconds"].is_null());
  CHECK(network["targets"].at(0)["channels"].at(1)["last"].is_null());
  CHECK(json["controls"].at(0)["name"] == "anycast-1");
  CHECK(json["controls"].at(0)["targets"].at(0)["host"] == "192.0.2.53");
  CHECK(!json["controls"].at(0).contains("state"));
}

TEST_CASE("the status of an empty plan is an object with empty lists") {
  const auto json = status_of(sample::publish(sample::empty_snapshot(config::Plan{})));
  CHECK(json["countries"].is_array());
  CHECK(json["countries"].empty());
  CHECK(json["controls"].empty());
}

TEST_CASE("inactive rows are not in the status, and names that are not UTF-8 do not break it") {
  config::Plan plan = sample::small_plan();
  plan.networks[1].is_active = false;
  plan.targets[0].name = "n\xFFs";
  const auto json = status_of(sample::publish(sample::empty_snapshot(std::move(plan))));
  CHECK(json["countries"].at(0)["networks"].size() == 1);
  CHECK(json["countries"].at(0)["networks"].at(0)["targets"].at(0)["name"] == "n\xEF\xBF\xBDs");
}

TEST_CASE("a large status comes in pieces that together are one object") {
  sample::PlanMaker maker;
  for (const char* code : {"AA", "BB"}) {
    const auto country = maker.country(code, "");
    for (const char* name : {"one", "two"}) {
      const auto network = maker.network(country, name);
      for (int i = 0; i < 100; ++i) maker.channel(maker.target(network, "t" + std::to_string(i), "h"), "ping");
    }
  }
  StatusBody body(sample::publish(sample::empty_snapshot(std::move(maker.plan))));
  std::string all;
  std::size_t pieces = 0;
  for (std::string piece; body.next(piece); ++pieces) {
    REQUIRE(piece.size() <= BodySource::kMaxPieceBytes);
    all += piece;
  }
  CHECK(pieces > 5);
  CHECK(nlohmann::json::parse(all)["countries"].at(1)["networks"].at(1)["targets"].at(99)["name"] == "t99");
}

TEST_CASE("every answer forbids scripts from elsewhere, frames and keeping it") {
  const std::string head = response_head(Reply{}, HeadOptions{}, sample::kTaken);
  CHECK(head.starts_with("HTTP/1.1 200 OK\r\nDate: Mon, 22 Dec 2014 16:15:00 GMT\r\n"));
  CHECK(head.find("\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; ") !=
        std::string::npos);
  CHECK(head.find("\r\nX-Content-Type-Options: nosniff\r\n") != std::string::npos);
  CHECK(head.find("\r\nX-Frame-Options: DENY\r\n") != std::string::npos);
  CHECK(head.find("\r\nCache-Control: no-store\r\n") != std::string::npos);
  CHECK(head.find("\r\nContent-Length: 0\r\n") != std::string::npos);
  CHECK(head.ends_with("\r\n\r\n"));
}

TEST_CASE("dates in HTTP are as RFC 9110 has them") {
  CHECK(format_http_date(base::WallTime(std::chrono::seconds(784111777))) == "Sun, 06 Nov 1994 08:49:37 GMT");
}
