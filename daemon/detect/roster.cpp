#include "daemon/detect/roster.hpp"

#include <algorithm>

namespace blipd::detect {

void Roster::adopt(const config::Plan& plan, const config::Plan* previous) {
  const config::Changes changes = config::changes_between(previous, plan);
  channels_.resize(plan.channels.size());
  for (const probes::ChannelIndex i : changes.channels) {
    const config::PlannedChannel& planned = plan.channels[i];
    channels_[i] = ChannelEntry{};
    channels_[i].target = planned.target & 0x3fffffffU;
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
    networks_[targets_[i].network] += NetworkCount::of(targets_[i]);
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
  std::uint16_t votes = 0;
  bool is_answering = false;
  std::uint16_t fewest_failures = UINT16_MAX;         // of all channels
  std::uint16_t fewest_voting_failures = UINT16_MAX;  // of those with a vote
  for (const auto c : plan.channels_of(index)) {
    ChannelEntry& channel = channels_[c];
    is_answering = is_answering || channel.contact.is_answering();
    const std::uint16_t failures = channel.contact.failures();
    fewest_failures = std::min(fewest_failures, failures);
    channel.is_counted = channel.usual.is_heard(floor);
    if (!channel.is_counted) continue;
    ++votes;
    fewest_voting_failures = std::min(fewest_voting_failures, failures);
  }
  TargetState state = target.state;
  if (is_answering) {
    state = TargetState::kUp;
  } else if ((votes > 0 ? fewest_voting_failures : fewest_failures) >= down_after) {
    state = TargetState::kDown;
  }
  if (state == TargetState::kDown && target.state != TargetState::kDown && target.first_failed != kNever) {
    target.fell = {target.answered_sent == kNever ? target.first_failed : target.answered_sent, target.first_failed};
  }
  if (state == target.state && votes == target.votes) return;
  edit(index, [&](TargetEntry& entry) {
    entry.state = state;
    entry.votes = votes;
  });
}

void Roster::forget_failures(base::MonoTime vouched_until) {
  for (ChannelEntry& channel : channels_) {
    if (channel.is_control) continue;
    channel.usual.forget_held();
    if (channel.contact.failed_sent() <= vouched_until) continue;
    channel.contact.forget_failures();
    TargetEntry& target = targets_[channel.target];
    target.failures = 0;
    target.first_failed = kNever;
    if (target.is_failed) edit(channel.target, [](TargetEntry& entry) { entry.is_failed = false; });
  }
}

event::WaySays Roster::says(probes::ChannelIndex index, const config::Detect& rules, base::MonoTime since) const {
  using event::WaySays;
  const ChannelEntry& channel = channels_[index];
  const Contact& contact = channel.contact;
  const Saying& saying = channel.saying;
  // Of one that never answered it is not known how much it loses.
  const double usual = channel.has_answered() ? channel.usual.ratio() : UsualAnswers::kPrior;
  const bool is_down = contact.failures() >= kDownAfter && contact.failed_sent() >= since &&
                       contact.failures() * failure_evidence(usual, rules) >= kFirmlyDown;
  if (is_down) {
    if (saying.has_notice()) return WaySays::kUnreachable;
    return channel.has_answered() ? WaySays::kSilent : WaySays::kNeverAnswered;
  }
  if (contact.answered_sent() == kNever || contact.answered_sent() < since) return WaySays::kUnknown;
  switch (saying.answer()) {
    case Saying::Answer::kNone:
      return WaySays::kUnknown;
    case Saying::Answer::kReset:
      return saying.is_from_nearer() ? WaySays::kResetNearer : WaySays::kRefused;
    case Saying::Answer::kNotAsExpected:
      return WaySays::kNotAsExpected;
    default:
      return WaySays::kAnswers;
  }
}

base::MonoTime Roster::last_failure(const config::Plan& plan, config::TargetIndex index) const {
  base::MonoTime last = kNever;
  for (const auto c : plan.channels_of(index)) last = std::max(last, channels_[c].contact.failed_sent());
  return last;
}

double Roster::failure_strength(const config::Plan& plan, config::NetworkIndex index) const {
  const config::Detect& rules = plan.configuration.detect;
  const std::vector<config::TargetIndex>& targets = plan.networks[index].targets;
  const std::size_t stride = (targets.size() + kSample - 1) / kSample;
  std::size_t asked = 0;
  double sum = 0;
  for (std::size_t i = 0; i < targets.size(); i += std::max<std::size_t>(stride, 1)) {
    const config::TargetIndex t = targets[i];
    if (!targets_[t].has_vote() || targets_[t].is_known_down) continue;
    ++asked;
    double strongest = 0;
    for (const auto c : plan.channels_of(t)) {
      const UsualAnswers& usual = channels_[c].usual;
      if (usual.is_heard(rules.usual_floor)) strongest = std::max(strongest, failure_evidence(usual.ratio(), rules));
    }
    sum += strongest;
  }
  if (stride <= 1 || asked == 0) return sum;
  return sum * static_cast<double>(networks_[index].electors) / static_cast<double>(asked);
}

}  // namespace blipd::detect
