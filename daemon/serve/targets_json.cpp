#include "daemon/serve/targets_json.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "daemon/serve/host_verdicts.hpp"
#include "daemon/serve/json_parts.hpp"
#include "daemon/serve/json_text.hpp"

namespace blipd::serve {

namespace {

void append_flows(std::string& out, std::span<const measure::FlowTally> flows) {
  if (flows.empty()) return;
  std::string_view before = R"(,"flows":[)";
  for (const measure::FlowTally& flow : flows) {
    out += std::exchange(before, ",");
    append_json(out, R"({"flow":)", std::uint32_t{flow.flow});
    append_json(out, R"(,"answered":)", flow.answered);
    append_json(out, R"(,"lost":)", flow.lost);
    append_json(out, R"(,"recent_samples":)", std::uint32_t{flow.samples});
    append_json(out, R"(,"recent_loss_ratio":)", flow.recent_loss());
    out += '}';
  }
  out += ']';
}

void append_certificate(std::string& out, const probes::CertificateFacts& certificate) {
  append_json(out, R"({"not_after":)", certificate.not_after);
  append_json(out, R"(,"subject":)", std::string_view(certificate.subject));
  append_json(out, R"(,"issuer":)", std::string_view(certificate.issuer));
  append_json(out, R"(,"fault":)", std::string_view(certificate.fault));
  out += '}';
}

// `,"http":{…}`: what the last probe found; null while there is nothing of one.
void append_http(std::string& out, const pipeline::HttpRow& row, base::Duration timeout) {
  out += R"(,"http":)";
  if (!row.last) {
    out += "null";
    return;
  }
  const probes::HttpFacts& http = *row.last;
  append_json(out, R"({"end":)", probes::kHttpEndNames[static_cast<std::size_t>(http.end)]);
  append_json(out, R"(,"words":)", std::string_view(probes::http_end_in_words(http, timeout)));
  append_json(out, R"(,"unmet":)", std::string_view(http.unmet));
  append_json(out, R"(,"status":)", std::uint32_t{http.status});
  append_json(out, R"(,"version":)", std::string_view(http.version));
  std::string_view before = R"(,"phases":{")";
  for (std::size_t i = 0; i < probes::kHttpPhases; ++i) {
    out += before;
    out += probes::kHttpPhaseNames[i];
    append_json(out, R"(":)", http.phases[i]);
    before = ",\"";
  }
  append_json(out, R"(},"whole_seconds":)", http.whole);
  append_json(out, R"(,"body_bytes":)", http.body_bytes);
  append_json(out, R"(,"announced_bytes":)", http.announced_bytes);
  append_json(out, R"(,"is_cut":)", http.is_cut);
  append_json(out, R"(,"location":)", std::string_view(http.location));
  append_json(out, R"(,"followed":)", std::uint32_t{http.followed});
  out += R"(,"certificate":)";
  if (http.certificate) {
    append_certificate(out, *http.certificate);
  } else {
    out += "null";
  }
  out += '}';
}

void append_channel(std::string& out, const probes::ProbeSpec& spec, const pipeline::ChannelState& state,
                    std::span<const measure::FlowTally> flows, const pipeline::HttpRow* http) {
  append_json(out, R"({"probe":)", std::string_view(spec.name));
  append_json(out, R"(,"type":)", std::string_view(kProbeTypes[spec.ask.index()]));
  append_json(out, R"(,"interval_seconds":)", spec.interval);
  append_json(out, R"(,"timeout_seconds":)", spec.timeout);
  append_last(out, state);
  append_json(out, R"(,"usual_answer_ratio":)", state.usual_answer_ratio);
  append_json(out, R"(,"has_vote":)", state.has_vote);
  append_flows(out, flows);
  if (http != nullptr) append_http(out, *http, spec.timeout);
  append_says(out, state);
  out += '}';
}

void append_target(std::string& out, const pipeline::Snapshot& snapshot, std::size_t index) {
  const config::Plan& plan = *snapshot.plan;
  const config::PlannedTarget& target = plan.targets[index];
  const config::PlannedNetwork& network = plan.networks[target.network];
  std::optional<base::WallTime> answered;
  for (const config::ChannelIndex channel : plan.channels_of(target)) {
    if (channel < snapshot.channels.size())
      answered = std::max(answered, snapshot.channels.state(channel).last_answered);
  }
  append_json(out, R"({"country":)", plan.country_code(target.network));
  append_json(out, R"(,"network":)", std::string_view(network.name));
  append_json(out, R"(,"name":)", std::string_view(target.name));
  append_json(out, R"(,"host":)", std::string_view(target.host));
  append_json(out, R"(,"control":)", network.is_control());
  append_json(out, R"(,"state":)",
              std::string_view(name_of(pipeline::kTargetStateNames, snapshot.targets[index].state)));
  append_json(out, R"(,"last_answered":)", answered);
  append_verdict(out, snapshot, index);
  std::string_view before = R"(,"channels":[)";
  for (const config::ChannelIndex channel : plan.channels_of(target)) {
    if (channel >= snapshot.channels.size()) continue;
    out += before;
    append_channel(out, plan.channels[channel].spec(), snapshot.channels.state(channel),
                   measure::flows_of(snapshot.flows, channel), snapshot.channels.http(channel).get());
    before = ",";
  }
  if (before != ",") out += before;
  out += "]}";
}

}  // namespace

bool TargetsBody::next(std::string& piece) {
  piece.clear();
  if (is_ended_) return false;
  const pipeline::Snapshot& snapshot = *published_->snapshot;
  const config::Plan& plan = *snapshot.plan;
  if (!std::exchange(is_begun_, true)) piece = "{\"taken\":\"" + base::format_time(snapshot.taken) + "\",\"targets\":[";
  const std::size_t end = std::min(plan.targets.size(), snapshot.targets.size());
  for (; next_ < end && piece.size() < kPieceBytes; ++next_) {
    if (!plan.targets[next_].is_active || !plan.networks[plan.targets[next_].network].is_active) continue;
    if (std::exchange(needs_comma_, true)) piece += ',';
    append_target(piece, snapshot, next_);
  }
  if (next_ == end) {
    piece += "]}\n";
    is_ended_ = true;
  }
  return true;
}

}  // namespace blipd::serve
