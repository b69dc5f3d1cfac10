#include "daemon/serve/targets_json.hpp"

#include <algorithm>
#include <utility>

#include "daemon/serve/host_verdicts.hpp"
#include "daemon/serve/json_parts.hpp"
#include "daemon/serve/json_text.hpp"

namespace blipd::serve {

namespace {

void append_channel(std::string& out, const probes::ProbeSpec& spec, const pipeline::ChannelState& state) {
  append_json(out, R"({"probe":)", std::string_view(spec.name));
  append_json(out, R"(,"type":)", std::string_view(kProbeTypes[spec.ask.index()]));
  append_json(out, R"(,"interval_seconds":)", spec.interval);
  append_json(out, R"(,"timeout_seconds":)", spec.timeout);
  append_last(out, state);
  append_json(out, R"(,"usual_answer_ratio":)", state.usual_answer_ratio);
  append_json(out, R"(,"has_vote":)", state.has_vote);
  append_says(out, state);
  out += '}';
}

void append_target(std::string& out, const pipeline::Snapshot& snapshot, std::size_t index) {
  const config::Plan& plan = *snapshot.plan;
  const config::PlannedTarget& target = plan.targets[index];
  const config::PlannedNetwork& network = plan.networks[target.network];
  std::optional<base::WallTime> answered;
  for (const config::ChannelIndex channel : target.channels) {
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
  for (const config::ChannelIndex channel : target.channels) {
    if (channel >= snapshot.channels.size()) continue;
    out += before;
    append_channel(out, plan.channels[channel].spec(), snapshot.channels.state(channel));
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
