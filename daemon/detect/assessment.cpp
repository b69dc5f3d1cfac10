#include "daemon/detect/assessment.hpp"

#include <algorithm>
#include <utility>

namespace blipd::detect {

namespace {

template <class Row>
bool is_kept(const std::vector<Row>& now, const std::vector<Row>* before, std::size_t i) {
  return before && i < before->size() && now[i].is_active && (*before)[i].is_active &&
         (*before)[i].since_generation == now[i].since_generation;
}

std::string country_of(const config::Plan& plan, config::NetworkIndex network) {
  return std::string(plan.country_code(network));
}

}  // namespace

Assessment::Assessment(std::shared_ptr<const config::Plan> plan, const base::Moment& start)
    : now_(start), hearing_(plan, start.mono), ledger_(plan->configuration.vantage_name, start) {
  adopt(std::move(plan));
}

void Assessment::adopt(std::shared_ptr<const config::Plan> plan) {
  const auto before = std::exchange(plan_, std::move(plan));
  if (before) hearing_.adopt(plan_);
  signs_.adopt(*plan_, before.get());
  Scene now = scene();
  networks_.resize(plan_->networks.size());
  for (std::size_t i = 0; i < networks_.size(); ++i) {
    if (is_kept(plan_->networks, before ? &before->networks : nullptr, i)) continue;
    const auto index = static_cast<config::NetworkIndex>(i);
    networks_[i].abandon(now);
    networks_[i] = NetworkRecord(
        index, {event::Scope::kNetwork, country_of(*plan_, index), plan_->networks[i].name, std::string()});
  }
  countries_.resize(plan_->countries.size());
  for (std::size_t i = 0; i < countries_.size(); ++i) {
    if (is_kept(plan_->countries, before ? &before->countries : nullptr, i)) continue;
    countries_[i].abandon(now);
    countries_[i] = CountryRecord(static_cast<config::CountryIndex>(i),
                                  {event::Scope::kCountry, plan_->countries[i].code, std::string(), std::string()});
  }
  usual_rtts_.resize(plan_->channels.size());
  for (const config::ChannelIndex i : config::changes_between(before.get(), *plan_).channels)
    usual_rtts_[i] = UsualRtt();
  // Of a target that is not asked any more nothing further will be known.
  std::vector<config::TargetIndex> gone;
  for (const auto& [index, fallen] : targets_) {
    const bool is_same = plan_->targets[index].is_active && plan_->targets[index].name == before->targets[index].name;
    if (!is_same || hearing_.roster().target(index).state == TargetState::kUnknown) gone.push_back(index);
  }
  for (const config::TargetIndex index : gone) end_target(index, {now_.mono, now_.mono}, now);
}

Scene Assessment::scene() {
  return {ledger_, hearing_, *plan_, std::max(now_.mono, hearing_.now()), hearing_.answered_here()};
}

void Assessment::on_result(const probes::Result& result) {
  hearing_.on_result(result);
  const config::PlannedChannel& planned = plan_->channels[result.channel];
  const ChannelEntry& channel = hearing_.roster().channel(result.channel);
  if (result.outcome != probes::Outcome::kAborted) signs_.on_result(result, *plan_, hearing_.roster(), now_);
  if (result.outcome != probes::Outcome::kAborted && !channel.is_control) {
    NetworkRecord& network = networks_[planned.network];
    const bool is_heard = channel.usual.is_heard(plan_->configuration.detect.usual_floor);
    if (result.outcome == probes::Outcome::kAnswered) {
      std::optional<double> excess;
      if (result.rtt) excess = usual_rtts_[result.channel].excess(*result.rtt, !network.is_down());
      const double evidence = hearing_.network(planned.network).test.evidence();
      if (is_heard) network.on_answer(result, excess, evidence <= -plan_->configuration.detect.clip);
    } else if (is_heard) {
      network.on_failure(result, hearing_.roster().target(channel.target).is_known_down);
    }
  }
  take_changes();
}

void Assessment::on_remark(const probes::Remark& remark) {
  if (remark.kind != probes::RemarkKind::kLate) {
    signs_.on_remark(remark, *plan_, now_);
  } else if (!hearing_.roster().channel(remark.channel).is_control) {
    networks_[plan_->channels[remark.channel].network].on_late(remark.at);
  }
}

void Assessment::take_changes() {
  const std::vector<Change> changes = hearing_.take_changes();
  if (changes.empty()) return;
  // Results may be a little ahead of the last advance().
  base::Moment now = now_;
  if (hearing_.now() > now.mono) {
    now.wall += hearing_.now() - now.mono;
    now.boot += hearing_.now() - now.mono;
    now.mono = hearing_.now();
  }
  now_ = now;
  ledger_.set_now(now_);
  Scene here = scene();
  for (const Change& change : changes) {
    switch (change.of) {
      case Change::Of::kNetwork:
        on_network(change, here);
        break;
      case Change::Of::kTarget:
        on_target(change, here);
        break;
      case Change::Of::kVantage:
        on_vantage(change, here);
        break;
    }
  }
}

void Assessment::on_network(const Change& change, Scene& scene) {
  if (plan_->networks[change.index].is_control()) return;
  NetworkRecord& network = networks_[change.index];
  change.is_down ? network.on_down(change.when, scene) : network.on_up(change.when, scene);
  const auto country = plan_->networks[change.index].country;
  if (country && !plan_->countries[*country].is_split && !hearing_.is_at_fault()) {
    countries_[*country].advance(networks_, scene);
  }
}

void Assessment::on_target(const Change& change, Scene& scene) {
  const config::PlannedTarget& target = plan_->targets[change.index];
  if (plan_->networks[target.network].is_control()) return;
  NetworkRecord& network = networks_[target.network];
  if (!change.is_down) {
    network.on_target_back(change.when);
    end_target(change.index, change.when, scene);
    return;
  }
  // The hosts of a network that is down are its order of falling, not events of their own.
  if (network.is_down() || targets_.contains(change.index)) return;
  const Place place{event::Scope::kTarget, country_of(*plan_, target.network), plan_->networks[target.network].name,
                    target.name};
  targets_[change.index].standing.begin(scene, place, event::Kind::kOutage, change.when, [](event::Event& event) {
    event.length = event::Class::kBlip;
    event.reachable = {1.0, 0.0};
  });
}

void Assessment::end_target(config::TargetIndex index, const MonoSpan& given, Scene& scene) {
  const auto found = targets_.find(index);
  if (found == targets_.end()) return;
  const std::string id = found->second.standing.id();
  MonoSpan when = given;
  // None of its failures is known, as after a restart: it was down when this was last written.
  if (when.earliest == kNever) when.earliest = std::min(when.latest, scene.ledger.mono(scene.ledger.get(id).updated));
  scene.ledger.revise(id, [&](event::Event& event) {
    const base::WallTime middle = scene.ledger.wall(when.earliest + (when.latest - when.earliest) / 2);
    if (middle - event.start.middle() >= scene.rules().blip_limit) event.length = event::Class::kOutage;
  });
  found->second.standing.end(scene, when);
  targets_.erase(found);
}

void Assessment::on_vantage(const Change& change, Scene& scene) {
  if (!change.is_down) {
    vantage_.end(scene, change.when);
    return;
  }
  if (vantage_.is_open()) return;
  const Place place{event::Scope::kVantage, "", "", ""};
  vantage_.begin(scene, place, event::Kind::kVantageFault, change.when, [&](event::Event& event) {
    event.reachable = {1.0, hearing_.vantage().answer_ratio().value_or(0)};
  });
}

void Assessment::advance(const base::Moment& now) {
  now_ = now;
  ledger_.set_now(now_);
  hearing_.advance(now.mono);
  take_changes();
  if (round_began_ == kNever) round_began_ = now.mono - kPeriod;
  const base::Duration passed = now.mono - round_began_;
  // Of a round's networks, so many as of its second has passed: a source that lets a whole second pass at once has all
  // of them looked at, and one with short ticks a few each.
  const double share = std::min(1.0, base::to_seconds(passed) / base::to_seconds(kPeriod));
  const auto due = static_cast<std::size_t>(share * static_cast<double>(networks_.size()));
  Scene here = scene();
  const bool is_frozen = hearing_.is_at_fault();
  for (; looked_at_ < due; ++looked_at_) {
    const config::PlannedNetwork& planned = plan_->networks[looked_at_];
    if (!is_frozen && planned.is_active && !planned.is_control()) networks_[looked_at_].advance(here);
  }
  if (passed < kPeriod) return;
  looked_at_ = 0;
  round_began_ = now.mono;
  if (is_frozen) return;
  advance_targets(here);
  advance_countries(here);
}

void Assessment::advance_targets(Scene& scene) {
  for (auto& [index, fallen] : targets_) {
    if (scene.now < fallen.look_at) continue;
    const std::string& id = fallen.standing.id();
    const event::Event& event = ledger_.get(id);
    const base::Duration age = ledger_.wall(scene.now) - event.start.middle();
    if (event.length == event::Class::kBlip && age >= scene.rules().blip_limit) {
      ledger_.revise(id, [](event::Event& e) { e.length = event::Class::kOutage; });
    }
    fallen.standing.review(scene);
    const bool is_blip = event.length == event::Class::kBlip;
    const base::Duration left = (is_blip ? scene.rules().blip_limit : scene.rules().review_after) - age;
    // Rules may change with the configuration, and clocks are slewed.
    fallen.look_at = scene.now + std::clamp(left, base::Duration::zero(), base::Duration(kLook));
  }
}

void Assessment::advance_countries(Scene& scene) {
  for (std::size_t i = 0; i < countries_.size(); ++i) {
    const config::PlannedCountry& country = plan_->countries[i];
    if (country.is_active && !country.is_split) countries_[i].advance(networks_, scene);
  }
}

}  // namespace blipd::detect
