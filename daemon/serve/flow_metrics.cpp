#include "daemon/serve/flow_metrics.hpp"

#include <string>

namespace blipd::serve {

namespace {

Labels labels_of(const config::Plan& plan, const measure::FlowTally& tally) {
  const config::PlannedChannel& channel = plan.channels[tally.channel];
  const config::PlannedTarget& target = plan.targets[channel.target];
  return {label("country", plan.country_code(target.network)), label("network", plan.networks[target.network].name),
          label("target", target.name), label("probe", channel.spec().name), label("flow", std::to_string(tally.flow))};
}

}  // namespace

void add_flows(Families& out, const pipeline::Snapshot& snapshot) {
  if (snapshot.flows.empty()) return;
  const config::Plan& plan = *snapshot.plan;
  out.begin(MetricType::Counter, "blipd_flow_answered_total", "Probes of a flow that were answered in time.");
  for (const auto& flow : snapshot.flows) out.put(labels_of(plan, flow), static_cast<double>(flow.answered));
  out.begin(MetricType::Counter, "blipd_flow_lost_total", "Probes of a flow that were lost or unreachable.");
  for (const auto& flow : snapshot.flows) out.put(labels_of(plan, flow), static_cast<double>(flow.lost));
  out.begin(MetricType::Gauge, "blipd_flow_recent_loss_ratio",
            "Share lost of the last probes of a flow, 64 at most; NaN before any.");
  for (const auto& flow : snapshot.flows) out.put(labels_of(plan, flow), or_nan(flow.recent_loss()));
}

}  // namespace blipd::serve
