#include "daemon/serve/path_metrics.hpp"

#include <array>
#include <string>
#include <utility>

namespace blipd::serve {

namespace {

// By probes::PathEnd.
constexpr std::array<const char*, engine::kTraceEnds> kEnds = {"reached", "unreachable", "silent", "too_long",
                                                               "aborted"};

Labels labels_of(const evidence::PathRow& row) {
  return {label("country", row.country), label("network", row.network), label("target", row.target),
          label("probe", row.probe)};
}

void add_tracing(Families& out, const engine::Health& health) {
  out.gauge("blipd_tracing", "1 when paths can be traced, 0 for want of a raw socket.", health.can_trace ? 1 : 0);
  out.counter("blipd_trace_packets_sent_total", "Packets that traces sent.", health.trace_packets);
  out.begin(MetricType::Counter, "blipd_traces_total", "Traces that have ended, by how.");
  for (std::size_t i = 0; i < kEnds.size(); ++i) {
    out.put({label("end", kEnds[i])}, static_cast<double>(health.traces_ended[i]));
  }
  out.gauge("blipd_traces_waiting", "Traces that are due or under way.", health.traces_waiting);
}

}  // namespace

void add_paths(Families& out, const Published& published) {
  add_tracing(out, published.health);
  if (!published.paths || published.paths->empty()) return;
  const evidence::PathRows& rows = *published.paths;
  out.begin(MetricType::Gauge, "blipd_path_hops", "Hops to the target when a trace last reached it; NaN before.");
  for (const auto& row : rows) out.put(labels_of(*row), row->hops ? *row->hops : kNan);
  out.begin(MetricType::Gauge, "blipd_path_reached", "1 when the last trace reached its target; NaN before any.");
  for (const auto& row : rows) out.put(labels_of(*row), row->is_reached ? (*row->is_reached ? 1 : 0) : kNan);
  out.begin(MetricType::Gauge, "blipd_path_traced_timestamp_seconds", "When the last trace began; 0 before any.");
  for (const auto& row : rows) out.put(labels_of(*row), row->traced ? base::to_unix_seconds(*row->traced) : 0);
  out.begin(MetricType::Counter, "blipd_path_changes_total", "Times that the path took another way than before.");
  for (const auto& row : rows) out.put(labels_of(*row), static_cast<double>(row->changes));
  out.begin(MetricType::Gauge, "blipd_path_upstream",
            "1 for the AS that the path enters the country from, 0 for those that it was seen to use before.");
  const auto put = [&](const evidence::PathRow& row, const std::string& upstream, bool is_used) {
    Labels labels = labels_of(row);
    labels.push_back(label("upstream", upstream));
    out.put(std::move(labels), is_used ? 1 : 0);
  };
  for (const auto& row : rows) {
    put(*row, "unknown", row->upstream == 0);
    for (const std::uint32_t number : row->upstreams) put(*row, "AS" + std::to_string(number), number == row->upstream);
  }
}

}  // namespace blipd::serve
