#include "daemon/serve/status_json.hpp"

#include <algorithm>

#include "daemon/event/json.hpp"
#include "daemon/serve/host_verdicts.hpp"
#include "daemon/serve/json_parts.hpp"
#include "daemon/serve/json_text.hpp"
#include "daemon/serve/version.hpp"

namespace blipd::serve {

namespace {

using pipeline::Snapshot;

Json vantage_of(const Snapshot& snapshot) {
  return {{"name", snapshot.plan->configuration.vantage_name},
          {"state", name_of(pipeline::kVantageStateNames, snapshot.vantage.state)},
          {"since", maybe(snapshot.vantage.since)},
          {"control_answer_ratio", maybe(snapshot.vantage.control_answer_ratio)}};
}

Json health_of(const engine::Health& health) {
  return {{"capturing", health.is_capturing},
          {"clock_source", health.clock_source},
          {"first_round_settled", health.is_first_round_settled},
          {"capture_drops", health.capture_drops},
          {"socket_drops", health.socket_drops},
          {"clock_steps", health.clock_steps},
          {"send_errors", health.send_errors},
          {"unmatched_packets", health.unmatched_packets},
          {"malformed_packets", health.malformed_packets},
          {"forged_packets", health.forged_packets},
          {"budget_deferrals", health.budget_deferrals},
          {"resolutions", health.resolutions},
          {"resolution_failures", health.resolution_failures},
          {"unresolved_targets", health.unresolved_targets},
          {"refused_targets", health.refused_targets}};
}

Json stability_of(const detect::Stability& stability) {
  Json outages;
  for (std::size_t i = 0; i < stability.outages.size(); ++i) {
    outages[detect::kCountedNames[i]] = {{"count", stability.outages[i].count},
                                         {"seconds", stability.outages[i].seconds}};
  }
  return {{"stability", stability.is_unstable ? "unstable" : "steady"},
          {"flap_penalty", stability.penalty},
          {"usual_flaps_per_day", stability.usual_per_day},
          {"outages", std::move(outages)},
          {"outage_start", maybe(stability.outage_start)}};
}

Json journal_of(const std::optional<journal::Health>& health) {
  if (!health) return {};
  return {{"writing", health->is_writing}, {"errors", health->errors}, {"dropped", health->dropped},
          {"queued", health->queued},      {"bytes", health->bytes},   {"problem", health->problem}};
}

// Those of countries, networks and the vantage point, and of hosts as many as anybody reads.
constexpr std::size_t kMostHostEvents = 1000;

bool is_of_host(const event::Event& event) { return event.scope == event::Scope::kTarget; }

Json events_of(const Snapshot& snapshot) {
  Json events = Json::array();
  std::size_t hosts = 0;
  for (const event::Event& event : snapshot.open_events) {
    if (is_of_host(event) && ++hosts > kMostHostEvents) continue;
    events.push_back(Json::parse(event::to_json(event)));
  }
  return events;
}

std::size_t left_out(const Snapshot& snapshot) {
  const auto hosts = std::ranges::count_if(snapshot.open_events, is_of_host);
  return static_cast<std::size_t>(hosts) - std::min(static_cast<std::size_t>(hosts), kMostHostEvents);
}

Json head_of(const Published& published) {
  const Snapshot& snapshot = *published.snapshot;
  return {{"version", kVersion},
          {"taken", base::format_time(snapshot.taken)},
          {"started", base::format_time(snapshot.started)},
          {"vantage", vantage_of(snapshot)},
          {"health", health_of(published.health)},
          {"journal", journal_of(published.journal)},
          {"open_events", events_of(snapshot)},
          {"open_events_left_out", left_out(snapshot)},
          {"reload",
           {{"successful", published.reload.was_successful},
            {"succeeded", base::format_time(published.reload.succeeded_at)}}}};
}

Json country_of(const Snapshot& snapshot, std::size_t index) {
  const config::PlannedCountry& country = snapshot.plan->countries[index];
  const pipeline::CountryRow& row = snapshot.countries[index];
  Json json = {{"code", country.code},
               {"name", country.name},
               {"level", name_of(pipeline::kCountryLevelNames, row.level)},
               {"split", country.is_split},
               {"since", maybe(row.since)},
               {"reachable_ratio", maybe(row.reachable_ratio)},
               {"usual_reachable_ratio", maybe(row.usual_reachable_ratio)}};
  json.update(stability_of(row.stability));
  return json;
}

Json network_of(const Snapshot& snapshot, std::size_t index) {
  const config::PlannedNetwork& network = snapshot.plan->networks[index];
  if (network.is_control()) return Json::object({{"name", network.name}});
  const pipeline::NetworkRow& row = snapshot.networks[index];
  Json json = {{"name", network.name},
               {"asn", network.asn ? Json(*network.asn) : Json()},
               {"access", network.access},
               {"upstream", network.upstream},
               {"weight", network.weight},
               {"state", name_of(pipeline::kNetworkStateNames, row.state)},
               {"since", maybe(row.since)},
               {"evidence", row.evidence},
               {"reachable_ratio", maybe(row.reachable_ratio)},
               {"usual_reachable_ratio", maybe(row.usual_reachable_ratio)}};
  json.update(stability_of(row.stability));
  return json;
}

void append_window(std::string& out, const measure::WindowView& window) {
  append_json(out, R"({"samples":)", window.samples);
  append_json(out, R"(,"failed":)", window.failed);
  append_json(out, R"(,"loss_ratio":)", window.loss_ratio());
  append_json(out, R"(,"loss_runs":)", window.loss_runs);
  append_json(out, R"(,"longest_loss_run":)", window.longest_loss_run);
  if (window.round_trips > 0) {
    append_json(out, R"(,"rtt_seconds":{"samples":)", window.round_trips);
    append_json(out, R"(,"min":)", window.minimum_rtt);
    append_json(out, R"(,"median":)", window.rtt[0]);
    append_json(out, R"(,"p90":)", window.rtt[1]);
    append_json(out, R"(,"p99":)", window.rtt[2]);
    append_json(out, R"(,"max":)", window.rtt[3]);
    append_json(out, R"(},"pdv_seconds":)", window.pdv);
  } else {
    out += R"(,"rtt_seconds":null,"pdv_seconds":null)";
  }
  const auto ipdv = window.ipdv_pairs > 0 ? std::optional(window.mean_ipdv) : std::nullopt;
  append_json(out, R"(,"mean_ipdv_seconds":)", ipdv);
  out += '}';
}

void append_counters(std::string& out, const measure::Counters& counters) {
  using probes::AbortReason;
  const auto aborted = [&](std::string_view before, AbortReason reason) {
    append_json(out, before, counters.aborted[static_cast<std::size_t>(reason)]);
  };
  append_json(out, R"(,"counters":{"sent":)", counters.sent);
  append_json(out, R"(,"answered":)", counters.answered);
  append_json(out, R"(,"lost":)", counters.lost);
  append_json(out, R"(,"unreachable":)", counters.unreachable);
  append_json(out, R"(,"in_flight":)", counters.in_flight);
  aborted(R"(,"aborted":{"send_error":)", AbortReason::kSendError);
  aborted(R"(,"unresolved":)", AbortReason::kUnresolved);
  aborted(R"(,"vantage_fault":)", AbortReason::kVantageFault);
  aborted(R"(,"clock":)", AbortReason::kClock);
  aborted(R"(,"overrun":)", AbortReason::kOverrun);
  out += "}}";
}

void append_channel(std::string& out, const Snapshot& snapshot, std::size_t index) {
  const probes::ProbeSpec& spec = snapshot.plan->channels[index].spec();
  const pipeline::ChannelState state = snapshot.channels.state(index);
  append_json(out, R"({"probe":)", std::string_view(spec.name));
  append_json(out, R"(,"type":)", std::string_view(kProbeTypes[spec.ask.index()]));
  append_last(out, state);
  append_json(out, R"(,"usual_answer_ratio":)", state.usual_answer_ratio);
  append_json(out, R"(,"has_vote":)", state.has_vote);
  append_says(out, state);
  append_counters(out, snapshot.channels.counters(index));
  const measure::WindowViews windows = snapshot.channels.windows(index);
  std::string_view before = R"(,"windows":{")";
  for (std::size_t i = 0; i < windows.size(); ++i, before = R"(,")") {
    out += before;
    out += measure::kWindowNames[i];
    out += "\":";
    append_window(out, windows[i]);
  }
  out += "}}";
}

