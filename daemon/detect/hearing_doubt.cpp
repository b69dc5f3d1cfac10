// What the hearing does while it is in doubt: whom to ask now, and not when their turn comes.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "daemon/detect/hearing.hpp"

namespace blipd::detect {

namespace {

using config::NetworkIndex;
using config::TargetIndex;
using probes::ChannelIndex;

// So far above the floor silence is unusual: by chance it happens one time in thirty that an answer was due.
constexpr double kUnusual = 3.4;
// Controls are not asked out of turn more often than this.
constexpr base::Duration kControlPause = std::chrono::seconds(2);
// Hosts of a network that are asked out of turn at once.
constexpr std::size_t kMostAsked = 64;
constexpr double kGoldenRatio = 0.618033988749895;
constexpr std::uint32_t kTurns = 1U << 20U;  // until steps are begun anew, far from where a fraction loses its digits

}  // namespace

void Hearing::pass_time(base::MonoTime now) {
  now_ = std::max(now_, now);
  overdue_.advance(
      now_, [this](const Asked& asked) { suspect(asked); },
      [this](ChannelIndex channel) { roster_.prefetch(channel, probes::ResultSink::Distance::kFar); });
}

// The evidence, if what waits is vouched for.
double Hearing::hoped(const NetworkEntry& network) const {
  double sum = network.test.evidence();
  for (const Pending& p : network.pending) sum += static_cast<double>(p.evidence);
  for (const Suspect& s : network.suspects) sum += static_cast<double>(s.evidence);
  return sum;
}

base::MonoTime Hearing::silent_since(NetworkIndex index) const {
  const NetworkEntry& network = networks_[index];
  base::MonoTime since = network.first_failed;
  const auto take = [&](base::MonoTime sent) {
    if (sent > network.answered_sent && (since == kNever || sent < since)) since = sent;
  };
  for (const Pending& p : network.pending) take(p.sent);
  for (const Suspect& s : network.suspects) take(s.sent);
  return since;
}

void Hearing::suspect(const Asked& asked) {
  const ChannelEntry& channel = roster_.channel(asked.channel);
  if (channel.contact.answered_sent() >= asked.sent || channel.contact.failed_sent() >= asked.sent) return;
  if (!channel.usual.is_heard(rules().usual_floor)) return;
  const TargetEntry& target = roster_.target(channel.target);
  if (target.is_known_down || target.answered_sent >= asked.sent) return;
  NetworkEntry& network = networks_[target.network];
  keep_counted(target.network);
  const bool is_full = target.failures < full_failures(network.electorate, rules());
  const double evidence =
      is_full ? failure_evidence(channel.usual.ratio() * answered_here(), rules()) : kRepeatedFailure;
  if (network.suspects.size() == kMostPending) network.suspects.erase(network.suspects.begin());
  network.suspects.push_back({asked.sent, asked.channel, static_cast<float>(evidence)});
  ask_if_doubtful(target.network, asked);
}

void Hearing::ask_if_doubtful(NetworkIndex index, const Asked& silent) {
  NetworkEntry& network = networks_[index];
  if (network.state == NetworkState::kOutage || !plan_->configuration.engine.ask_at_once || is_at_fault()) return;
  const double hope = hoped(network);
  const bool is_doubtful = hope > 0;
  if (!is_doubtful && hope < kUnusual - rules().clip) return;
  const Electorate& electorate = network.electorate;
  const bool is_strong = roster_.channel(silent.channel).usual.is_learned() &&
                         electorate.failure_strength >= kStrong * static_cast<double>(electorate.targets);
  Pace& pace = is_doubtful ? network.doubt_pace : network.pace;
  if (!pace.take(now_, is_strong ? kPause : kLongPause, network.patience.factor(now_))) return;
  if (is_doubtful) network.patience.on_asked(now_);
  // Others know better, where there are others.
  const bool is_spared = !is_doubtful && electorate.targets > kDistinctTargets;
  ask_some(index, is_spared ? std::optional(silent.channel) : std::nullopt);
  if (vantage_.testimony(silent.sent) != Testimony::kVouched) ask_controls();
}

// Of a large network so many that no doubt can be left, spread over it and others each time: a country that falls has
// all its networks in doubt at once, and what is due goes on.
void Hearing::ask_some(NetworkIndex index, std::optional<ChannelIndex> spared) {
  const std::vector<TargetIndex>& targets = plan_->networks[index].targets;
  const auto ask = [&](TargetIndex target) {
    for (const ChannelIndex c : plan_->channels_of(target)) {
      if (c != spared) ask_list_.add(c);
    }
  };
  if (targets.size() <= kMostAsked) {
    std::ranges::for_each(targets, ask);
    return;
  }
  std::uint32_t& turn = networks_[index].turn;
  for (std::size_t i = 0; i < kMostAsked; ++i, turn = (turn + 1) % kTurns) {
    // Steps by the golden ratio fall in with no order that hosts may be listed in.
    const double steps = turn * kGoldenRatio;
    ask(targets[static_cast<std::size_t>((steps - std::floor(steps)) * static_cast<double>(targets.size()))]);
  }
}

void Hearing::ask_controls() {
  if (!plan_->configuration.engine.ask_at_once || is_at_fault()) return;
  if (controls_asked_ != kNever && now_ - controls_asked_ < kControlPause) return;
  controls_asked_ = now_;
  for (const TargetIndex t : controls_) {
    for (const ChannelIndex c : plan_->channels_of(t)) ask_list_.add(c);
  }
}

}  // namespace blipd::detect
