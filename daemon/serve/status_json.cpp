#include "daemon/serve/status_json.hpp"

#include "daemon/event/json.hpp"
#include "daemon/serve/json_parts.hpp"
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

Json events_of(const Snapshot& snapshot) {
  Json events = Json::array();
  for (const event::Event& event : snapshot.open_events) events.push_back(Json::parse(event::to_json(event)));
  return events;
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

Json window_of(const measure::WindowView& window) {
  Json json = {{"samples", window.samples},
               {"failed", window.failed},
               {"loss_ratio", maybe(window.loss_ratio())},
               {"loss_runs", window.loss_runs},
               {"longest_loss_run", window.longest_loss_run},
               {"rtt_seconds", nullptr},
               {"pdv_seconds", nullptr},
               {"mean_ipdv_seconds", nullptr}};
  if (window.round_trips > 0) {
    json["rtt_seconds"] = {{"samples", window.round_trips},
                           {"min", base::to_seconds(window.minimum_rtt)},
                           {"median", base::to_seconds(window.rtt[0])},
                           {"p90", base::to_seconds(window.rtt[1])},
                           {"p99", base::to_seconds(window.rtt[2])},
                           {"max", base::to_seconds(window.rtt[3])}};
    json["pdv_seconds"] = base::to_seconds(window.pdv);
  }
  if (window.ipdv_pairs > 0) json["mean_ipdv_seconds"] = base::to_seconds(window.mean_ipdv);
  return json;
}

Json counters_of(const measure::Counters& counters) {
  const auto aborted = [&](probes::AbortReason reason) { return counters.aborted[static_cast<std::size_t>(reason)]; };
  using probes::AbortReason;
  return {{"sent", counters.sent},
          {"answered", counters.answered},
          {"lost", counters.lost},
          {"unreachable", counters.unreachable},
          {"in_flight", counters.in_flight},
          {"aborted",
           {{"send_error", aborted(AbortReason::kSendError)},
            {"unresolved", aborted(AbortReason::kUnresolved)},
            {"vantage_fault", aborted(AbortReason::kVantageFault)},
            {"clock", aborted(AbortReason::kClock)},
            {"overrun", aborted(AbortReason::kOverrun)}}}};
}

Json channel_of(const Snapshot& snapshot, std::size_t index) {
  const probes::ProbeSpec& spec = snapshot.plan->channels[index].spec;
  const pipeline::ChannelRow row = snapshot.channels[index];
  Json windows;
  for (std::size_t i = 0; i < row.windows.size(); ++i) windows[measure::kWindowNames[i]] = window_of(row.windows[i]);
  return {{"probe", spec.name},
          {"type", kProbeTypes[spec.ask.index()]},
          {"last", last_of(row)},
          {"last_answered", maybe(row.last_answered)},
          {"usual_answer_ratio", maybe(row.usual_answer_ratio)},
          {"has_vote", row.has_vote},
          {"counters", counters_of(row.counters)},
          {"windows", std::move(windows)}};
}

Json target_of(const Snapshot& snapshot, std::size_t index) {
  const config::PlannedTarget& target = snapshot.plan->targets[index];
  Json channels = Json::array();
  for (const auto channel : target.channels) {
    if (channel < snapshot.channels.size()) channels.push_back(channel_of(snapshot, channel));
  }
  return {{"name", target.name},
          {"host", target.host},
          {"state", name_of(pipeline::kTargetStateNames, snapshot.targets[index].state)},
          {"channels", std::move(channels)}};
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
      return begin_element(text_of(target_of(snapshot, step.index)), true);
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
