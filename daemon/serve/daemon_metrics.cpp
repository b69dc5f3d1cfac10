#include "daemon/serve/daemon_metrics.hpp"

#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <vector>

#include "daemon/serve/families.hpp"
#include "daemon/serve/flow_metrics.hpp"
#include "daemon/serve/path_metrics.hpp"
#include "daemon/serve/recorder_metrics.hpp"
#include "daemon/serve/verdict_metrics.hpp"
#include "daemon/serve/version.hpp"

namespace blipd::serve {

namespace {

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

void add_vantage(Families& out, const pipeline::Snapshot& snapshot) {
  const pipeline::VantageRow& vantage = snapshot.vantage;
  out.begin(MetricType::Gauge, "blipd_vantage_info", "What the vantage point is called; always 1.");
  out.put({label("vantage", snapshot.plan->configuration.vantage_name)}, 1);
  const bool is_known = vantage.state != pipeline::VantageState::kUnknown;
  out.gauge("blipd_vantage_ok",
            "1 when enough controls answer, 0 at a vantage fault; NaN when there are no controls or none is settled.",
            is_known ? (vantage.state == pipeline::VantageState::kOk ? 1 : 0) : kNan);
  const bool is_at_fault = vantage.state == pipeline::VantageState::kFault;
  out.gauge("blipd_vantage_fault_start_timestamp_seconds", "When the present vantage fault was found; 0 without one.",
            is_at_fault && vantage.since ? base::to_unix_seconds(*vantage.since) : 0.0);
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
  out.counter("blipd_engine_ticks_total", "Turns of the probing loops, added up.", health.ticks);
  out.gauge("blipd_engine_shards", "Threads that probe.", health.shards);
  out.gauge("blipd_engine_silent_shards", "Threads that probe, but have not been heard of for some seconds.",
            health.silent_shards);
  out.counter("blipd_engine_held_ticks_total",
              "Turns in which a probing thread sent nothing because judging was behind.", health.held_ticks);
  out.counter("blipd_resolutions_total", "Names looked up.", health.resolutions);
  out.counter("blipd_resolution_failures_total", "Names looked up without success; the last addresses stay in use.",
              health.resolution_failures);
  out.gauge("blipd_unresolved_targets", "Targets without any address at present.", health.unresolved_targets);
  out.gauge("blipd_refused_targets", "Targets that are never asked, for being on the do-not-probe list.",
            health.refused_targets);
  add_scheduling_lag(out, health);
}

void add_journal(Families& out, const journal::Health& health) {
  out.gauge("blipd_journal_writing", "1 while the journal's file can be written, 0 while it is kept in memory.",
            health.is_writing ? 1 : 0);
  out.counter("blipd_journal_errors_total", "Failed attempts to write to the journal.", health.errors);
  out.counter("blipd_journal_dropped_total", "Records given up because too many waited.", health.dropped);
  out.gauge("blipd_journal_queued", "Records that wait to be written.", static_cast<double>(health.queued));
  out.gauge("blipd_journal_bytes", "Size of the journal's file.", static_cast<double>(health.bytes));
}

void add_record(Families& out, const RecordHealth& health) {
  out.gauge("blipd_record_writing", "1 while results can be recorded, 0 while their file cannot be written.",
            health.is_writing ? 1 : 0);
  out.counter("blipd_record_dropped_total", "Lines of recorded results that were given up.", health.dropped);
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
  out.counter("blipd_http_auth_failures_total", "Requests whose name and password were wrong or malformed.",
              stats.auth_failures);
  out.counter("blipd_http_auth_overruns_total",
              "Requests whose password was not checked because too many waited to be.", stats.auth_overruns);
  out.counter("blipd_http_reading_overruns_total",
              "Requests that were not looked up in the journal because too many waited to be.", stats.reading_overruns);
  out.gauge("blipd_http_event_streams", "Open streams of /api/v1/events.", static_cast<double>(stats.open_streams));
  out.counter("blipd_http_refused_event_streams_total", "Streams refused because the most allowed were open.",
              stats.refused_streams);
  out.counter("blipd_http_cut_off_event_streams_total",
              "Streams ended because the client was too slow in taking what there was to tell.", stats.cut_off_streams);
  out.begin(MetricType::Counter, "blipd_http_tls_failures_total",
            "TLS handshakes that failed, for the client's certificate (or the want of one) or for another reason.");
  out.put({label("reason", "certificate")}, static_cast<double>(stats.refused_certificates));
  out.put({label("reason", "handshake")}, static_cast<double>(stats.failed_handshakes));
  out.gauge("blipd_http_certificate_expiry_timestamp_seconds",
            "When the certificate of the HTTP server ends; NaN without TLS.",
            stats.certificate_ends ? base::to_unix_seconds(*stats.certificate_ends) : kNan);
  out.gauge("blipd_http_web_config_last_reload_successful",
            "Whether the last load of the web configuration file succeeded; 1 without one.",
            stats.is_web_config_good ? 1 : 0);
  out.counter("blipd_http_failures_total", "Requests given up for an error of the server's own.", stats.failures);
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
    add_vantage(out, *published_.snapshot);
    add_verdicts(out, *published_.snapshot);
    add_paths(out, published_);
    add_flows(out, *published_.snapshot);
    if (published_.journal) add_journal(out, *published_.journal);
    if (published_.recorder) add_recorder(out, *published_.recorder);
    if (published_.record) add_record(out, *published_.record);
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
