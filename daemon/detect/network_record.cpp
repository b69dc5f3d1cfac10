#include "daemon/detect/network_record.hpp"

#include <algorithm>
#include <array>

#include "daemon/detect/tails.hpp"

namespace blipd::detect {

namespace {

// A target that fell so long before belongs to the same fall.
constexpr base::Duration kOneFall = std::chrono::hours(1);
constexpr std::array<base::Duration, 3> kBefore = {std::chrono::hours(1), std::chrono::hours(6),
                                                   std::chrono::hours(24)};
// A fall that was long in coming: degraded for at least so long.
constexpr base::Duration kSlide = std::chrono::minutes(10);
// The share of hosts that are usually down is learned over three days, since hosts fall seldom and for long; and never
// believed to be less than four minutes of a host's day.
constexpr double kUsualDownAlpha = 1.0 / (86400.0 * 3 / 10);
constexpr double kLeastDown = 0.0025;
// That a probe is overdue or lost is known after so long, as a rule.
constexpr base::Duration kKnown = std::chrono::seconds(5);
// Loss is known over so long only: that is how exactly a degradation's start and end are known.
constexpr base::Duration kLossWindow = LossWatch::kBucket * LossWatch::kBuckets;

void count(event::Failures& failures, const probes::Result& result) {
  if (result.outcome != probes::Outcome::kUnreachable || !result.notice) {
    ++failures.silent;
    return;
  }
  ++failures.unreachable;
  const std::string sender = result.notice->sender.to_string();
  for (event::Notice& notice : failures.notices) {
    if (notice.type == result.notice->type && notice.code == result.notice->code && notice.sender == sender) {
      ++notice.count;
      return;
    }
  }
  if (failures.notices.size() < event::Failures::kMostNotices) {
    failures.notices.push_back({result.notice->type, result.notice->code, sender, 1});
  }
}

}  // namespace

void NetworkRecord::on_answer(const probes::Result& result, std::optional<double> excess, bool is_at_floor) {
  precursors_.on_answer(result.settled);
  if (excess) precursors_.on_excess(result.settled, *excess);
  if (is_down_) return;
  loss_.add(false);
  if (excess) rtt_.add(*excess);
  if (is_at_floor) failures_ = {};
}

void NetworkRecord::on_failure(const probes::Result& result, bool is_of_dead_host) {
  if (is_of_dead_host) return;
  precursors_.on_failure(result.settled);
  if (is_down_) return;
  loss_.add(true);
  count(failures_, result);
}

void NetworkRecord::on_down(const MonoSpan& when, Scene& scene) {
  was_unstable_ = flaps_.is_unstable();
  flaps_.add(std::max(when.latest, flaps_.latest()), scene.rules());
  is_down_ = true;
  const bool is_relapse = !outage_.empty() && back_since_ && when.latest - back_since_->latest < scene.rules().relapse;
  if (is_resumed_) {
    is_resumed_ = false;
  } else if (is_relapse) {
    scene.ledger.revise(outage_, [](event::Event& event) { event.end.reset(); });
  } else {
    close_outage(scene);
    down_since_ = when;
    lowest_ = Lowest();
    partial_.end(scene, when);
    if (degraded_.is_open()) degraded_until_ = scene.now;
    degraded_.end(scene, when);
    outage_ = scene.ledger.open(place_, event::Kind::kOutage, when);
    scene.ledger.revise(outage_, [&](event::Event& event) {
      event.length = event::Class::kBlip;
      if (was_unstable_) event.during = instability_.id();
      describe(event, when, scene);
    });
  }
  back_since_.reset();
  judge_instability(scene);
  show(scene);
}

void NetworkRecord::on_up(const MonoSpan& given, Scene& scene) {
  if (!is_down_ && !is_resumed_) return;
  MonoSpan when = given;
  if (is_resumed_) when.earliest = std::min(when.latest, scene.ledger.mono(scene.ledger.get(outage_).updated));
  is_down_ = false;
  is_resumed_ = false;
  back_since_ = when;
  const event::Span span = scene.ledger.wall(when);
  scene.ledger.revise(outage_, [&](event::Event& event) {
    const base::WallTime earliest = std::max(span.earliest, event.start.latest);
    event.end = event::Span{earliest, std::max(span.latest, earliest)};
    if (event.duration() >= scene.rules().blip_limit) event.length = event::Class::kOutage;
    describe(event, down_since_, scene);
  });
  const bool was_long = scene.ledger.get(outage_).length == event::Class::kOutage;
  if (was_long) recovering_until_ = scene.now + scene.rules().recovery;
  loss_.clear();
  failures_ = {};
  show(scene);
}

void NetworkRecord::close_outage(Scene& scene) {
  if (outage_.empty()) return;
  tally_.finish(scene.ledger.get(outage_));
  scene.ledger.release(outage_);
  outage_.clear();
  is_sustained_ = false;
}

void NetworkRecord::advance(Scene& scene) {
  judge_outage(scene);
  flaps_.advance(scene.now, is_down_, scene.rules());
  judge_instability(scene);
  judge_partial(scene);
  judge_degraded(scene);
  for (const Standing* standing : {&instability_, &partial_, &degraded_}) standing->review(scene);
  learn(scene);
  show(scene);
  advanced_ = scene.now;
}

void NetworkRecord::judge_outage(Scene& scene) {
  if (outage_.empty()) return;
  const auto ratio = scene.hearing.roster().network(index_).reachable_ratio();
  if ((is_down_ || is_resumed_) && ratio) lowest_.see(*ratio, scene.now);
  if (!is_down_ && !is_resumed_) {
    // A fall that began in time may take a moment to be known.
    if (scene.now - back_since_->latest <= scene.rules().relapse + kKnown) return;
    const base::MonoTime silent = scene.hearing.silent_since(index_);
    if (silent != kNever && silent - back_since_->latest < scene.rules().relapse) return;
    close_outage(scene);
    return;
  }
  lowest_.tell(outage_, scene);
  const event::Event& event = scene.ledger.get(outage_);
  const base::Duration age = scene.ledger.wall(scene.now) - event.start.middle();
  // As long as is proven: it may be over and nobody know yet.
  const base::MonoTime last = scene.hearing.network(index_).last_failed;
  const base::Duration proven =
      last == kNever ? base::Duration::zero() : scene.ledger.wall(last) - event.start.middle();
  is_sustained_ = is_sustained_ || (last != kNever && proven >= scene.rules().sustained);
  if (event.length == event::Class::kBlip && proven >= scene.rules().blip_limit) {
    scene.ledger.revise(outage_, [&](event::Event& e) {
      e.length = event::Class::kOutage;
      describe(e, down_since_, scene);
    });
  }
  if (!event.needs_review && age >= scene.rules().review_after) {
    scene.ledger.revise(outage_, [](event::Event& e) { e.needs_review = true; });
  }
  if (is_down_ && event.length == event::Class::kOutage) tally_.run(base::to_seconds(age));
}

void NetworkRecord::judge_instability(Scene& scene) {
  if (flaps_.is_unstable() && !instability_.is_open()) {
    const base::MonoTime first = flaps_.first_since(scene.now, scene.rules().flap_window, beat_ended_);
    const std::uint32_t flaps = flaps_.count(scene.now, scene.now - first);
    instability_.begin(scene, place_, event::Kind::kInstability, {first, first}, [&](event::Event& event) {
      event.flaps = flaps;
      event.reachable = {usual_share_.mean(), lowest_.share()};
      event.onset.before = before(first);
    });
    flaps_seen_ = flaps_.total();
  } else if (flaps_.is_unstable() && flaps_.total() != flaps_seen_) {
    const auto more = static_cast<std::uint32_t>(flaps_.total() - flaps_seen_);
    flaps_seen_ = flaps_.total();
    scene.ledger.revise(instability_.id(), [&](event::Event& event) {
      event.flaps += more;
      event.reachable.lowest = std::min(event.reachable.lowest, lowest_.share());
    });
  } else if (!flaps_.is_unstable() && instability_.is_open()) {
    // The beat was over when it last came back; that it was has only shown since.
    const MonoSpan end = back_since_.value_or(MonoSpan{scene.now, scene.now});
    beat_ended_ = end.latest;
    instability_.end(scene, end);
  }
}

void NetworkRecord::judge_partial(Scene& scene) {
  const std::uint32_t voting = scene.hearing.roster().network(index_).voting_targets;
  const std::uint32_t down = scene.hearing.roster().network(index_).down_targets;
  const double expected = std::min(1.0, 2 * std::clamp(usual_down_.mean(), kLeastDown, 0.5));
  const auto is_unusual = [&](std::uint32_t fallen) {
    return fallen >= 2 && is_binomial_tail_below(scene.rules().chance, voting, expected, fallen);
  };
  // Of all of them the network test is to speak.
  const bool holds = !is_down_ && !is_resumed_ && down < voting && is_unusual(down);
  if (!holds) {
    if (scene.now < patient_until_ && !is_down_) return;
    partial_from_ = kNever;
    if (partial_.is_open() && !is_down_) recovering_until_ = scene.now + scene.rules().recovery;
    partial_.end(scene, target_back_);
    return;
  }
  if (partial_from_ == kNever) partial_from_ = scene.now;
  const double reachable = 1.0 - static_cast<double>(down) / voting;
  if (partial_.is_open()) {
    if (!lowest_.see(reachable, scene.now)) return;
    scene.ledger.revise(partial_.id(), [&](event::Event& event) { event.reachable.lowest = reachable; });
    return;
  }
  if (scene.now - partial_from_ < scene.rules().partial_hold) return;
  std::uint32_t first = 2;
  while (!is_unusual(first)) ++first;
  const MonoSpan start = nth_fall(first, scene);
  lowest_ = Lowest(reachable);
  was_unstable_ = flaps_.is_unstable();
  partial_.begin(scene, place_, event::Kind::kPartial, start,
                 [&](event::Event& event) { describe(event, start, scene); });
}

// Of the targets that are firmly down; `n` counts from 1.
MonoSpan NetworkRecord::nth_fall(std::size_t n, const Scene& scene) const {
  std::vector<MonoSpan> falls;
  for (const config::TargetIndex t : scene.plan.networks[index_].targets) {
    const TargetEntry& target = scene.hearing.roster().target(t);
    if (target.has_vote() && target.is_firmly_down()) falls.push_back(target.fell);
  }
  std::ranges::sort(falls, {}, &MonoSpan::latest);
  return falls[n - 1];
}

void NetworkRecord::judge_degraded(Scene& scene) {
  loss_.advance(scene.now, is_calm(scene), scene.answered_here, scene.rules());
  if (minute_ends_ == kNever) minute_ends_ = scene.now + std::chrono::minutes(1);
  if (scene.now >= minute_ends_) {
    minute_ends_ = scene.now + std::chrono::minutes(1);
    rtt_.close_minute(is_calm(scene), scene.rules());
  }
  const bool holds = !is_down_ && !is_resumed_ && !partial_.is_open() && (loss_.is_high() || rtt_.is_high());
  if (holds && !degraded_.is_open()) {
    const MonoSpan start{std::max(scene.now - kLossWindow, degraded_until_), scene.now};
    degraded_from_ = scene.now;
    degraded_.begin(scene, place_, event::Kind::kDegraded, start, [&](event::Event& event) {
      event.reachable = {usual_share_.mean(), scene.hearing.roster().network(index_).reachable_ratio().value_or(1)};
      event.onset.before = before(start.earliest);
      event.onset.failures = failures_;
      event.onset.shape = event::Shape::kGradual;
    });
  } else if (!holds && degraded_.is_open() && scene.now >= patient_until_) {
    degraded_until_ = scene.now;
    degraded_.end(scene, {scene.now - kLossWindow, scene.now});
  }
}

bool NetworkRecord::was_degraded(base::MonoTime start) const {
  if (degraded_from_ == kNever || degraded_from_ + kSlide > start) return false;
  const base::MonoTime until = degraded_.is_open() ? start : degraded_until_;
  return until - degraded_from_ >= kSlide && start - until < kOneFall;
}

bool NetworkRecord::is_calm(const Scene& scene) const {
  const NetworkEntry& network = scene.hearing.network(index_);
  return network.state == NetworkState::kNormal && network.test.evidence() <= scene.rules().up_threshold &&
         !is_resumed_ && !partial_.is_open() && !degraded_.is_open();
}

void NetworkRecord::learn(Scene& scene) {
  if (advanced_ != kNever && is_calm(scene) && !flaps_.is_unstable()) flaps_.watched(scene.now - advanced_);
  if (shares_learned_ != kNever && scene.now - shares_learned_ < kShareSample) return;
  shares_learned_ = scene.now;
  const NetworkCount& count = scene.hearing.roster().network(index_);
  const auto share = count.reachable_ratio();
  if (!share || !is_calm(scene)) return;
  usual_share_.learn(*share, scene.rules().usual_alpha);
  usual_down_.learn(static_cast<double>(count.down_targets) / count.voting_targets, kUsualDownAlpha);
}

void NetworkRecord::show(Scene& scene) {
  NetworkState state = scene.hearing.network(index_).state;
  if (state == NetworkState::kNormal) {
    if (partial_.is_open()) {
      state = NetworkState::kPartial;
    } else if (scene.now < recovering_until_) {
      state = NetworkState::kRecovering;
    } else if (degraded_.is_open()) {
      state = NetworkState::kDegraded;
    }
  }
  if (state == state_) return;
  state_ = state;
  since_ = scene.now;
}

std::vector<event::Before> NetworkRecord::before(base::MonoTime start) const {
  std::vector<event::Before> result;
  for (const base::Duration length : kBefore) result.push_back(precursors_.before(start, length, flaps_));
  return result;
}

std::vector<Part> NetworkRecord::parts(const MonoSpan& start, const Scene& scene) const {
  std::vector<Part> parts;
  for (const config::TargetIndex t : scene.plan.networks[index_].targets) {
    const TargetEntry& target = scene.hearing.roster().target(t);
    if (!target.has_vote() || target.is_known_down) continue;
    Part part{scene.plan.targets[t].name, 1, std::nullopt};
    const bool has_fallen = target.fell.latest != kNever && target.fell.latest + kOneFall >= start.earliest;
    if (has_fallen) part.fell = scene.ledger.wall(target.fell);
    parts.push_back(std::move(part));
  }
  return parts;
}

event::Onset NetworkRecord::onset(const MonoSpan& start, const Scene& scene) const {
  const std::vector<Part> all = parts(start, scene);
  event::Onset onset;
  onset.order = order_of(all);
  onset.fall = fall_of(all);
  onset.before = before(start.earliest);
  onset.shape = shape_of(was_unstable_, was_degraded(start.earliest), onset);
  return onset;
}

// Facts of the onset grow until all of it has fallen; how it failed is what it failed by until it was declared.
void NetworkRecord::describe(event::Event& event, const MonoSpan& start, const Scene& scene) const {
  const bool is_new = event.revision == 0;
  event::Failures failures = is_new ? failures_ : event.onset.failures;
  event.onset = onset(start, scene);
  event.onset.failures = std::move(failures);
  event.reachable = {usual_share_.mean(), lowest_.share()};
  const std::string& upstream = scene.plan.networks[index_].upstream;
  if (event.path.empty() && scene.hearing.is_path_down(upstream)) event.path = upstream;
}

void NetworkRecord::abandon(Scene& scene) {
  if (is_down_ || is_resumed_) on_up({scene.now, scene.now}, scene);
  close_outage(scene);
  for (Standing* standing : {&instability_, &partial_, &degraded_}) standing->end(scene, {scene.now, scene.now});
}

NetworkRecord::Memory NetworkRecord::memory() const {
  return {flaps_.memory(), loss_.memory(), usual_share_.mean().value_or(-1), usual_down_.mean()};
}

void NetworkRecord::restore(const Memory& memory) {
  flaps_.restore(memory.flaps);
  flaps_seen_ = flaps_.total();
  loss_.restore(memory.loss);
  if (memory.usual_share >= 0) usual_share_.restore(memory.usual_share);
  usual_down_ = SlowMean(static_cast<float>(memory.usual_down), 1000.0F);
}

void NetworkRecord::resume(const event::Event& event, const Ledger& ledger, base::MonoTime now) {
  patient_until_ = now + kLossWindow;
  switch (event.kind) {
    case event::Kind::kOutage:
      outage_ = event.id;
      is_resumed_ = true;
      lowest_ = Lowest(event.reachable.lowest);
      down_since_ = {ledger.mono(event.start.earliest), ledger.mono(event.start.latest)};
      break;
    case event::Kind::kInstability:
      instability_.adopt(event.id);
      break;
    case event::Kind::kPartial:
      partial_.adopt(event.id);
      break;
    case event::Kind::kDegraded:
      degraded_.adopt(event.id);
      break;
    case event::Kind::kVantageFault:
      break;
  }
}

}  // namespace blipd::detect
