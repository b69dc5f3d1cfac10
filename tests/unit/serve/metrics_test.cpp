#include <catch2/catch.hpp>
#include <regex>

#include "daemon/serve/metrics_body.hpp"
#include "tests/unit/open_events.hpp"
#include "tests/unit/serve/metrics_text.hpp"
#include "tests/unit/serve/sample.hpp"

using namespace blipd;
using namespace blipd::serve;
using namespace std::chrono_literals;
using sample::Metrics;

namespace {

std::string render(const Published& published) {
  MetricsBody body(published, ServerStats{}, std::make_shared<const ChannelLabels>(published.snapshot->plan));
  return sample::text_of(body);
}

Metrics render(sample::Draft snapshot) { return sample::read_metrics(render(*sample::publish(std::move(snapshot)))); }

const std::string kPing = R"(country="KP",network="star-jv",target="ns1",probe="ping")";

std::string ping(const std::string& name, const std::string& more = "") { return name + "{" + kPing + more + "}"; }

}  // namespace

TEST_CASE("every metric of a channel is there, and zero, before anything has happened") {
  const Metrics metrics = render(sample::empty_snapshot(sample::small_plan()));
  for (const char* name : {"sent", "answered"})
    CHECK(metrics.at(ping(std::string("blipd_probes_") + name + "_total")) == "0");
  for (const char* reason : {"timeout", "unreachable"}) {
    CHECK(metrics.at(ping("blipd_probes_lost_total", std::string(",reason=\"") + reason + '"')) == "0");
  }
  for (const char* reason : {"send_error", "unresolved", "vantage_fault", "clock", "overrun"}) {
    CHECK(metrics.at(ping("blipd_probes_aborted_total", std::string(",reason=\"") + reason + '"')) == "0");
  }
  for (const char* reason : {"malformed", "forged"}) {
    CHECK(metrics.at(ping("blipd_answers_rejected_total", std::string(",reason=\"") + reason + '"')) == "0");
  }
  for (const char* name : {"late", "duplicate", "differing", "reordered", "unexpected"}) {
    CHECK(metrics.at(ping(std::string("blipd_answers_") + name + "_total")) == "0");
  }
  CHECK(metrics.at(ping("blipd_probes_in_flight")) == "0");
  CHECK(metrics.at(ping("blipd_probe_rtt_seconds_bucket", R"(,le="+Inf")")) == "0");
  CHECK(metrics.at(ping("blipd_probe_rtt_seconds_count")) == "0");
  CHECK(metrics.at(ping("blipd_probe_last_answer_timestamp_seconds")) == "0");
}

TEST_CASE("ratios and times of an empty window are NaN, not zero") {
  const Metrics metrics = render(sample::empty_snapshot(sample::small_plan()));
  for (const char* window : {"1m", "5m", "15m", "1h"}) {
    const std::string label = std::string(",window=\"") + window + '"';
    CHECK(metrics.at(ping("blipd_window_samples", label)) == "0");
    CHECK(metrics.at(ping("blipd_window_loss_ratio", label)) == "NaN");
    CHECK(metrics.at(ping("blipd_window_pdv_seconds", label)) == "NaN");
    for (const char* quantile : {"0.5", "0.9", "0.99", "1"}) {
      CHECK(metrics.at(ping("blipd_window_rtt_seconds", label + ",quantile=\"" + quantile + '"')) == "NaN");
    }
  }
  CHECK(metrics.at(ping("blipd_usual_answer_ratio")) == "NaN");
}

