#include "daemon/detect/hearing.hpp"

#include <algorithm>
#include <utility>

namespace blipd::detect {

namespace {

using config::NetworkIndex;
using config::TargetIndex;
using probes::ChannelIndex;

// Who can testify is counted again this often.
constexpr base::Duration kElectorateAge = std::chrono::seconds(10);
// But with each failure in doubt, where so few can.
constexpr std::size_t kFewElectors = 64;
// Whether anybody can at all, this often.
constexpr base::Duration kVotesAge = std::chrono::seconds(1);

template <class Row>
bool is_kept(const std::vector<Row>& now, const std::vector<Row>* before, std::size_t i) {
  return before && i < before->size() && now[i].is_active && (*before)[i].since_generation == now[i].since_generation;
}

}  // namespace

void Hearing::adopt(std::shared_ptr<const config::Plan> plan) {
  const auto before = std::exchange(plan_, std::move(plan));
  roster_.adopt(*plan_, before.get());
  ask_list_.resize(plan_->channels.size());
  overdue_.resize(plan_->channels.size());
  for (const ChannelIndex i : config::changes_between(before.get(), *plan_).channels) {
    witnesses_.erase(i);
    if (roster_.channel(i).is_control) witnesses_.try_emplace(i);
    overdue_.forget(i);
  }
  networks_.resize(plan_->networks.size());
  waiting_.clear();
  for (std::size_t i = 0; i < networks_.size(); ++i) {
    if (!is_kept(plan_->networks, before ? &before->networks : nullptr, i)) networks_[i] = NetworkEntry{};
    networks_[i].counted = kNever;
    networks_[i].suspects.clear();
    std::erase_if(networks_[i].pending, [&](const Pending& p) { return roster_.target(p.target).failures == 0; });
    networks_[i].is_waiting = !networks_[i].pending.empty();
    if (networks_[i].is_waiting) waiting_.push_back(static_cast<NetworkIndex>(i));
  }
  controls_.clear();
  for (std::size_t i = 0; i < plan_->targets.size(); ++i) {
    const auto target = static_cast<TargetIndex>(i);
    if (plan_->targets[i].is_active && plan_->is_vouching(target)) controls_.push_back(target);
  }
  update_vantage();
}

bool Hearing::is_void(const probes::Result& result) const {
  const bool is_failure = result.outcome == probes::Outcome::kLost || result.outcome == probes::Outcome::kUnreachable;
  if (!is_failure || !vantage_.is_void(result.sent)) return false;
  return !roster_.channel(result.channel).is_control;
}

void Hearing::on_sent(ChannelIndex channel, base::MonoTime at) {
  if (roster_.channel(channel).is_control) {
    witnesses_.at(channel).on_sent(at);
  } else {
    overdue_.on_sent(channel, at);
  }
}

void Hearing::on_result(const probes::Result& result) {
  if (roster_.channel(result.channel).is_control) testify(result);
  pass_time(result.settled);
  if (result.outcome == probes::Outcome::kAborted) {
    absolve(result);
    return;
  }
  ChannelEntry& channel = roster_.channel(result.channel);
  TargetEntry& target = roster_.target(channel.target);
  const bool is_learning = !is_at_fault() && networks_[target.network].state != NetworkState::kOutage;
  const bool is_answer = result.outcome == probes::Outcome::kAnswered;
  if (is_answer && result.rtt) overdue_.on_answer(result.channel, *result.rtt);
  std::vector<Suspect>& suspects = networks_[target.network].suspects;
  if (!suspects.empty()) std::erase_if(suspects, [&](const Suspect& s) { return s.channel == result.channel; });
  networks_[target.network].patience.on_result(result.sent, is_answer);
  bool is_news = true;
  bool is_first_failure = false;
  if (is_answer) {
    if (is_learning) channel.usual.learn_answer(rules().usual_alpha);
    channel.contact.on_answer(result.sent);
    target.answered_sent = std::max(target.answered_sent, result.sent);
    if (target.first_failed < result.sent) target.first_failed = kNever;
  } else {
    if (is_learning) channel.usual.learn_failure(rules().usual_alpha);
    is_first_failure = target.state == TargetState::kUp && channel.contact.failures() == 0;
    is_news = channel.contact.on_failure(result.sent) && result.sent >= target.answered_sent;
    const bool is_first = target.first_failed == kNever || result.sent < target.first_failed;
    if (is_news && is_first) target.first_failed = result.sent;
    NetworkEntry& network = networks_[target.network];
    if (network.first_good != kNever && result.sent < network.first_good) {
      network.last_bad = std::max(network.last_bad, result.sent);
    }
  }
  const bool is_of_control = channel.is_control;
  roster_.refresh_after(*plan_, result.channel, is_of_control ? control_down_after() : kDownAfter);
  if (is_of_control) {
    if (!plan_->is_vouching(channel.target)) return;
    if (!is_answer) control_failed_ = std::max(control_failed_, result.sent);
    control_loss_.add(now_, result.sent, !is_answer, !is_at_fault());
    on_control(is_first_failure && is_news);
  } else if (is_answer) {
    on_answer(result, channel.target);
  } else if (is_news) {
    on_failure(result, channel.target);
  }
}

// What was never judged is not overdue any more; what else is out may still be.
void Hearing::absolve(const probes::Result& aborted) {
  std::vector<Suspect>& suspects = networks_[roster_.target(roster_.channel(aborted.channel).target).network].suspects;
  std::erase_if(suspects, [&](const Suspect& s) { return s.channel == aborted.channel && s.sent == aborted.sent; });
}

void Hearing::testify(const probes::Result& result) {
  Witness& witness = witnesses_.at(result.channel);
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
    for (const ChannelIndex c : plan_->channels_of(t)) {
      const Witness& witness = witnesses_.at(c);
      if (!view.witness || witness.answered() > view.witness->answered()) view.witness = &witness;
    }
    control_views_.push_back(view);
  }
  const bool was_at_fault = is_at_fault();
  if (!vantage_.update(control_views_, now_, rules(), control_loss_.answered_share_with_faults(now_)) ||
      was_at_fault == is_at_fault())
    return;
  if (is_at_fault()) {
    begin_fault();
    const base::MonoTime failed = std::max(control_failed_, vantage_.vouched_until());
    changes_.push_back({Change::Of::kVantage, 0, true, {std::min(vantage_.vouched_until(), failed), failed}});
  } else {
    control_loss_.end_fault(now_);
    changes_.push_back({Change::Of::kVantage, 0, false, {std::min(control_failed_, now_), now_}});
  }
}

