#include "daemon/detect/judge.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "daemon/detect/asking.hpp"
#include "daemon/detect/network_test.hpp"
#include "daemon/detect/reachable.hpp"
#include "daemon/detect/roster.hpp"
#include "daemon/detect/vantage.hpp"
#include "daemon/detect/witness.hpp"

namespace blipd::detect {

namespace {

using config::CountryIndex;
using config::NetworkIndex;
using config::TargetIndex;
using probes::ChannelIndex;

// A failure that nobody has vouched for yet.
struct Pending {
  base::MonoTime sent{};
  TargetIndex target = 0;
  float evidence = 0;
};
// Of one network; the oldest give way. A network has crossed any threshold long before.
constexpr std::size_t kMostPending = 256;
// Who can testify is counted again this often.
constexpr base::Duration kElectorateAge = std::chrono::seconds(10);
// Controls are not asked out of turn more often than this.
constexpr base::Duration kControlPause = std::chrono::seconds(2);
constexpr base::Duration kCountryPeriod = std::chrono::seconds(1);

struct NetworkEntry {
  NetworkTest test;
  NetworkState state = NetworkState::kUnknown;
  std::optional<base::MonoTime> since;
  std::vector<Pending> pending;
  base::MonoTime answered_sent = kNever;  // of the latest answered probe with a vote
  base::MonoTime first_failed = kNever;   // of the believed failures sent since then; kNever: none
  base::MonoTime last_failed = kNever;
  bool is_waiting = false;  // listed as having pending failures
  Electorate electorate;
  base::MonoTime counted = kNever;  // when electorate was
  UsualShare usual_share;
  Pace pace;
};

struct CountryEntry {
  CountryTest test;
  CountryStanding standing;
  UsualShare usual_share;
};

template <class Row>
bool is_kept(const std::vector<Row>& now, const std::vector<Row>* before, std::size_t i) {
  return before && i < before->size() && now[i].is_active && (*before)[i].since_generation == now[i].since_generation;
}

}  // namespace

class Judge::Impl {
 public:
  Impl(std::shared_ptr<const config::Plan> plan, base::MonoTime start) : now_(start) { adopt(std::move(plan)); }

  void adopt(std::shared_ptr<const config::Plan> plan);
  void on_sent(ChannelIndex channel, base::MonoTime at) {
    if (roster_.channel(channel).is_control) witnesses_[channel].on_sent(at);
  }
  bool is_void(const probes::Result& result) const;
  void on_result(const probes::Result& result);
  void advance(base::MonoTime now);

  std::shared_ptr<const config::Plan> plan_;
  base::MonoTime now_;
  Roster roster_;
  VantageTest vantage_;
  std::vector<NetworkEntry> networks_;
  std::vector<CountryEntry> countries_;
  AskList ask_list_;
  std::unordered_map<ChannelIndex, Witness> witnesses_;  // of the controls' channels; nodes stay where they are

  bool is_at_fault() const { return vantage_.state() == VantageState::kFault; }

 private:
  const config::Detect& rules() const { return plan_->configuration.detect; }
  std::uint16_t control_down_after() const { return controls_.size() < kManyControls ? kDownAfter : 1; }

  void testify(const probes::Result& result);
  void on_control(bool is_first_failure);
  void update_vantage();
  void begin_fault();
  void on_answer(const probes::Result& result, TargetIndex target);
  void on_failure(const probes::Result& result, TargetIndex target);
  void weigh(NetworkIndex index);
  void decide(NetworkIndex index);
  void set_state(NetworkIndex index, NetworkState state);
  void ask_network(NetworkIndex index, const probes::Result& failure);
  void ask_controls();
  void count_electorate(NetworkIndex index);
  void update_countries();
  void learn_shares();