TEST_CASE("a channel's counters come out under their names and reasons") {
  sample::Draft snapshot = sample::empty_snapshot(sample::small_plan());
  measure::Counters& counters = snapshot.channels[0].counters;
  counters = {.sent = 10,
              .answered = 5,
              .lost = 2,
              .unreachable = 1,
              .in_flight = 2,
              .late = 7,
              .duplicate = 8,
              .differing = 9,
              .reordered = 11,
              .malformed = 12,
              .forged = 13,
              .unexpected = 14};
  counters.aborted = {0, 1, 2, 3, 4, 5};
  const Metrics metrics = render(std::move(snapshot));
  CHECK(metrics.at(ping("blipd_probes_sent_total")) == "10");
  CHECK(metrics.at(ping("blipd_probes_answered_total")) == "5");
  CHECK(metrics.at(ping("blipd_probes_lost_total", R"(,reason="timeout")")) == "2");
  CHECK(metrics.at(ping("blipd_probes_lost_total", R"(,reason="unreachable")")) == "1");
  CHECK(metrics.at(ping("blipd_probes_in_flight")) == "2");
  CHECK(metrics.at(ping("blipd_answers_late_total")) == "7");
  CHECK(metrics.at(ping("blipd_answers_duplicate_total")) == "8");
  CHECK(metrics.at(ping("blipd_answers_differing_total")) == "9");
  CHECK(metrics.at(ping("blipd_answers_reordered_total")) == "11");
  CHECK(metrics.at(ping("blipd_answers_rejected_total", R"(,reason="malformed")")) == "12");
  CHECK(metrics.at(ping("blipd_answers_rejected_total", R"(,reason="forged")")) == "13");
  CHECK(metrics.at(ping("blipd_answers_unexpected_total")) == "14");
  CHECK(metrics.at(ping("blipd_probes_aborted_total", R"(,reason="send_error")")) == "1");
  CHECK(metrics.at(ping("blipd_probes_aborted_total", R"(,reason="unresolved")")) == "2");
  CHECK(metrics.at(ping("blipd_probes_aborted_total", R"(,reason="vantage_fault")")) == "3");
  CHECK(metrics.at(ping("blipd_probes_aborted_total", R"(,reason="clock")")) == "4");
  CHECK(metrics.at(ping("blipd_probes_aborted_total", R"(,reason="overrun")")) == "5");
}

TEST_CASE("the round trip histogram is cumulative and its +Inf bucket equals its count") {
  sample::Draft snapshot = sample::empty_snapshot(sample::small_plan());
  snapshot.channels[0].rtt_histogram = {.counts = {1, 2, 3, 4}, .sum_seconds = 5.5};
  const Metrics metrics = render(std::move(snapshot));
  CHECK(metrics.at(ping("blipd_probe_rtt_seconds_bucket", R"(,le="0.01")")) == "1");
  CHECK(metrics.at(ping("blipd_probe_rtt_seconds_bucket", R"(,le="0.1")")) == "3");
  CHECK(metrics.at(ping("blipd_probe_rtt_seconds_bucket", R"(,le="1")")) == "6");
  CHECK(metrics.at(ping("blipd_probe_rtt_seconds_bucket", R"(,le="+Inf")")) == "10");
  CHECK(metrics.at(ping("blipd_probe_rtt_seconds_count")) == "10");
  CHECK(metrics.at(ping("blipd_probe_rtt_seconds_sum")) == "5.5");
}

TEST_CASE("a window's numbers carry its name, and quantiles theirs") {
  sample::Draft snapshot = sample::empty_snapshot(sample::small_plan());
  measure::WindowView& window = snapshot.channels[0].windows[1];
  window.samples = 8;
  window.failed = 2;
  window.round_trips = 6;
  window.rtt = {10ms, 20ms, 30ms, 40ms};
  window.pdv = 25ms;
  const Metrics metrics = render(std::move(snapshot));
  CHECK(metrics.at(ping("blipd_window_samples", R"(,window="5m")")) == "8");
  CHECK(metrics.at(ping("blipd_window_loss_ratio", R"(,window="5m")")) == "0.25");
  CHECK(metrics.at(ping("blipd_window_rtt_seconds", R"(,window="5m",quantile="0.5")")) == "0.01");
  CHECK(metrics.at(ping("blipd_window_rtt_seconds", R"(,window="5m",quantile="1")")) == "0.04");
  CHECK(metrics.at(ping("blipd_window_pdv_seconds", R"(,window="5m")")) == "0.025");
  CHECK(metrics.at(ping("blipd_window_samples", R"(,window="1m")")) == "0");
}

TEST_CASE("the quantile and window labels are those that measuring promises") {
  CHECK(measure::kQuantiles == std::array<double, 4>{0.5, 0.9, 0.99, 1.0});
  CHECK(std::vector<std::string>(measure::kWindowNames.begin(), measure::kWindowNames.end()) ==
        std::vector<std::string>{"1m", "5m", "15m", "1h"});
}

TEST_CASE("a state is one series for each value, exactly one of them 1") {
  sample::Draft snapshot = sample::empty_snapshot(sample::small_plan());
  snapshot.targets[0].state = pipeline::TargetState::kDown;
  snapshot.networks[0].state = pipeline::NetworkState::kOutage;
  snapshot.countries[0].level = pipeline::CountryLevel::kTotal;
  const Metrics metrics = render(std::move(snapshot));
  const std::string target = R"(blipd_target_state{country="KP",network="star-jv",target="ns1",state=")";
  for (const char* state : {"up", "down", "unknown"}) {
    CHECK(metrics.at(target + state + "\"}") == (std::string(state) == "down" ? "1" : "0"));
  }
  const std::string network = R"(blipd_network_state{country="KP",network="star-jv",state=")";
  for (const char* state : {"normal", "degraded", "partial", "outage", "recovering", "unknown"}) {
    CHECK(metrics.at(network + state + "\"}") == (std::string(state) == "outage" ? "1" : "0"));
  }
  const std::string country = R"(blipd_country_level{country="KP",level=")";
  for (const char* level : {"normal", "degraded", "partial", "total", "recovering", "unknown"}) {
    CHECK(metrics.at(country + level + "\"}") == (std::string(level) == "total" ? "1" : "0"));
  }
}