bool Hearing::is_path_down(std::string_view upstream) const {
  if (upstream.empty()) return false;
  bool is_any = false;
  for (const auto& [t, lies_inside] : plan_->path_controls) {
    if (lies_inside != upstream) continue;
    is_any = true;
    if (roster_.target(t).state != TargetState::kDown) return false;
  }
  return is_any;
}

// Nobody vouches for what failed lately, so it was ours: it says nothing about whom it asked.
void Hearing::begin_fault() {
  for (const NetworkIndex index : waiting_) {
    networks_[index].pending.clear();
    networks_[index].is_waiting = false;
  }
  waiting_.clear();
  roster_.forget_failures(vantage_.vouched_until());
}

void Hearing::on_answer(const probes::Result& result, TargetIndex index) {
  TargetEntry& target = roster_.target(index);
  target.failures = 0;
  if (target.is_failed) roster_.edit(index, [](TargetEntry& entry) { entry.is_failed = false; });
  NetworkEntry& network = networks_[target.network];
  if (!network.pending.empty()) {
    std::erase_if(network.pending, [&](const Pending& p) { return p.target == index && p.sent < result.sent; });
  }
  const UsualAnswers& usual = roster_.channel(result.channel).usual;
  if (!usual.is_heard(rules().usual_floor)) return;
  // Of what answers as it should nothing can be believed less: then it does not matter how much this answer says.
  const bool is_beyond_doubt = target.doubt <= kDoubtFloor && network.test.evidence() <= -rules().clip;
  const double evidence = is_beyond_doubt ? 0 : answer_evidence(usual.ratio() * answered_here(), rules());
  if (!is_beyond_doubt) doubt(index, evidence);
  network.answered_sent = std::max(network.answered_sent, result.sent);
  if (network.first_failed <= network.answered_sent) {
    network.first_failed = network.last_failed = kNever;
    network.strain = 0;
  }
  if (network.state != NetworkState::kNormal) note_return(network, result.sent);
  if (network.test.evidence() > -rules().clip) network.test.add(evidence, rules());
  decide(target.network);
}

