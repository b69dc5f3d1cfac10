#include "daemon/detect/country_record.hpp"

#include <algorithm>
#include <set>

namespace blipd::detect {

namespace {

// Networks that hold so much of the weight must be worse than normal for a country to be degraded.
constexpr double kDegradedWeight = 0.5;

}  // namespace

void CountryRecord::advance(const Networks& networks, Scene& scene) {
  look(networks, scene);
  judge_total(networks, scene);
  judge_partial(networks, scene);
  judge_instability(networks, scene);
  for (const Standing* standing : {&partial_, &instability_}) standing->review(scene);
  learn(scene);
  show(networks, scene);
  advanced_ = scene.now;
}

bool CountryRecord::is_voting(const Scene& scene, config::NetworkIndex network) const {
  return scene.hearing.roster().network(network).voting_targets > 0;
}

void CountryRecord::look(const Networks& networks, Scene& scene) {
  const Roster& roster = scene.hearing.roster();
  standings_.clear();
  for (const config::NetworkIndex n : scene.plan.countries[index_].networks) {
    const NetworkCount& count = roster.network(n);
    NetworkStanding standing{scene.plan.networks[n].weight, scene.hearing.network(n).state, count.reachable_ratio(),
                             std::nullopt, 0};
    const bool is_down = standing.state == NetworkState::kOutage;
    const double up = count.voting_targets - count.down_targets;
    if (count.voting_targets > 0) standing.believed_ratio = is_down ? 0.0 : up / count.voting_targets;
    standing.usual_down = networks[n].usual_down_share();
    standings_.push_back(standing);
  }
  standing_ = stand(standings_);
  if (standing_.is_all_down && !is_total_) standing_.is_all_down = is_broad(scene);
  test_.update(standing_, scene.now, scene.rules());
}

// Whether silence is heard over two protocols and three targets, where there are so many.
bool CountryRecord::is_broad(const Scene& scene) const {
  const Roster& roster = scene.hearing.roster();
  const double floor = scene.rules().usual_floor;
  std::set<std::size_t> protocols;
  std::set<std::size_t> silent_protocols;
  std::size_t targets = 0;
  std::size_t silent_targets = 0;
  for (const config::NetworkIndex n : scene.plan.countries[index_].networks) {
    for (const config::TargetIndex t : scene.plan.networks[n].targets) {
      const TargetEntry& target = roster.target(t);
      if (!target.has_vote() || target.is_known_down) continue;
      ++targets;
      silent_targets += target.is_failed ? 1 : 0;
      for (const auto c : scene.plan.channels_of(t)) {
        const ChannelEntry& channel = roster.channel(c);
        if (!channel.usual.is_heard(floor)) continue;
        const std::size_t protocol = scene.plan.channels[c].spec().ask.index();
        protocols.insert(protocol);
        if (channel.contact.failures() > 0) silent_protocols.insert(protocol);
      }
    }
  }
  return silent_protocols.size() >= std::min<std::size_t>(2, protocols.size()) &&
         silent_targets >= std::min<std::size_t>(3, targets);
}

void CountryRecord::judge_total(const Networks& networks, Scene& scene) {
  const CountryLevel found = test_.level();
  // After a restart a network of which nothing is known yet is no sign of life.
  if (is_resumed_ && (found == CountryLevel::kTotal || standing_.is_any_up)) {
    is_resumed_ = false;
    is_total_ = true;
  }
  const bool is_total = found == CountryLevel::kTotal || (is_total_ && found == CountryLevel::kUnknown);
  if (is_total && !is_total_) begin_total(networks, scene);
  if (!is_total && is_total_) end_total(networks, scene);
  is_total_ = is_total;
  if (outage_.empty()) return;
  if (!is_total_ && !is_resumed_) {
    // A blip is over when it is over; what was an outage may be coming back.
    const bool was_long = scene.ledger.get(outage_).length == event::Class::kOutage;
    const base::Duration patience = was_long ? scene.rules().recovery : scene.rules().relapse;
    if (scene.now - back_since_->latest >= patience) close_outage(scene);
    return;
  }
  lowest_.see(standing_.reachable_ratio.value_or(1), scene.now);
  lowest_.tell(outage_, scene);
  judge_sustained(scene);
  const event::Event& event = scene.ledger.get(outage_);
  const base::Duration age = scene.ledger.wall(scene.now) - event.start.middle();
  if (event.length == event::Class::kBlip && age >= scene.rules().blip_limit) {
    scene.ledger.revise(outage_, [&](event::Event& e) {
      e.length = event::Class::kOutage;
      describe(e, networks, down_since_, scene);
    });
  }
  if (!event.needs_review && age >= scene.rules().review_after) {
    scene.ledger.revise(outage_, [](event::Event& e) { e.needs_review = true; });
  }
  if (is_total_ && event.length == event::Class::kOutage) tally_.run(base::to_seconds(age));
}

// Only a failure is proof. After a fault of the vantage point, what was frozen is shown again until the first answers
// are in: the time that passed meanwhile proves nothing.
void CountryRecord::judge_sustained(Scene& scene) {
  if (is_sustained_ || !is_total_) return;
  base::MonoTime last = kNever;
  for (const config::NetworkIndex n : scene.plan.countries[index_].networks) {
    last = std::max(last, scene.hearing.network(n).last_failed);
  }
  const base::WallTime start = scene.ledger.get(outage_).start.middle();
  is_sustained_ = last != kNever && scene.ledger.wall(last) - start >= scene.rules().sustained;
}

void CountryRecord::begin_total(const Networks& networks, Scene& scene) {
  if (!outage_.empty()) {
    scene.ledger.revise(outage_, [](event::Event& event) { event.end.reset(); });
    back_since_.reset();
    return;
  }
  MonoSpan start{kNever, kNever};
  for (const config::NetworkIndex n : scene.plan.countries[index_].networks) {
    if (!networks[n].is_down()) continue;
    start.earliest = std::max(start.earliest, networks[n].down_since().earliest);
    start.latest = std::max(start.latest, networks[n].down_since().latest);
  }
  if (start.latest == kNever) start = {scene.now, scene.now};
  was_unstable_ = instability_.is_open();
  flaps_.add(std::max(start.latest, flaps_.latest()), scene.rules());
  down_since_ = start;
  lowest_ = Lowest();
  partial_.end(scene, start);
  outage_ = scene.ledger.open(place_, event::Kind::kOutage, start);
  scene.ledger.revise(outage_, [&](event::Event& event) {
    event.length = event::Class::kBlip;
    if (was_unstable_) event.during = instability_.id();
    describe(event, networks, start, scene);
  });
}

void CountryRecord::end_total(const Networks& networks, Scene& scene) {
  // It was over when the first network was back.
  std::optional<MonoSpan> back;
  for (const config::NetworkIndex n : scene.plan.countries[index_].networks) {
    const auto& since = networks[n].back_since();
    if (networks[n].is_down() || !since || since->latest < down_since_.latest) continue;
    if (!back || since->latest < back->latest) back = since;
  }
  back_since_ = back.value_or(MonoSpan{scene.now, scene.now});
  const event::Span span = scene.ledger.wall(*back_since_);
  scene.ledger.revise(outage_, [&](event::Event& event) {
    const base::WallTime earliest = std::max(span.earliest, event.start.latest);
    event.end = event::Span{earliest, std::max(span.latest, earliest)};
    if (event.duration() >= scene.rules().blip_limit) event.length = event::Class::kOutage;
    describe(event, networks, down_since_, scene);
  });
  if (scene.ledger.get(outage_).length == event::Class::kOutage) {
    recovering_until_ = scene.now + scene.rules().recovery;
  }
}

void CountryRecord::close_outage(Scene& scene) {
  tally_.finish(scene.ledger.get(outage_));
  scene.ledger.release(outage_);
  outage_.clear();
  is_sustained_ = false;
}

// When each network, or each host of those that are still up, fell; in order.
std::vector<MonoSpan> CountryRecord::falls_of(const Networks& networks, const Scene& scene) const {
  std::vector<MonoSpan> falls;
  for (const config::NetworkIndex n : scene.plan.countries[index_].networks) {
    if (networks[n].is_down()) {
      falls.push_back(networks[n].down_since());
      continue;
    }
    for (const config::TargetIndex t : scene.plan.networks[n].targets) {
      const TargetEntry& target = scene.hearing.roster().target(t);
      if (target.has_vote() && target.is_firmly_down() && !target.is_known_down) falls.push_back(target.fell);
    }
  }
  std::ranges::sort(falls, {}, &MonoSpan::latest);
  return falls;
}

void CountryRecord::judge_partial(const Networks& networks, Scene& scene) {
  if (scene.now < patient_until_) return;
  const bool holds = test_.level() == CountryLevel::kPartial && !is_resumed_;
  if (!holds) {
    partial_from_ = kNever;
    if (!partial_.is_open()) return;
    recovering_until_ = scene.now + scene.rules().recovery;
    MonoSpan end{scene.now, scene.now};
    for (const config::NetworkIndex n : scene.plan.countries[index_].networks) {
      const auto& back = networks[n].back_since();
      if (back && scene.now - back->latest < std::chrono::minutes(1)) end = *back;
    }
    partial_.end(scene, end);
    return;
  }
  if (partial_from_ == kNever) partial_from_ = scene.now;
  const double share = standing_.believed_ratio.value_or(1);
  if (partial_.is_open()) {
    if (!lowest_.see(share, scene.now)) return;
    scene.ledger.revise(partial_.id(), [&](event::Event& event) { describe(event, networks, down_since_, scene); });
    return;
  }
  // Networks that fall, or come back, one after the other pass through partial on their way.
  if (scene.now - partial_from_ < scene.rules().partial_hold) return;
  const std::vector<MonoSpan> falls = falls_of(networks, scene);
  MonoSpan start{partial_from_, partial_from_};
  // What is left of a total outage begins where that ended.
  const bool is_rest = back_since_ && !falls.empty() && falls.front().latest <= back_since_->earliest;
  if (is_rest) {
    start = *back_since_;
  } else if (!falls.empty()) {
    start = falls.front();
  }
  was_unstable_ = instability_.is_open();
  flaps_.add(std::max(start.latest, flaps_.latest()), scene.rules());
  down_since_ = start;
  lowest_ = Lowest(share);
  partial_.begin(scene, place_, event::Kind::kPartial, start,
                 [&](event::Event& event) { describe(event, networks, start, scene); });
}

void CountryRecord::judge_instability(const Networks& networks, Scene& scene) {
  flaps_.advance(scene.now, is_total_, scene.rules());
  double weight = 0;
  double unstable = 0;
  MonoSpan first{scene.now, scene.now};
  std::uint32_t flaps = 0;
  MonoSpan last{kNever, kNever};
  for (const config::NetworkIndex n : scene.plan.countries[index_].networks) {
    if (!is_voting(scene, n)) continue;
    weight += scene.plan.networks[n].weight;
    const Flaps& of_network = networks[n].flaps();
    if (const auto& back = networks[n].back_since(); back && back->latest > last.latest) last = *back;
    if (!of_network.is_unstable()) continue;
    unstable += scene.plan.networks[n].weight;
    const base::MonoTime start = of_network.first_since(scene.now, scene.rules().flap_window, beat_ended_);
    if (start < first.latest) first = {start, start};
    flaps = std::max(flaps, of_network.count(scene.now, scene.now - start));
  }
  const bool is_own = flaps_.is_unstable();
  const bool holds = is_own || (weight > 0 && unstable > 0 && unstable >= scene.rules().unstable_weight * weight);
  if (holds && !instability_.is_open()) {
    if (is_own) {
      const base::MonoTime start = flaps_.first_since(scene.now, scene.rules().flap_window, beat_ended_);
      if (start < first.latest) first = {start, start};
      flaps = std::max(flaps, flaps_.count(scene.now, scene.now - start));
    }
    instability_.begin(scene, place_, event::Kind::kInstability, first, [&](event::Event& event) {
      event.flaps = flaps;
      event.reachable = {usual_share_.mean(), standing_.reachable_ratio.value_or(1)};
    });
  } else if (holds && flaps > scene.ledger.get(instability_.id()).flaps) {
    scene.ledger.revise(instability_.id(), [&](event::Event& event) { event.flaps = flaps; });
  } else if (!holds && instability_.is_open() && scene.now >= patient_until_) {
    if (last.latest == kNever) last = {scene.now, scene.now};
    beat_ended_ = last.latest;
    instability_.end(scene, last);
  }
}

void CountryRecord::learn(Scene& scene) {
  const bool is_calm = test_.level() == CountryLevel::kNormal && standing_.down_share == 0 && !partial_.is_open();
  if (advanced_ != kNever && is_calm && !flaps_.is_unstable()) flaps_.watched(scene.now - advanced_);
  if (shares_learned_ != kNever && scene.now - shares_learned_ < kShareSample) return;
  shares_learned_ = scene.now;
  if (standing_.reachable_ratio && is_calm) {
    usual_share_.learn(*standing_.reachable_ratio, scene.rules().usual_alpha);
  }
}

void CountryRecord::show(const Networks& networks, Scene& scene) {
  CountryLevel level = test_.level();
  if (level == CountryLevel::kNormal) {
    double weight = 0;
    double worse = 0;
    for (const config::NetworkIndex n : scene.plan.countries[index_].networks) {
      if (!is_voting(scene, n)) continue;
      weight += scene.plan.networks[n].weight;
      const NetworkState state = networks[n].state();
      const bool is_worse =
          state == NetworkState::kDegraded || state == NetworkState::kPartial || state == NetworkState::kOutage;
      worse += is_worse ? scene.plan.networks[n].weight : 0;
    }
    if (scene.now < recovering_until_) {
      level = CountryLevel::kRecovering;
    } else if (worse > 0 && worse >= kDegradedWeight * weight) {
      level = CountryLevel::kDegraded;
    }
  }
  if (level == level_) return;
  level_ = level;
  since_ = scene.now;
}

void CountryRecord::describe(event::Event& event, const Networks& networks, const MonoSpan& start,
                             const Scene& scene) const {
  std::vector<Part> fallen;
  std::vector<Part> hosts;
  std::vector<std::vector<event::Before>> before;
  std::vector<event::Failures> failures;
  double degraded = 0;
  double whole = 0;
  bool is_path_down = true;
  std::string path;
  for (const config::NetworkIndex n : scene.plan.countries[index_].networks) {
    if (!is_voting(scene, n)) continue;
    const double weight = scene.plan.networks[n].weight;
    Part network{scene.plan.networks[n].name, weight, std::nullopt};
    if (networks[n].is_down()) network.fell = scene.ledger.wall(networks[n].down_since());
    fallen.push_back(network);
    const std::vector<Part> parts = networks[n].parts(start, scene);
    for (Part part : parts) {
      part.weight = weight / static_cast<double>(parts.size());
      hosts.push_back(part);
    }
    before.push_back(networks[n].before(start.earliest));
    failures.push_back(networks[n].failures());
    whole += weight;
    degraded += networks[n].was_degraded(start.earliest) ? weight : 0;
    const std::string& upstream = scene.plan.networks[n].upstream;
    const bool is_down = scene.hearing.is_path_down(upstream);
    is_path_down = is_path_down && is_down;
    if (is_down) path += (path.empty() ? "" : ", ") + upstream;
  }
  const bool is_new = event.revision == 0;
  // Once networks come back, who fell when is known no better than before.
  if (!event.end || event.onset.order.empty()) {
    event.onset.order = order_of(fallen);
    event.onset.fall = fall_of(hosts);
    event.onset.shape = shape_of(was_unstable_, degraded > 0 && degraded >= kDegradedWeight * whole, event.onset);
    event.onset.before = joined(before);
    for (std::size_t i = 0; i < event.onset.before.size(); ++i) {
      event.onset.before[i].flaps = std::max(
          flaps_.count(start.earliest - base::Duration(1), event.onset.before[i].length), most_flaps(before, i));
    }
  }
  if (is_new) event.onset.failures = joined(failures);
  event.reachable = {usual_share_.mean(), lowest_.share()};
  if (event.path.empty() && is_path_down) event.path = path;
}

std::uint32_t CountryRecord::most_flaps(const std::vector<std::vector<event::Before>>& before, std::size_t i) {
  std::uint32_t most = 0;
  for (const auto& of_network : before) most = std::max(most, of_network[i].flaps);
  return most;
}

void CountryRecord::abandon(Scene& scene) {
  if (is_total_ || is_resumed_) end_total({}, scene);
  if (!outage_.empty()) close_outage(scene);
  for (Standing* standing : {&partial_, &instability_}) standing->end(scene, {scene.now, scene.now});
}

void CountryRecord::restore(const Memory& memory) {
  flaps_.restore(memory.flaps);
  if (memory.usual_share >= 0) usual_share_.restore(memory.usual_share);
}

void CountryRecord::resume(const event::Event& event, const Ledger& ledger, base::MonoTime now) {
  patient_until_ = now + std::chrono::minutes(2);
  switch (event.kind) {
    case event::Kind::kOutage:
      outage_ = event.id;
      is_resumed_ = true;
      lowest_ = Lowest(event.reachable.lowest);
      down_since_ = {ledger.mono(event.start.earliest), ledger.mono(event.start.latest)};
      break;
    case event::Kind::kPartial:
      partial_.adopt(event.id);
      break;
    case event::Kind::kInstability:
      instability_.adopt(event.id);
      break;
    case event::Kind::kDegraded:
    case event::Kind::kVantageFault:
      break;
  }
}

}  // namespace blipd::detect
