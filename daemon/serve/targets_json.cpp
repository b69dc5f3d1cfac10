#include "daemon/serve/targets_json.hpp"

#include <algorithm>
#include <utility>

#include "daemon/serve/json_parts.hpp"

namespace blipd::serve {

namespace {

Json channel_of(const pipeline::Snapshot& snapshot, config::ChannelIndex index) {
  const probes::ProbeSpec& spec = snapshot.plan->channels[index].spec;
  const pipeline::ChannelState row = snapshot.channels.state(index);
  return {{"probe", spec.name},
          {"type", kProbeTypes[spec.ask.index()]},
          {"interval_seconds", base::to_seconds(spec.interval)},
          {"timeout_seconds", base::to_seconds(spec.timeout)},
          {"last", last_of(row)},
          {"last_answered", maybe(row.last_answered)},
          {"usual_answer_ratio", maybe(row.usual_answer_ratio)},
          {"has_vote", row.has_vote}};
}

Json target_of(const pipeline::Snapshot& snapshot, std::size_t index) {
  const config::Plan& plan = *snapshot.plan;
  const config::PlannedTarget& target = plan.targets[index];
  const config::PlannedNetwork& network = plan.networks[target.network];
  Json channels = Json::array();
  std::optional<base::WallTime> answered;
  for (const config::ChannelIndex channel : target.channels) {
    if (channel >= snapshot.channels.size()) continue;
    channels.push_back(channel_of(snapshot, channel));
    answered = std::max(answered, snapshot.channels.state(channel).last_answered);
  }
  return {{"country", network.country ? plan.countries[*network.country].code : std::string()},
          {"network", network.name},
          {"name", target.name},
          {"host", target.host},
          {"control", network.is_control()},
          {"state", name_of(pipeline::kTargetStateNames, snapshot.targets[index].state)},
          {"last_answered", maybe(answered)},
          {"channels", std::move(channels)}};
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
    piece += text_of(target_of(snapshot, next_));
  }
  if (next_ == end) {
    piece += "]}\n";
    is_ended_ = true;
  }
  return true;
}

}  // namespace blipd::serve