void append_target(std::string& out, const Snapshot& snapshot, std::size_t index) {
  const config::PlannedTarget& target = snapshot.plan->targets[index];
  append_json(out, R"({"name":)", std::string_view(target.name));
  append_json(out, R"(,"host":)", std::string_view(target.host));
  append_json(out, R"(,"state":)",
              std::string_view(name_of(pipeline::kTargetStateNames, snapshot.targets[index].state)));
  append_verdict(out, snapshot, index);
  std::string_view before = R"(,"channels":[)";
  for (const auto channel : snapshot.plan->channels_of(target)) {
    if (channel >= snapshot.channels.size()) continue;
    out += before;
    append_channel(out, snapshot, channel);
    before = ",";
  }
  if (before != ",") out += before;
  out += "]}";
}

// The text of an object whose last member is a list that follows.
std::string open_list(const Json& object, const char* key) {
  std::string text = text_of(object);
  text.back() = ',';
  return text + '"' + key + "\":[";
}

}  // namespace

StatusBody::StatusBody(std::shared_ptr<const Published> published) : published_(std::move(published)) {
  const Snapshot& snapshot = *published_->snapshot;
  const config::Plan& plan = *snapshot.plan;
  steps_.push_back({Part::kHead, 0});
  for (std::uint32_t i = 0; i < plan.countries.size() && i < snapshot.countries.size(); ++i) {
    if (!plan.countries[i].is_active) continue;
    steps_.push_back({Part::kCountry, i});
    for (const auto network : plan.countries[i].networks) plan_network(network);
    steps_.push_back({Part::kEndCountry, i});
  }
  steps_.push_back({Part::kControls, 0});
  for (std::uint32_t i = 0; i < plan.networks.size(); ++i) {
    if (plan.networks[i].is_control()) plan_network(i);
  }
  steps_.push_back({Part::kEnd, 0});
}