void Hearing::note_return(NetworkEntry& network, base::MonoTime answered) {
  if (network.first_good == kNever || answered < network.first_good) network.first_good = answered;
}

void Hearing::on_failure(const probes::Result& result, TargetIndex index) {
  TargetEntry& target = roster_.target(index);
  const UsualAnswers& usual = roster_.channel(result.channel).usual;
  if (!usual.is_heard(rules().usual_floor)) return;
  NetworkEntry& network = networks_[target.network];
  const bool is_down = network.state == NetworkState::kOutage;
  if (target.failures < UINT16_MAX) ++target.failures;
  keep_counted(target.network);
  const bool is_full = is_down || target.failures <= full_failures(network.electorate, rules());
  const double full = failure_evidence(usual.ratio() * answered_here(), rules());
  const double evidence = target.is_known_down ? 0 : is_full ? full : kRepeatedFailure;
  // However often one host was silent: had another answered meanwhile, the sum would have begun anew.
  const double strain = target.is_known_down ? 0 : strain_of_failure(rules());
  if (network.pending.size() == kMostPending) network.pending.erase(network.pending.begin());
  network.pending.push_back(
      {result.sent, index, static_cast<float>(evidence), static_cast<float>(strain), static_cast<float>(full)});
  weigh(target.network);
  if (!network.pending.empty() && !std::exchange(network.is_waiting, true)) waiting_.push_back(target.network);
  ask_if_doubtful(target.network, {result.sent, result.channel});
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
      target.first_failed = kNever;
      return true;
    }
    network.test.add(static_cast<double>(p.evidence), rules());
    if (target.failures > 0 && !target.is_failed) {
      roster_.edit(p.target, [](TargetEntry& entry) { entry.is_failed = true; });
    }
    doubt(p.target, static_cast<double>(p.doubt));
    if (target.is_known_down) return true;
    if (p.sent > network.answered_sent) {
      network.first_failed = network.first_failed == kNever ? p.sent : std::min(network.first_failed, p.sent);
      network.last_failed = std::max(network.last_failed, p.sent);
      network.strain += static_cast<double>(p.strain);
    }
    // What seemed to come back did not.
    if (network.state == NetworkState::kOutage && p.sent > network.first_good &&
        network.test.evidence() >= rules().clip) {
      network.first_good = kNever;
      network.last_bad = std::max(network.last_bad, p.sent);
    }
    return true;
  });
}

void Hearing::doubt(TargetIndex index, double evidence) {
  TargetEntry& target = roster_.target(index);
  const bool was_down = target.is_firmly_down();
  target.doubt = std::clamp(target.doubt + static_cast<float>(evidence), kDoubtFloor, kDoubtCeiling);
  if (evidence < 0) {
    // One answer is proof of life.
    target.doubt = std::min(target.doubt, 0.0F);
    if (target.is_known_down) roster_.edit(index, [](TargetEntry& entry) { entry.is_known_down = false; });
  }
  const NetworkEntry& network = networks_[target.network];
  const base::MonoTime failed = target.first_failed == kNever ? target.fell.latest : target.first_failed;
  // While nobody else in the network has answered since, its silence is the network's.
  const bool is_its_own = was_down || network.state == NetworkState::kOutage || network.answered_sent > failed;
  const bool is_firm = target.doubt >= kFirmlyDown && target.state == TargetState::kDown && is_its_own;
  if (was_down == is_firm) return;
  // Others of the network have answered since it fell silent.
  const bool is_known_down =
      network.state == NetworkState::kNormal && network.test.evidence() <= 0 && network.answered_sent > failed;
  roster_.edit(index, [&](TargetEntry& entry) {
    entry.is_firm = is_firm;
    if (is_firm) entry.is_known_down = is_known_down;
  });
  if (!was_down) {
    changes_.push_back({Change::Of::kTarget, index, true, {target.fell.earliest, target.fell.latest}});
  } else {
    const base::MonoTime answered = target.answered_sent;
    const base::MonoTime last = roster_.last_failure(*plan_, index);
    changes_.push_back({Change::Of::kTarget, index, false, {std::min(last, answered), answered}});
  }
}

