#include "daemon/serve/daemon_metrics.hpp"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/serve/text_format.hpp"
#include "daemon/serve/version.hpp"

namespace blipd::serve {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double or_nan(const std::optional<double>& value) { return value.value_or(kNan); }

ClientMetric::Label label(std::string name, std::string_view value) {
  return {std::move(name), replace_invalid_utf8(value)};
}

// Puts families together: begin one, then its series.
class Families {
 public:
  void begin(MetricType type, std::string name, std::string help) {
    families_.push_back(MetricFamily{std::move(name), std::move(help), type, {}});
  }

  ClientMetric& add(Labels labels) {
    auto& metric = families_.back().metric.emplace_back();
    metric.label = std::move(labels);
    return metric;
  }

  void put(Labels labels, double value) {
    ClientMetric& metric = add(std::move(labels));
    (families_.back().type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  }

  void gauge(std::string name, std::string help, double value) {
    begin(MetricType::Gauge, std::move(name), std::move(help));
    put({}, value);
  }

  void counter(std::string name, std::string help, std::uint64_t value) {
    begin(MetricType::Counter, std::move(name), std::move(help));
    put({}, static_cast<double>(value));
  }

  // One series for each value that the enum may have: 1 for the one that it has, 0 for the others.
  template <class Names, class State>
  void states(const Labels& labels, const char* key, const Names& names, State state) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      Labels all = labels;
      all.push_back(label(key, names[i]));
      put(std::move(all), static_cast<std::size_t>(state) == i ? 1 : 0);
    }
  }

  std::vector<MetricFamily> take() { return std::move(families_); }

 private:
  std::vector<MetricFamily> families_;
};

void add_program(Families& out, const Published& published) {
  out.begin(MetricType::Gauge, "blipd_build_info", "What the program was built from; always 1.");
  out.put({label("version", kVersion), label("compiler", __VERSION__)}, 1);
  out.gauge("blipd_start_timestamp_seconds", "When the daemon started.",
            base::to_unix_seconds(published.snapshot->started));
  out.gauge("blipd_snapshot_timestamp_seconds", "When the values of this answer were taken.",
            base::to_unix_seconds(published.snapshot->taken));
  out.gauge("blipd_config_last_reload_successful", "Whether the last load of the configuration succeeded.",
            published.reload.was_successful ? 1 : 0);
  out.gauge("blipd_config_last_reload_success_timestamp_seconds",
            "When the configuration was last loaded with success.",
            base::to_unix_seconds(published.reload.succeeded_at));
}

void add_vantage(Families& out, const pipeline::VantageRow& vantage) {
  const bool is_known = vantage.state != pipeline::VantageState::kUnknown;
  out.gauge("blipd_vantage_ok",
            "1 when enough controls answer, 0 at a vantage fault; NaN when there are no controls or none is settled.",
            is_known ? (vantage.state == pipeline::VantageState::kOk ? 1 : 0) : kNan);
  out.gauge("blipd_vantage_control_answer_ratio", "Share of controls that answered their last probe; NaN if unknown.",
            or_nan(vantage.control_answer_ratio));
}

void add_scheduling_lag(Families& out, const engine::Health& health) {
  out.begin(MetricType::Histogram, "blipd_scheduling_lag_seconds", "How much later than planned probes were sent.");
  auto& histogram = out.add({}).histogram;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < health.lag_counts.size(); ++i) {
    below += health.lag_counts[i];
    const double bound =
        i < engine::kLagBuckets.size() ? engine::kLagBuckets[i] : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({below, bound});
  }
  histogram.sample_count = below;
  histogram.sample_sum = health.lag_sum_seconds;
}

void add_engine(Families& out, const engine::Health& health) {
  out.gauge("blipd_capturing", "1 when packets are captured on their way, 0 when answers are read from sockets.",
            health.is_capturing ? 1 : 0);
  out.begin(MetricType::Gauge, "blipd_clock_source", "1 for where time stamps come from, else 0.");
  for (const char* source : {"capture", "kernel", "user", "none"}) {
    out.put({label("source", source)}, health.clock_source == source ? 1 : 0);
  }
  out.counter("blipd_capture_drops_total", "Packets that the capture ring had no room for.", health.capture_drops);
  out.counter("blipd_socket_drops_total", "Datagrams that our sockets had no room for.", health.socket_drops);
  out.counter("blipd_clock_steps_total", "Steps of the wall clock and suspends of the machine that were noticed.",
              health.clock_steps);
  out.counter("blipd_send_errors_total", "Failed attempts to send, whatever the reason.", health.send_errors);
  out.counter("blipd_unmatched_packets_total", "Well-formed packets that belong to no channel.",
              health.unmatched_packets);
  out.begin(MetricType::Counter, "blipd_rejected_packets_total",
            "Packets that claimed to be answers and were not believed.");
  out.put({label("reason", "malformed")}, static_cast<double>(health.malformed_packets));
  out.put({label("reason", "forged")}, static_cast<double>(health.forged_packets));
  out.counter("blipd_budget_deferrals_total", "Probes that waited for their prefix's or the total budget.",
              health.budget_deferrals);
  out.counter("blipd_engine_ticks_total", "Turns of the probing loop.", health.ticks);
  out.counter("blipd_resolutions_total", "Names looked up.", health.resolutions);
  out.counter("blipd_resolution_failures_total", "Names looked up without success; the last addresses stay in use.",
              health.resolution_failures);
  out.gauge("blipd_unresolved_targets", "Targets without any address at present.", health.unresolved_targets);
  out.gauge("blipd_refused_targets", "Targets that are never asked, for being on the do-not-probe list.",
            health.refused_targets);
  add_scheduling_lag(out, health);
}

