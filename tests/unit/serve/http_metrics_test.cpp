#include "daemon/serve/http_metrics.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "daemon/serve/metrics_body.hpp"
#include "daemon/serve/targets_json.hpp"
#include "tests/unit/serve/metrics_text.hpp"
#include "tests/unit/serve/sample.hpp"

using namespace blipd;
using namespace blipd::serve;
using namespace std::chrono_literals;

namespace {

std::string render(const Published& published) {
  MetricsBody body(published, ServerStats{}, std::make_shared<const ChannelLabels>(published.snapshot->plan));
  return sample::text_of(body);
}

// ns1 is asked by HTTPS, too.
sample::Draft asked_by_http(bool tls) {
  sample::PlanMaker maker{sample::small_plan()};
  const auto channel = maker.channel(0, "web");
  probes::ProbeSpec spec = maker.plan.channels[channel].spec();
  probes::HttpSpec http;
  http.tls = tls;
  spec.ask = http;
  maker.ask_by(maker.plan.channels[channel], spec);
  sample::Draft draft = sample::empty_snapshot(std::move(maker.plan));
  draft.channels.at(channel).http = std::make_shared<const pipeline::HttpRow>();
  return draft;
}

std::string web(const std::string& name, const std::string& more = "") {
  return name + R"({country="KP",network="star-jv",target="ns1",probe="web")" + more + "}";
}

}  // namespace

TEST_CASE("without a channel that asks by HTTP there is nothing of its metrics") {
  const std::string text = render(*sample::publish(sample::empty_snapshot(sample::small_plan())));
  CHECK(text.find("blipd_probe_http") == std::string::npos);
  CHECK(text.find("blipd_probe_certificate") == std::string::npos);
}

TEST_CASE("every HTTP metric is there before anything has happened") {
  const auto metrics = sample::read_metrics(render(*sample::publish(asked_by_http(true))));
  CHECK(metrics.at(web("blipd_probe_http_status_code")) == "0");
  for (const char* phase : {"connect", "tls", "first_byte", "body"}) {
    CHECK(metrics.at(web("blipd_probe_http_phase_seconds", std::string(",phase=\"") + phase + '"')) == "NaN");
  }
  for (const auto end : probes::kHttpEndNames) {
    CHECK(metrics.at(web("blipd_probe_http_ends_total", ",end=\"" + std::string(end) + '"')) == "0");
  }
  CHECK(metrics.at(web("blipd_probe_http_whole_seconds")) == "NaN");
  CHECK(metrics.at(web("blipd_probe_http_body_bytes")) == "0");
  CHECK(metrics.at(web("blipd_probe_certificate_expiry_timestamp_seconds")) == "NaN");
  CHECK(metrics.at(web("blipd_probe_certificate_valid")) == "NaN");
}

TEST_CASE("HTTP in the clear has no certificate to tell of") {
  const std::string text = render(*sample::publish(asked_by_http(false)));
  CHECK(text.find("blipd_probe_http_status_code{") != std::string::npos);
  CHECK(text.find("blipd_probe_certificate_valid{") == std::string::npos);
}

TEST_CASE("what the last HTTP probe found is exported, and told of its target") {
  sample::Draft draft = asked_by_http(true);
  pipeline::HttpRow row;
  row.last.emplace();
  row.last->status = 503;
  row.last->phases = {10ms, 20ms, 30ms, std::nullopt};
  row.last->end = probes::HttpEnd::kReset;
  row.last->body_bytes = 1024;
  row.last->unmet = "reset";
  row.last->certificate = probes::CertificateFacts{sample::kTaken + 24h, "CN=a", "CN=b", "is for another name (b)"};
  row.ends[static_cast<std::size_t>(probes::HttpEnd::kReset)] = 7;
  row.certificate_ends = sample::kTaken + 24h;
  draft.channels.back().http = std::make_shared<const pipeline::HttpRow>(row);
  const auto published = sample::publish(std::move(draft));
  const auto metrics = sample::read_metrics(render(*published));
  CHECK(metrics.at(web("blipd_probe_http_status_code")) == "503");
  CHECK(metrics.at(web("blipd_probe_http_phase_seconds", R"(,phase="tls")")) == "0.02");
  CHECK(metrics.at(web("blipd_probe_http_phase_seconds", R"(,phase="body")")) == "NaN");
  CHECK(metrics.at(web("blipd_probe_http_ends_total", R"(,end="reset")")) == "7");
  CHECK(metrics.at(web("blipd_probe_http_body_bytes")) == "1024");
  CHECK(metrics.at(web("blipd_probe_certificate_expiry_timestamp_seconds")) == "1419351300");
  CHECK(metrics.at(web("blipd_probe_certificate_valid")) == "0");

  TargetsBody body(published);
  const auto channels = nlohmann::json::parse(sample::text_of(body))["targets"].at(0)["channels"];
  CHECK_FALSE(channels.at(0).contains("http"));
  const auto& http = channels.back()["http"];
  CHECK(channels.back()["type"] == "http");
  CHECK(http["end"] == "reset");
  CHECK(http["status"] == 503);
  CHECK(http["phases"]["first_byte"] == 0.03);
  CHECK(http["phases"]["body"].is_null());
  CHECK(http["whole_seconds"].is_null());
  CHECK(http["certificate"]["fault"] == "is for another name (b)");
}