TEST_CASE("networks and countries export their ratios and what is configured about them") {
  sample::Draft snapshot = sample::empty_snapshot(sample::small_plan());
  snapshot.networks[0].evidence = -9.5;
  snapshot.networks[0].reachable_ratio = 0.5;
  snapshot.countries[0].usual_reachable_ratio = 0.75;
  const Metrics metrics = render(std::move(snapshot));
  const std::string network = R"({country="KP",network="star-jv"})";
  CHECK(metrics.at("blipd_network_evidence" + network) == "-9.5");
  CHECK(metrics.at("blipd_network_reachable_ratio" + network) == "0.5");
  CHECK(metrics.at("blipd_network_usual_reachable_ratio" + network) == "Nan");
  CHECK(metrics.at(R"(blipd_country_usual_reachable_ratio{country="KP"})") == "0.75");
  CHECK(metrics.at(
            R"(blipd_network_info{country="KP",network="star-jv",asn="131279",access="fixed",upstream="AS4837"})") ==
        "1");
  CHECK(metrics.at(R"(blipd_target_info{country="KP",network="star-jv",target="ns1",host="192.0.2.15"})") == "1");
  CHECK(metrics.at(R"(blipd_country_info{country="KP",name="North Korea"})") == "1");
}

TEST_CASE("the vantage point's name, weights and what is sustained are there for rules to join with") {
  config::Plan plan = sample::small_plan();
  plan.configuration.vantage_name = "fra1";
  plan.configuration.detect.sustained = 90s;
  plan.networks[0].weight = 2.5;
  sample::Draft snapshot = sample::empty_snapshot(std::move(plan));
  snapshot.countries[0].stability.is_sustained = true;
  const Metrics metrics = render(std::move(snapshot));
  CHECK(metrics.at(R"(blipd_vantage_info{vantage="fra1"})") == "1");
  CHECK(metrics.at("blipd_sustained_seconds") == "90");
  CHECK(metrics.at(R"(blipd_network_weight{country="KP",network="star-jv"})") == "2.5");
  CHECK(metrics.at(R"(blipd_outage_sustained{country="KP"})") == "1");
  CHECK(metrics.at(R"(blipd_outage_sustained{country="KP",network="star-jv"})") == "0");
}

TEST_CASE("how an open outage began is told of its own place, and of no other event") {
  sample::Draft snapshot = sample::empty_snapshot(sample::small_plan());
  event::Event outage;
  outage.scope = event::Scope::kCountry;
  outage.kind = event::Kind::kOutage;
  outage.country = "KP";
  outage.onset.shape = event::Shape::kStaged;
  outage.onset.fall = 150s;
  event::Event other = outage;
  other.kind = event::Kind::kInstability;
  other.onset.shape = event::Shape::kGradual;
  event::Event of_host = outage;
  of_host.scope = event::Scope::kTarget;
  of_host.network = "star-jv";
  of_host.target = "ns1";
  snapshot.open_events = test::open_events({other, of_host, outage});
  const Metrics metrics = render(std::move(snapshot));
  const auto shape = [&](const std::string& place, const std::string& name) {
    return metrics.at("blipd_outage_shape{" + place + ",shape=\"" + name + "\"}");
  };
  const std::string country = R"(country="KP")";
  const std::string network = R"(country="KP",network="star-jv")";
  for (const char* name : {"abrupt", "staged", "gradual", "after instability", "none"}) {
    CHECK(shape(country, name) == (std::string(name) == "staged" ? "1" : "0"));
    CHECK(shape(network, name) == (std::string(name) == "none" ? "1" : "0"));
  }
  CHECK(metrics.at("blipd_outage_fall_seconds{" + country + "}") == "150");
  CHECK(metrics.at("blipd_outage_fall_seconds{" + network + "}") == "Nan");
}

TEST_CASE("networks of controls have channels and targets, but no state of their own") {
  const std::string text = render(*sample::small());
  CHECK(text.find(R"(blipd_target_state{country="",network="anycast-1")") != std::string::npos);
  CHECK(text.find(R"(blipd_network_state{country="",)") == std::string::npos);
}