void add_server(Families& out, const ServerStats& stats) {
  out.begin(MetricType::Counter, "blipd_http_requests_total", "Answers of the HTTP server, by status code.");
  for (const auto& [status, count] : stats.replies) {
    out.put({label("code", std::to_string(status))}, static_cast<double>(count));
  }
  out.gauge("blipd_http_connections", "Open connections to the HTTP server.",
            static_cast<double>(stats.open_connections));
  out.counter("blipd_http_refused_connections_total", "Connections refused because the most allowed were open.",
              stats.refused_connections);
  out.counter("blipd_http_cut_off_connections_total",
              "Connections ended because the client was too slow in asking or in taking the answer.",
              stats.cut_off_connections);
  out.counter("blipd_http_accept_errors_total",
              "Connections that could not be accepted, for example for want of file descriptors.", stats.accept_errors);
  out.counter("blipd_http_failures_total", "Requests given up for an error of the server's own.", stats.failures);
}

// Calls put(labels, index) for each network of a country. Networks of controls have no state of their own.
template <class Put>
void for_each_network(const pipeline::Snapshot& snapshot, const Put& put) {
  const config::Plan& plan = *snapshot.plan;
  for (std::size_t i = 0; i < plan.networks.size() && i < snapshot.networks.size(); ++i) {
    const config::PlannedNetwork& network = plan.networks[i];
    if (!network.is_active || network.is_control()) continue;
    put(Labels{label("country", plan.countries[*network.country].code), label("network", network.name)}, i);
  }
}

void add_networks(Families& out, const pipeline::Snapshot& snapshot) {
  const auto gauge = [&](const char* name, const char* help, const auto& value) {
    out.begin(MetricType::Gauge, name, help);
    for_each_network(snapshot,
                     [&](const Labels& labels, std::size_t i) { out.put(labels, value(snapshot.networks[i])); });
  };
  using pipeline::NetworkRow;
  out.begin(MetricType::Gauge, "blipd_network_state", "1 for the state that the network is in, else 0.");
  for_each_network(snapshot, [&](const Labels& labels, std::size_t i) {
    out.states(labels, "state", pipeline::kNetworkStateNames, snapshot.networks[i].state);
  });
  gauge("blipd_network_evidence", "Log-likelihood ratio of down against up: positive speaks for down, negative for up.",
        [](const NetworkRow& row) { return row.evidence; });
  gauge("blipd_network_reachable_ratio", "Share of the network's voting targets that are up; NaN if unknown.",
        [](const NetworkRow& row) { return or_nan(row.reachable_ratio); });
  gauge("blipd_network_usual_reachable_ratio", "What the reachable ratio usually is; NaN until learned.",
        [](const NetworkRow& row) { return or_nan(row.usual_reachable_ratio); });
  out.begin(MetricType::Gauge, "blipd_network_info", "What is configured about the network; always 1.");
  for_each_network(snapshot, [&](Labels labels, std::size_t i) {
    const config::PlannedNetwork& network = snapshot.plan->networks[i];
    labels.push_back(label("asn", network.asn ? std::to_string(*network.asn) : ""));
    labels.push_back(label("access", network.access));
    labels.push_back(label("upstream", network.upstream));
    out.put(std::move(labels), 1);
  });
}

template <class Put>
void for_each_country(const pipeline::Snapshot& snapshot, const Put& put) {
  const auto& countries = snapshot.plan->countries;
  for (std::size_t i = 0; i < countries.size() && i < snapshot.countries.size(); ++i) {
    if (countries[i].is_active) put(Labels{label("country", countries[i].code)}, i);
  }
}

void add_countries(Families& out, const pipeline::Snapshot& snapshot) {
  const auto gauge = [&](const char* name, const char* help, const auto& value) {
    out.begin(MetricType::Gauge, name, help);
    for_each_country(snapshot,
                     [&](const Labels& labels, std::size_t i) { out.put(labels, value(snapshot.countries[i])); });
  };
  using pipeline::CountryRow;
  out.begin(MetricType::Gauge, "blipd_country_level", "1 for the level that the country is at, else 0.");
  for_each_country(snapshot, [&](const Labels& labels, std::size_t i) {
    out.states(labels, "level", pipeline::kCountryLevelNames, snapshot.countries[i].level);
  });
  gauge("blipd_country_reachable_ratio", "Share of the country that is reachable, by network weight; NaN if unknown.",
        [](const CountryRow& row) { return or_nan(row.reachable_ratio); });
  gauge("blipd_country_usual_reachable_ratio", "What the reachable ratio usually is; NaN until learned.",
        [](const CountryRow& row) { return or_nan(row.usual_reachable_ratio); });
  out.begin(MetricType::Gauge, "blipd_country_info", "What is configured about the country; always 1.");
  for_each_country(snapshot, [&](Labels labels, std::size_t i) {
    labels.push_back(label("name", snapshot.plan->countries[i].name));
    out.put(std::move(labels), 1);
  });
}

// Holds references: lives no longer than what it is given.
class DaemonMetrics final : public prometheus::Collectable {
 public:
  DaemonMetrics(const Published& published, const ServerStats& stats) : published_(published), stats_(stats) {}

  std::vector<MetricFamily> Collect() const override {
    Families out;
    add_program(out, published_);
    add_engine(out, published_.health);
    add_server(out, stats_);
    add_vantage(out, published_.snapshot->vantage);
    add_countries(out, *published_.snapshot);
    add_networks(out, *published_.snapshot);
    return out.take();
  }

 private:
  const Published& published_;
  const ServerStats& stats_;
};

}  // namespace

std::string daemon_metrics_text(const Published& published, const ServerStats& stats) {
  return prometheus::TextSerializer().Serialize(DaemonMetrics(published, stats).Collect());
}

}  // namespace blipd::serve