void StatusBody::plan_network(std::uint32_t network) {
  const Snapshot& snapshot = *published_->snapshot;
  const config::Plan& plan = *snapshot.plan;
  if (!plan.networks[network].is_active || network >= snapshot.networks.size()) return;
  steps_.push_back({Part::kNetwork, network});
  for (const auto target : plan.networks[network].targets) {
    if (plan.targets[target].is_active && target < snapshot.targets.size()) steps_.push_back({Part::kTarget, target});
  }
  steps_.push_back({Part::kEndNetwork, network});
}

void StatusBody::write(const Step& step, std::string& piece) {
  const Snapshot& snapshot = *published_->snapshot;
  const auto begin_element = [&](const std::string& text, bool is_whole) {
    if (needs_comma_) piece += ',';
    piece += text;
    needs_comma_ = is_whole;
  };
  const auto end_list = [&](const char* text) {
    piece += text;
    needs_comma_ = true;
  };
  switch (step.part) {
    case Part::kHead:
      return begin_element(open_list(head_of(*published_), "countries"), false);
    case Part::kCountry:
      return begin_element(open_list(country_of(snapshot, step.index), "networks"), false);
    case Part::kNetwork:
      return begin_element(open_list(network_of(snapshot, step.index), "targets"), false);
    case Part::kTarget:
      begin_element("", true);
      return append_target(piece, snapshot, step.index);
    case Part::kEndNetwork:
    case Part::kEndCountry:
      return end_list("]}");
    case Part::kControls:
      end_list("],\"controls\":[");
      needs_comma_ = false;
      return;
    case Part::kEnd:
      return end_list("]}\n");
  }
}

bool StatusBody::next(std::string& piece) {
  piece.clear();
  for (; done_ < steps_.size() && piece.size() < kPieceBytes; ++done_) write(steps_[done_], piece);
  return !piece.empty();
}

}  // namespace blipd::serve