TEST_CASE("the vantage point is named") {
  config::Plan plan = sample::small_plan();
  plan.configuration.vantage_name = "fra1";
  const Metrics metrics = render(sample::empty_snapshot(std::move(plan)));
  CHECK(metrics.at(R"(blipd_vantage_info{vantage="fra1"})") == "1");
}

TEST_CASE("the vantage point is 1 when fine, 0 at fault and NaN when nobody knows") {
  const auto vantage_ok = [](pipeline::VantageState state) {
    sample::Draft snapshot = sample::empty_snapshot(sample::small_plan());
    snapshot.vantage.state = state;
    return render(std::move(snapshot)).at("blipd_vantage_ok");
  };
  CHECK(vantage_ok(pipeline::VantageState::kOk) == "1");
  CHECK(vantage_ok(pipeline::VantageState::kFault) == "0");
  CHECK(vantage_ok(pipeline::VantageState::kUnknown) == "Nan");
}

TEST_CASE("a vantage fault has a start, anything else has none") {
  const auto start = [](pipeline::VantageState state) {
    sample::Draft snapshot = sample::empty_snapshot(sample::small_plan());
    snapshot.vantage.state = state;
    snapshot.vantage.since = sample::kTaken;
    return render(std::move(snapshot)).at("blipd_vantage_fault_start_timestamp_seconds");
  };
  CHECK(start(pipeline::VantageState::kFault) == "1419264900");
  CHECK(start(pipeline::VantageState::kOk) == "0");
  CHECK(start(pipeline::VantageState::kUnknown) == "0");
}

TEST_CASE("our own quality is exported, scheduling lag as a cumulative histogram") {
  Published published = *sample::small();
  published.health.is_capturing = false;
  published.health.clock_source = "kernel";
  published.health.send_errors = 3;
  published.health.lag_counts[0] = 5;
  published.health.lag_counts.back() = 2;
  published.health.lag_sum_seconds = 20.5;
  published.reload.was_successful = false;
  const Metrics metrics = sample::read_metrics(render(published));
  CHECK(metrics.at("blipd_capturing") == "0");
  CHECK(metrics.at(R"(blipd_clock_source{source="kernel"})") == "1");
  CHECK(metrics.at(R"(blipd_clock_source{source="capture"})") == "0");
  CHECK(metrics.at("blipd_send_errors_total") == "3");
  CHECK(metrics.at(R"(blipd_scheduling_lag_seconds_bucket{le="0.001"})") == "5");
  CHECK(metrics.at(R"(blipd_scheduling_lag_seconds_bucket{le="5"})") == "5");
  CHECK(metrics.at(R"(blipd_scheduling_lag_seconds_bucket{le="+Inf"})") == "7");
  CHECK(metrics.at("blipd_scheduling_lag_seconds_count") == "7");
  CHECK(metrics.at("blipd_scheduling_lag_seconds_sum") == "20.5");
  CHECK(metrics.at("blipd_config_last_reload_successful") == "0");
}

TEST_CASE("families are contiguous, with one HELP and one TYPE each, named as Prometheus asks") {
  const Metrics metrics = sample::read_metrics(render(*sample::small()));  // throws when they are not
  const std::regex name_form("blipd_[a-z][a-z0-9_]*");
  for (const auto& [name, family] : metrics.families) {
    INFO(name);
    CHECK(std::regex_match(name, name_form));
    CHECK(name.ends_with("_total") == (family.type == "counter"));
    CHECK(!family.help.empty());
    CHECK(family.help.ends_with('.'));
    // Asked by ICMP alone, none of these hosts can show a sign.
    CHECK(family.series.empty() == (name == "blipd_interference_signs_total"));
  }
}

TEST_CASE("names with quotes, backslashes and line feeds do not break the text") {
  sample::PlanMaker maker;
  const auto country = maker.country("XX", "a \"b\"");
  const auto network = maker.network(country, "back\\slash");
  const auto target = maker.target(network, "line\nfeed", "host\"quoted\"");
  maker.channel(target, "p\"q");
  const Metrics metrics = render(sample::empty_snapshot(maker.plan));
  const std::string labels = R"(country="XX",network="back\\slash",target="line\nfeed")";
  CHECK(metrics.at("blipd_probes_sent_total{" + labels + R"(,probe="p\"q"})") == "0");
  CHECK(metrics.at("blipd_target_info{" + labels + R"(,host="host\"quoted\""})") == "1");
  CHECK(metrics.at(R"(blipd_network_evidence{country="XX",network="back\\slash"})") == "0");
}

