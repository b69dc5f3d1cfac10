#include "daemon/detect/hearing.hpp"

#include <algorithm>
#include <utility>

namespace blipd::detect {

namespace {

using config::NetworkIndex;
using config::TargetIndex;
using probes::ChannelIndex;

// Of one network; the oldest give way. A network has crossed any threshold long before.
constexpr std::size_t kMostPending = 256;
// Who can testify is counted again this often.
constexpr base::Duration kElectorateAge = std::chrono::seconds(10);
// Controls are not asked out of turn more often than this.
constexpr base::Duration kControlPause = std::chrono::seconds(2);
constexpr base::Duration kCountryPeriod = std::chrono::seconds(1);

template <class Row>
bool is_kept(const std::vector<Row>& now, const std::vector<Row>* before, std::size_t i) {
  return before && i < before->size() && now[i].is_active && (*before)[i].since_generation == now[i].since_generation;
}

}  // namespace

void Hearing::adopt(std::shared_ptr<const config::Plan> plan) {
  const auto before = std::exchange(plan_, std::move(plan));
  roster_.adopt(*plan_, before.get());
  ask_list_.resize(plan_->channels.size());
  for (std::size_t i = 0; before && i < before->channels.size(); ++i) {
    if (!is_kept(plan_->channels, &before->channels, i)) witnesses_.erase(static_cast<ChannelIndex>(i));
  }
  networks_.resize(plan_->networks.size());
  waiting_.clear();
  for (std::size_t i = 0; i < networks_.size(); ++i) {
    if (!is_kept(plan_->networks, before ? &before->networks : nullptr, i)) networks_[i] = NetworkEntry{};
    networks_[i].counted = kNever;
    std::erase_if(networks_[i].pending, [&](const Pending& p) { return roster_.target(p.target).failures == 0; });
    networks_[i].is_waiting = !networks_[i].pending.empty();
    if (networks_[i].is_waiting) waiting_.push_back(static_cast<NetworkIndex>(i));
  }
  countries_.resize(plan_->countries.size());
  for (std::size_t i = 0; i < countries_.size(); ++i) {
    if (!is_kept(plan_->countries, before ? &before->countries : nullptr, i)) countries_[i] = CountryEntry{};
  }
  controls_.clear();
  for (std::size_t i = 0; i < plan_->targets.size(); ++i) {
    const config::PlannedTarget& target = plan_->targets[i];
    if (target.is_active && plan_->networks[target.network].is_control()) {
      controls_.push_back(static_cast<TargetIndex>(i));
    }
  }
  update_vantage();
  are_countries_stale_ = true;
}

bool Hearing::is_void(const probes::Result& result) const {
  const bool is_failure = result.outcome == probes::Outcome::kLost || result.outcome == probes::Outcome::kUnreachable;
  if (!is_failure || !vantage_.is_void(result.sent)) return false;
  return !roster_.channel(result.channel).is_control;
}

void Hearing::on_result(const probes::Result& result) {
  if (roster_.channel(result.channel).is_control) testify(result);
  if (result.outcome == probes::Outcome::kAborted) return;
  now_ = std::max(now_, result.settled);
  ChannelEntry& channel = roster_.channel(result.channel);
  TargetEntry& target = roster_.target(channel.target);
  const bool is_learning = !is_at_fault() && networks_[target.network].state != NetworkState::kOutage;
  const bool is_answer = result.outcome == probes::Outcome::kAnswered;
  bool is_news = true;
  bool is_first_failure = false;
  if (is_answer) {
    if (is_learning) channel.usual.learn_answer(rules().usual_alpha);
    channel.contact.on_answer(result.sent);
    target.answered_sent = std::max(target.answered_sent, result.sent);
  } else {
    if (is_learning) channel.usual.learn_failure(rules().usual_alpha);
    is_first_failure = target.state == TargetState::kUp && channel.contact.failures() == 0;
    is_news = channel.contact.on_failure(result.sent) && result.sent >= target.answered_sent;
  }
  const bool is_of_control = channel.is_control;
  roster_.refresh(*plan_, channel.target, is_of_control ? control_down_after() : kDownAfter);
  if (is_of_control) {
    on_control(is_first_failure && is_news);
  } else if (is_answer) {
    on_answer(result, channel.target);
  } else if (is_news) {
    on_failure(result, channel.target);
  }
}

void Hearing::testify(const probes::Result& result) {
  Witness& witness = witnesses_[result.channel];
  switch (result.outcome) {
    case probes::Outcome::kAnswered:
      witness.on_answer(result.sent);
      break;
    case probes::Outcome::kAborted:
      witness.on_aborted(result.sent);
      break;
    default:
      witness.on_failure(result.sent);
      break;
  }
}

void Hearing::on_control(bool is_first_failure) {
  update_vantage();
  if (is_first_failure && !is_at_fault()) ask_controls();
  if (waiting_.empty()) return;
  for (const NetworkIndex index : waiting_) {
    weigh(index);
    decide(index);
    networks_[index].is_waiting = !networks_[index].pending.empty();
  }
  std::erase_if(waiting_, [this](NetworkIndex index) { return !networks_[index].is_waiting; });
}

void Hearing::update_vantage() {
  control_views_.clear();
  for (const TargetIndex t : controls_) {
    ControlView view;
    view.state = roster_.target(t).state;
    // The way of asking that answered last speaks for the control.
    for (const ChannelIndex c : plan_->targets[t].channels) {
      const Witness& witness = witnesses_[c];
      if (!view.witness || witness.answered() > view.witness->answered()) view.witness = &witness;
    }
    control_views_.push_back(view);
  }
  if (!vantage_.update(control_views_, now_, rules())) return;
  are_countries_stale_ = true;
  if (is_at_fault()) begin_fault();
}

// Nobody vouches for what failed lately, so it was ours: it says nothing about whom it asked.
void Hearing::begin_fault() {
  for (const NetworkIndex index : waiting_) {
    networks_[index].pending.clear();
    networks_[index].is_waiting = false;
  }
  waiting_.clear();
  roster_.forget_failures(*plan_, vantage_.vouched_until());
}

void Hearing::on_answer(const probes::Result& result, TargetIndex index) {
  TargetEntry& target = roster_.target(index);
  target.failures = 0;
  target.is_failed = false;
  NetworkEntry& network = networks_[target.network];
  if (!network.pending.empty()) {
    std::erase_if(network.pending, [&](const Pending& p) { return p.target == index && p.sent < result.sent; });
  }
  const UsualAnswers& usual = roster_.channel(result.channel).usual;
  if (!usual.is_heard(rules().usual_floor)) return;
  network.answered_sent = std::max(network.answered_sent, result.sent);
  if (network.first_failed <= network.answered_sent) network.first_failed = network.last_failed = kNever;
  if (network.test.evidence() > -rules().clip) network.test.add(answer_evidence(usual.ratio(), rules()), rules());
  decide(target.network);
}

void Hearing::on_failure(const probes::Result& result, TargetIndex index) {
  TargetEntry& target = roster_.target(index);
  const UsualAnswers& usual = roster_.channel(result.channel).usual;
  if (!usual.is_heard(rules().usual_floor)) return;
  NetworkEntry& network = networks_[target.network];
  const bool is_down = network.state == NetworkState::kOutage;
  if (target.failures == 0 && !is_down) ask_network(target.network, result);
  if (target.failures < UINT16_MAX) ++target.failures;
  count_electorate(target.network);
  const bool is_full = is_down || target.failures <= full_failures(network.electorate, rules());
  const double evidence = is_full ? failure_evidence(usual.ratio(), rules()) : kRepeatedFailure;
  if (network.pending.size() == kMostPending) network.pending.erase(network.pending.begin());
  network.pending.push_back({result.sent, index, static_cast<float>(evidence)});
  weigh(target.network);
  if (!network.pending.empty() && !std::exchange(network.is_waiting, true)) waiting_.push_back(target.network);
  decide(target.network);
}

// Adds what the controls vouch for, and drops what they speak against.
void Hearing::weigh(NetworkIndex index) {
  NetworkEntry& network = networks_[index];
  std::erase_if(network.pending, [&](const Pending& p) {
    const Testimony testimony = vantage_.testimony(p.sent);
    if (testimony == Testimony::kOpen) return false;
    TargetEntry& target = roster_.target(p.target);
    if (testimony == Testimony::kAgainst) {
      target.failures = 0;
      return true;
    }
    network.test.add(static_cast<double>(p.evidence), rules());
    if (target.failures > 0) target.is_failed = true;
    if (p.sent > network.answered_sent) {
      network.first_failed = network.first_failed == kNever ? p.sent : std::min(network.first_failed, p.sent);
      network.last_failed = std::max(network.last_failed, p.sent);
    }
    return true;
  });
}

void Hearing::decide(NetworkIndex index) {
  NetworkEntry& network = networks_[index];
  const bool is_down = network.state == NetworkState::kOutage;
  double hoped = network.test.evidence();
  for (const Pending& p : network.pending) hoped += static_cast<double>(p.evidence);
  const double threshold = down_threshold(network.electorate, rules());
  if (network.test.evidence() <= rules().up_threshold) {
    set_state(index, NetworkState::kNormal);
  } else if (!is_down && hoped >= threshold) {
    network.electorate = roster_.electorate(*plan_, index);
    if (network.first_failed != kNever) network.electorate.silent_for = network.last_failed - network.first_failed;
    network.electorate.failed_targets = roster_.count_failed(*plan_, index);
    if (network.test.decide(network.electorate, rules()) == NetworkTest::Decision::kDown) {
      set_state(index, NetworkState::kOutage);
    } else if (!network.pending.empty()) {
      ask_controls();
    }
  }
}

void Hearing::set_state(NetworkIndex index, NetworkState state) {
  NetworkEntry& network = networks_[index];
  if (network.state == state) return;
  network.state = state;
  network.since = now_;
  are_countries_stale_ = true;
  if (state != NetworkState::kOutage) return;
  for (const TargetIndex t : plan_->networks[index].targets) {
    for (const ChannelIndex c : plan_->targets[t].channels) roster_.channel(c).usual.forget_held();
  }
}

void Hearing::ask_network(NetworkIndex index, const probes::Result& failure) {
  if (!plan_->configuration.engine.ask_at_once || is_at_fault()) return;
  if (!networks_[index].pace.take(now_)) return;
  for (const TargetIndex t : plan_->networks[index].targets) {
    for (const ChannelIndex c : plan_->targets[t].channels) {
      if (c != failure.channel) ask_list_.add(c);
    }
  }
  if (vantage_.testimony(failure.sent) != Testimony::kVouched) ask_controls();
}

void Hearing::ask_controls() {
  if (!plan_->configuration.engine.ask_at_once || is_at_fault()) return;
  if (controls_asked_ != kNever && now_ - controls_asked_ < kControlPause) return;
  controls_asked_ = now_;
  for (const TargetIndex t : controls_) {
    for (const ChannelIndex c : plan_->targets[t].channels) ask_list_.add(c);
  }
}

void Hearing::count_electorate(NetworkIndex index) {
  NetworkEntry& network = networks_[index];
  if (network.counted != kNever && now_ - network.counted < kElectorateAge) return;
  network.counted = now_;
  network.electorate = roster_.electorate(*plan_, index);
}

void Hearing::advance(base::MonoTime now) {
  now_ = std::max(now_, now);
  if (countries_updated_ == kNever || are_countries_stale_ || now_ - countries_updated_ >= kCountryPeriod) {
    update_countries();
  }
  if (shares_learned_ == kNever || now_ - shares_learned_ >= kShareSample) learn_shares();
}

void Hearing::update_countries() {
  countries_updated_ = now_;
  are_countries_stale_ = false;
  // A network whose last vote is gone has nobody left to speak for it.
  for (std::size_t n = 0; n < networks_.size(); ++n) {
    const auto index = static_cast<NetworkIndex>(n);
    if (roster_.network(index).voting_targets == 0) set_state(index, NetworkState::kUnknown);
  }
  if (is_at_fault()) return;
  std::vector<NetworkStanding> standings;
  for (std::size_t i = 0; i < countries_.size(); ++i) {
    standings.clear();
    for (const NetworkIndex n : plan_->countries[i].networks) {
      standings.push_back({plan_->networks[n].weight, networks_[n].state, roster_.network(n).reachable_ratio()});
    }
    CountryEntry& country = countries_[i];
    country.standing = stand(standings);
    country.test.update(country.standing, country.usual_share.mean(), now_);
  }
}

void Hearing::learn_shares() {
  shares_learned_ = now_;
  if (is_at_fault()) return;
  const double alpha = rules().usual_alpha;
  for (std::size_t i = 0; i < networks_.size(); ++i) {
    const auto share = roster_.network(static_cast<NetworkIndex>(i)).reachable_ratio();
    NetworkEntry& network = networks_[i];
    const bool is_calm = network.state == NetworkState::kNormal && network.test.evidence() <= rules().up_threshold;
    if (share && is_calm) network.usual_share.learn(*share, alpha);
  }
  for (CountryEntry& country : countries_) {
    const bool is_calm = country.test.level() == CountryLevel::kNormal && country.standing.down_share == 0;
    if (country.standing.reachable_ratio && is_calm)
      country.usual_share.learn(*country.standing.reachable_ratio, alpha);
  }
}

}  // namespace blipd::detect