  std::vector<TargetIndex> controls_;
  std::vector<ControlView> control_views_;
  std::vector<NetworkIndex> waiting_;  // networks with pending failures; some may have settled since
  base::MonoTime controls_asked_ = kNever;
  base::MonoTime countries_updated_ = kNever;
  base::MonoTime shares_learned_ = kNever;
  bool are_countries_stale_ = true;
};

void Judge::Impl::adopt(std::shared_ptr<const config::Plan> plan) {
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

bool Judge::Impl::is_void(const probes::Result& result) const {
  const bool is_failure = result.outcome == probes::Outcome::kLost || result.outcome == probes::Outcome::kUnreachable;
  if (!is_failure || !vantage_.is_void(result.sent)) return false;
  return !roster_.channel(result.channel).is_control;
}

void Judge::Impl::on_result(const probes::Result& result) {
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

void Judge::Impl::testify(const probes::Result& result) {
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

void Judge::Impl::on_control(bool is_first_failure) {
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

void Judge::Impl::update_vantage() {
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
void Judge::Impl::begin_fault() {
  for (const NetworkIndex index : waiting_) {
    networks_[index].pending.clear();
    networks_[index].is_waiting = false;
  }
  waiting_.clear();
  roster_.forget_failures(*plan_, vantage_.vouched_until());
}

void Judge::Impl::on_answer(const probes::Result& result, TargetIndex index) {
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

void Judge::Impl::on_failure(const probes::Result& result, TargetIndex index) {
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
void Judge::Impl::weigh(NetworkIndex index) {
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

void Judge::Impl::decide(NetworkIndex index) {
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

void Judge::Impl::set_state(NetworkIndex index, NetworkState state) {
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

void Judge::Impl::ask_network(NetworkIndex index, const probes::Result& failure) {
  if (!plan_->configuration.engine.ask_at_once || is_at_fault()) return;
  if (!networks_[index].pace.take(now_)) return;
  for (const TargetIndex t : plan_->networks[index].targets) {
    for (const ChannelIndex c : plan_->targets[t].channels) {
      if (c != failure.channel) ask_list_.add(c);
    }
  }
  if (vantage_.testimony(failure.sent) != Testimony::kVouched) ask_controls();
}

void Judge::Impl::ask_controls() {
  if (!plan_->configuration.engine.ask_at_once || is_at_fault()) return;
  if (controls_asked_ != kNever && now_ - controls_asked_ < kControlPause) return;
  controls_asked_ = now_;
  for (const TargetIndex t : controls_) {
    for (const ChannelIndex c : plan_->targets[t].channels) ask_list_.add(c);
  }
}

void Judge::Impl::count_electorate(NetworkIndex index) {
  NetworkEntry& network = networks_[index];
  if (network.counted != kNever && now_ - network.counted < kElectorateAge) return;
  network.counted = now_;
  network.electorate = roster_.electorate(*plan_, index);
}

void Judge::Impl::advance(base::MonoTime now) {
  now_ = std::max(now_, now);
  if (countries_updated_ == kNever || are_countries_stale_ || now_ - countries_updated_ >= kCountryPeriod) {
    update_countries();
  }
  if (shares_learned_ == kNever || now_ - shares_learned_ >= kShareSample) learn_shares();
}

void Judge::Impl::update_countries() {
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

void Judge::Impl::learn_shares() {
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

Judge::Judge(std::shared_ptr<const config::Plan> plan, base::MonoTime start)
    : impl_(std::make_unique<Impl>(std::move(plan), start)) {}
Judge::~Judge() = default;

void Judge::on_sent(ChannelIndex channel, base::MonoTime at) { impl_->on_sent(channel, at); }
bool Judge::is_void(const probes::Result& result) const { return impl_->is_void(result); }
void Judge::on_result(const probes::Result& result) { impl_->on_result(result); }
void Judge::advance(base::MonoTime now) { impl_->advance(now); }
void Judge::adopt(std::shared_ptr<const config::Plan> plan) { impl_->adopt(std::move(plan)); }
std::vector<ChannelIndex> Judge::take_urgent() { return impl_->ask_list_.take(); }

ChannelVerdict Judge::channel(ChannelIndex index) const {
  const UsualAnswers& usual = impl_->roster_.channel(index).usual;
  ChannelVerdict verdict;
  if (usual.is_learned()) verdict.usual_answer_ratio = usual.ratio();
  verdict.has_vote = usual.has_vote(impl_->plan_->configuration.detect.usual_floor);
  return verdict;
}

TargetState Judge::target(TargetIndex index) const {
  const TargetEntry& target = impl_->roster_.target(index);
  const bool is_of_control = impl_->plan_->networks[target.network].is_control();
  return impl_->is_at_fault() && !is_of_control ? TargetState::kUnknown : target.state;
}

NetworkVerdict Judge::network(NetworkIndex index) const {
  const NetworkEntry& network = impl_->networks_[index];
  NetworkVerdict verdict{network.state, network.test.evidence(), impl_->roster_.network(index).reachable_ratio(),
                         network.usual_share.mean(), network.since};
  if (impl_->is_at_fault() && !impl_->plan_->networks[index].is_control()) {
    verdict.state = NetworkState::kUnknown;
    verdict.reachable_ratio.reset();
    verdict.since = impl_->vantage_.since();
  }
  return verdict;
}

CountryVerdict Judge::country(CountryIndex index) const {
  const CountryEntry& country = impl_->countries_[index];
  CountryVerdict verdict{country.test.level(), country.standing.reachable_ratio, country.usual_share.mean(),
                         country.test.since()};
  if (impl_->is_at_fault()) {
    verdict.level = CountryLevel::kUnknown;
    verdict.reachable_ratio.reset();
    verdict.since = impl_->vantage_.since();
  }
  return verdict;
}

VantageVerdict Judge::vantage() const {
  return {impl_->vantage_.state(), impl_->vantage_.answer_ratio(), impl_->vantage_.since()};
}

}  // namespace blipd::detect