TEST_CASE("inactive rows have no series, and the others keep theirs") {
  config::Plan plan = sample::small_plan();
  plan.channels[0].is_active = false;
  plan.networks[1].is_active = false;
  plan.targets[1].is_active = false;
  plan.channels[2].is_active = false;
  const std::string text = render(*sample::publish(sample::empty_snapshot(std::move(plan))));
  CHECK(text.find(kPing) == std::string::npos);
  CHECK(text.find("koryolink") == std::string::npos);
  CHECK(text.find(R"(target="ns1",probe="soa")") != std::string::npos);
}

TEST_CASE("an empty plan still gives every family its HELP and TYPE") {
  const Metrics none = render(sample::empty_snapshot(config::Plan{}));
  const Metrics some = render(sample::empty_snapshot(sample::small_plan()));
  CHECK(none.families.size() == some.families.size());
  CHECK(none.families.at("blipd_probes_sent_total").series.empty());
}

TEST_CASE("a large plan comes in pieces of at most 64 KiB that together are the whole, each series once") {
  sample::PlanMaker maker;
  const auto network = maker.network(maker.country("XX", ""), "net");
  for (int i = 0; i < 1000; ++i) maker.channel(maker.target(network, "t" + std::to_string(i), "h"), "ping");
  const auto published = sample::publish(sample::empty_snapshot(std::move(maker.plan)));
  MetricsBody body(*published, ServerStats{}, std::make_shared<const ChannelLabels>(published->snapshot->plan));
  std::string all;
  std::size_t pieces = 0;
  for (std::string piece; body.next(piece); ++pieces) {
    REQUIRE(!piece.empty());
    REQUIRE(piece.size() <= BodySource::kMaxPieceBytes);
    all += piece;
  }
  CHECK(pieces > 50);
  const Metrics metrics = sample::read_metrics(all);  // throws when a series or a HELP comes twice
  CHECK(metrics.families.at("blipd_probes_sent_total").series.size() == 1000);
  CHECK(metrics.families.at("blipd_target_state").series.size() == 3000);
  CHECK(metrics.families.at("blipd_probe_rtt_seconds").series.size() == 6000);
}

TEST_CASE("hosts are counted by verdict, and signs by the targets that can show them") {
  sample::PlanMaker maker{sample::small_plan()};
  probes::ProbeSpec dns = maker.plan.channels[1].spec();
  dns.ask = probes::DnsSpec{};
  maker.ask_by(maker.plan.channels[1], dns);
  probes::ProbeSpec web = dns;
  web.ask = probes::TcpSpec{80, probes::TcpMode::kSyn};
  maker.ask_by(maker.plan.channels[maker.channel(1, "web")], web);
  sample::Draft snapshot = sample::empty_snapshot(std::move(maker.plan));
  snapshot.channels[0].says = event::WaySays::kSilent;
  snapshot.channels[1].says = event::WaySays::kAnswers;
  detect::TargetSigns signs;
  signs.counts[1].count = 7;
  snapshot.signs = std::make_shared<const detect::SignTable>(detect::SignTable{{0, signs}});
  snapshot.signs_passed_over = 5;
  const Metrics metrics = render(std::move(snapshot));
  const std::string hosts = R"(blipd_network_hosts{country="KP",network="star-jv",verdict=")";
  for (const char* verdict : event::kHostVerdictNames) {
    CHECK(metrics.at(hosts + verdict + "\"}") == (std::string(verdict) == "icmp-filtered" ? "1" : "0"));
  }
  CHECK(metrics.at(R"(blipd_network_hosts{country="KP",network="koryolink",verdict="unknown"})") == "1");
  const auto sign = [](const char* network, const char* target, const char* name) {
    return std::string(R"(blipd_interference_signs_total{country="KP",network=")") + network + R"(",target=")" +
           target + R"(",sign=")" + name + "\"}";
  };
  CHECK(metrics.at(sign("star-jv", "ns1", "answer-from-elsewhere")) == "7");
  CHECK(metrics.at(sign("star-jv", "ns1", "two-dns-answers")) == "0");
  CHECK_FALSE(metrics.values.contains(sign("star-jv", "ns1", "reset-ttl")));
  CHECK(metrics.at(sign("koryolink", "phone", "reset-ttl")) == "0");
  CHECK(metrics.at(sign("koryolink", "phone", "synack-ttl")) == "0");
  CHECK_FALSE(metrics.values.contains(sign("koryolink", "phone", "two-dns-answers")));
  CHECK(metrics.at("blipd_interference_signs_passed_over_total") == "5");
}