void Hearing::decide(NetworkIndex index) {
  NetworkEntry& network = networks_[index];
  const bool is_down = network.state == NetworkState::kOutage;
  const double threshold = down_threshold(network.electorate, rules());
  if (network.test.evidence() <= rules().up_threshold) {
    network.patience.on_up(now_);
    set_state(index, NetworkState::kNormal);
  } else if (!is_down && hoped(network) >= threshold) {
    // Of so many no single result changes what they have to say, and summing it up takes time.
    const bool is_quick = roster_.network(index).electors <= kFewElectors;
    is_quick ? count_electorate(index) : keep_counted(index);
    count_silence(index);
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
  if (state == NetworkState::kOutage) {
    network.patience.on_outage();
    const base::MonoTime earliest = network.answered_sent == kNever ? network.first_failed : network.answered_sent;
    changes_.push_back({Change::Of::kNetwork, index, true, {earliest, network.first_failed}});
    network.last_bad = network.last_failed;
    network.first_good = kNever;
  } else if (state == NetworkState::kNormal) {
    const base::MonoTime good = network.first_good == kNever ? now_ : network.first_good;
    const base::MonoTime bad = network.last_bad == kNever ? good : std::min(network.last_bad, good);
    changes_.push_back({Change::Of::kNetwork, index, false, {bad, good}});
    network.first_good = network.last_bad = kNever;
  }
  network.state = state;
  network.since = now_;
  if (state != NetworkState::kOutage) return;
  for (const TargetIndex t : plan_->networks[index].targets) {
    for (const ChannelIndex c : plan_->channels_of(t)) roster_.channel(c).usual.forget_held();
  }
}

void Hearing::keep_counted(NetworkIndex index) {
  NetworkEntry& network = networks_[index];
  if (network.counted != kNever && now_ - network.counted < kElectorateAge) return;
  network.counted = now_;
  count_electorate(index);
}

void Hearing::count_electorate(NetworkIndex index) {
  NetworkEntry& network = networks_[index];
  const NetworkCount& count = roster_.network(index);
  network.electorate = {};
  network.electorate.channels = count.elector_channels;
  network.electorate.targets = count.electors;
  network.electorate.failure_strength = roster_.failure_strength(*plan_, index);
}

void Hearing::count_silence(NetworkIndex index) {
  NetworkEntry& network = networks_[index];
  if (network.first_failed != kNever) network.electorate.silent_for = network.last_failed - network.first_failed;
  network.electorate.strain = network.strain;
  network.electorate.failed_targets = roster_.network(index).failed_electors;
}

void Hearing::advance(base::MonoTime now) {
  pass_time(now);
  if (votes_looked_at_ != kNever && now - votes_looked_at_ < kVotesAge) return;
  votes_looked_at_ = now;
  // A network whose last vote is gone has nobody left to speak for it.
  for (std::size_t n = 0; n < networks_.size(); ++n) {
    const auto index = static_cast<NetworkIndex>(n);
    if (roster_.network(index).voting_targets == 0) set_state(index, NetworkState::kUnknown);
  }
}

void Hearing::restore(ChannelIndex channel, const UsualAnswers::Memory& memory) {
  ChannelEntry& entry = roster_.channel(channel);
  entry.usual.restore(memory);
  roster_.refresh(*plan_, entry.target, kDownAfter);
}

void Hearing::restore_down(TargetIndex index, bool is_known) {
  roster_.edit(index, [&](TargetEntry& entry) {
    entry.doubt = kDoubtCeiling;
    entry.state = TargetState::kDown;
    entry.is_firm = true;
    entry.is_known_down = is_known;
  });
}

}  // namespace blipd::detect
