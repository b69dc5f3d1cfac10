#include "daemon/detect/roster.hpp"

#include <algorithm>

namespace blipd::detect {

void Roster::adopt(const config::Plan& plan, const config::Plan* previous) {
  const config::Changes changes = config::changes_between(previous, plan);
  channels_.resize(plan.channels.size());
  for (const probes::ChannelIndex i : changes.channels) {
    const config::PlannedChannel& planned = plan.channels[i];
    channels_[i] = ChannelEntry{};
    channels_[i].target = planned.target & 0x7fffffffU;
    channels_[i].is_control = planned.is_active && plan.networks[planned.network].is_control();
  }
  targets_.resize(plan.targets.size());
  for (const config::TargetIndex i : changes.targets) {
    targets_[i] = TargetEntry{};
    targets_[i].network = plan.targets[i].network;
  }
  networks_.assign(plan.networks.size(), NetworkCount{});
  for (std::size_t i = 0; i < plan.targets.size(); ++i) {
    if (!plan.targets[i].is_active) continue;
    NetworkCount& count = networks_[targets_[i].network];
    count.voting_targets += targets_[i].has_vote ? 1 : 0;
    count.up_targets += targets_[i].has_vote && targets_[i].state == TargetState::kUp ? 1 : 0;
  }
  // Who is asked as before stands as before, unless other rules decide who has a vote.
  const double floor = plan.configuration.detect.usual_floor;
  const bool has_other_rules = previous && previous->configuration.detect.usual_floor != floor;
  for (config::TargetIndex i = 0; has_other_rules && i < plan.targets.size(); ++i) {
    if (plan.targets[i].is_active) refresh(plan, i, kDownAfter);
  }
  for (const probes::ChannelIndex i : changes.channels) {
    if (plan.channels[i].is_active) refresh(plan, plan.channels[i].target, kDownAfter);
  }
  // A target that lost one of its ways of being asked.
  for (const probes::ChannelIndex i : changes.channels) {
    if (!previous || i >= previous->channels.size() || !previous->channels[i].is_active) continue;
    const config::TargetIndex former = previous->channels[i].target;
    if (plan.targets[former].is_active) refresh(plan, former, kDownAfter);
  }
}

void Roster::refresh(const config::Plan& plan, config::TargetIndex index, std::uint16_t down_after) {
  const double floor = plan.configuration.detect.usual_floor;
  TargetEntry& target = targets_[index];
  bool has_vote = false;
  bool is_answering = false;
  std::uint16_t fewest_failures = UINT16_MAX;         // of all channels
  std::uint16_t fewest_voting_failures = UINT16_MAX;  // of those with a vote
  for (const auto c : plan.targets[index].channels) {
    const ChannelEntry& channel = channels_[c];
    is_answering = is_answering || channel.contact.is_answering();
    const std::uint16_t failures = channel.contact.failures();
    fewest_failures = std::min(fewest_failures, failures);
    if (!channel.usual.is_heard(floor)) continue;
    has_vote = true;
    fewest_voting_failures = std::min(fewest_voting_failures, failures);
  }
  TargetState state = target.state;
  if (is_answering) {
    state = TargetState::kUp;
  } else if ((has_vote ? fewest_voting_failures : fewest_failures) >= down_after) {
    state = TargetState::kDown;
  }
  if (state == TargetState::kDown && target.state != TargetState::kDown && target.first_failed != kNever) {
    target.fell = {target.answered_sent == kNever ? target.first_failed : target.answered_sent, target.first_failed};
  }
  if (state == target.state && has_vote == target.has_vote) return;
  NetworkCount& count = networks_[target.network];
  if (target.has_vote) {
    --count.voting_targets;
    if (target.state == TargetState::kUp) --count.up_targets;
  }
  target.state = state;
  target.has_vote = has_vote;
  if (has_vote) {
    ++count.voting_targets;
    if (state == TargetState::kUp) ++count.up_targets;
  }
}

void Roster::forget_failures(const config::Plan& plan, base::MonoTime vouched_until) {
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    const config::PlannedChannel& planned = plan.channels[i];
    if (!planned.is_active || plan.networks[planned.network].is_control()) continue;
    channels_[i].usual.forget_held();
    if (channels_[i].contact.failed_sent() <= vouched_until) continue;
    channels_[i].contact.forget_failures();
    TargetEntry& target = targets_[planned.target];
    target.failures = 0;
    target.is_failed = false;
    target.first_failed = kNever;
  }
}

base::MonoTime Roster::last_failure(const config::Plan& plan, config::TargetIndex index) const {
  base::MonoTime last = kNever;
  for (const auto c : plan.targets[index].channels) last = std::max(last, channels_[c].contact.failed_sent());
  return last;
}

Electorate Roster::electorate(const config::Plan& plan, config::NetworkIndex index) const {
  const config::Detect& rules = plan.configuration.detect;
  Electorate electorate;
  for (const auto t : plan.networks[index].targets) {
    double strongest = 0;
    if (targets_[t].is_known_down) continue;
    for (const auto c : plan.targets[t].channels) {
      const UsualAnswers& usual = channels_[c].usual;
      if (!usual.is_heard(rules.usual_floor)) continue;
      ++electorate.channels;
      strongest = std::max(strongest, failure_evidence(usual.ratio(), rules));
    }
    if (strongest > 0) ++electorate.targets;
    electorate.failure_strength += strongest;
  }
  return electorate;
}

std::size_t Roster::count_failed(const config::Plan& plan, config::NetworkIndex index) const {
  return static_cast<std::size_t>(std::ranges::count_if(plan.networks[index].targets, [this](config::TargetIndex t) {
    return targets_[t].has_vote && targets_[t].is_failed && !targets_[t].is_known_down;
  }));
}

}  // namespace blipd::detect
