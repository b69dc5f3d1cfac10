#include "tests/bench/accuracy/days.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "daemon/simulate/random.hpp"

namespace blipd::accuracy {

namespace {

using base::Duration;
using simulate::Effect;
using simulate::EffectKind;
using simulate::Random;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kNetwork = 0;
// Two outages are at least so far apart, so that it is clear which is which.
constexpr Duration kApart = minutes(12);

base::Address address(int network, std::size_t host) {
  const std::array bytes = {std::byte{198}, std::byte{18}, static_cast<std::byte>(network),
                            static_cast<std::byte>(host)};
  return base::Address::v4(bytes);
}

struct Interval {
  Duration from{}, until{};
  bool touches(Duration start, Duration end, Duration margin) const {
    return start < until + margin && end > from - margin;
  }
};

// Fills one world's timeline day by day.
class Calendar {
 public:
  Calendar(World& world, std::size_t targets, std::uint64_t seed) : world_(world), targets_(targets), random_(seed) {}

  void add_day(Duration midnight) {
    midnight_ = midnight;
    taken_.clear();
    const double kind = random_.uniform();
    if (kind < 0.1) {
      add_beat();
    } else if (kind < 0.2) {
      add_partial();
    } else if (kind < 0.3) {
      add_staged();
    }
    const auto short_ones = 1 + static_cast<int>(random_.uniform() * 3);
    for (int i = 0; i < short_ones; ++i) add_outage(log_uniform(seconds(20), minutes(10)));
    if (random_.happens(0.5)) add_outage(log_uniform(minutes(5), minutes(570)));
    for (int i = 0; i < 3; ++i) add_vantage_burst();
    add_congestion();
    for (std::size_t t = 0; t < targets_; ++t) {
      if (random_.happens(0.2)) add_host(t);
    }
  }

 private:
  Duration uniform(Duration from, Duration until) {
    return from + std::chrono::round<std::chrono::milliseconds>((until - from) * random_.uniform());
  }
  Duration log_uniform(Duration shortest, Duration longest) {
    const double ratio = base::to_seconds(longest) / base::to_seconds(shortest);
    return std::chrono::round<std::chrono::milliseconds>(shortest * std::pow(ratio, random_.uniform()));
  }

  // A place in the day for so long a stretch; none when the day is too full.
  std::optional<Duration> place(Duration length) {
    for (int attempt = 0; attempt < 100; ++attempt) {
      const Duration start = uniform(midnight_ + minutes(15), midnight_ + kDay - minutes(15));
      if (start + length > midnight_ + kDay - minutes(15)) continue;
      const bool is_free = std::ranges::none_of(
          taken_, [&](const Interval& taken) { return taken.touches(start, start + length, kApart); });
      if (!is_free) continue;
      taken_.push_back({start, start + length});
      return start;
    }
    return std::nullopt;
  }

  void on_timeline(Duration from, Duration until, simulate::Scope scope, Effect effect,
                   std::vector<simulate::TargetPlace> hosts = {}) {
    simulate::TimelineEntry entry;
    entry.at = from;
    entry.until = until;
    entry.scope = scope;
    if (scope == simulate::Scope::kNetworks) entry.networks = {kNetwork};
    entry.targets = std::move(hosts);
    entry.effect = std::move(effect);
    world_.scenario.timeline.push_back(std::move(entry));
  }
  static Effect loss(double ratio) { return {EffectKind::kLoss, ratio, {}, {}}; }
  void cut(Duration from, Duration until) { on_timeline(from, until, simulate::Scope::kNetworks, Effect{}); }
  void note(TruthKind kind, Duration start, Duration end) { world_.truths.push_back({kind, start, end, start, false}); }

  void add_outage(Duration length) {
    const auto start = place(length);
    if (!start) return;
    cut(*start, *start + length);
    note(TruthKind::kOutage, *start, *start + length);
  }

  void add_beat() {
    const auto falls = 8 + static_cast<int>(random_.uniform() * 9);
    std::vector<Interval> series;
    Duration at{};
    for (int i = 0; i < falls; ++i) {
      const Duration length = log_uniform(seconds(30), minutes(4));
      series.push_back({at, at + length});
      at += length + uniform(minutes(4), minutes(25));
    }
    const Duration whole = series.back().until;
    const auto start = place(whole);
    if (!start) return;
    for (const Interval& fall : series) {
      cut(*start + fall.from, *start + fall.until);
      note(TruthKind::kOutage, *start + fall.from, *start + fall.until);
    }
    note(TruthKind::kBeat, *start, *start + whole);
  }

  void add_partial() {
    const Duration length = log_uniform(minutes(10), hours(3));
    const auto start = place(length);
    if (!start) return;
    std::vector<simulate::TargetPlace> hosts;
    for (std::size_t t = 0; t < (targets_ + 1) / 2; ++t) hosts.push_back({kNetwork, t});
    on_timeline(*start, *start + length, simulate::Scope::kTargets, Effect{}, std::move(hosts));
    note(TruthKind::kPartial, *start, *start + length);
  }

  void add_staged() {
    const Duration fall = uniform(minutes(1), minutes(8));
    const Duration length = log_uniform(minutes(10), hours(1));
    const auto start = place(fall + length);
    if (!start) return;
    const Duration all_silent = *start + fall;
    for (std::size_t t = 0; t < targets_; ++t) {
      const Duration falls = t == 0 ? *start : t + 1 == targets_ ? all_silent : uniform(*start, all_silent);
      on_timeline(falls, all_silent + length, simulate::Scope::kTargets, Effect{}, {{kNetwork, t}});
    }
    world_.truths.push_back({TruthKind::kOutage, all_silent, all_silent + length, *start, false});
  }

  // The following lie where they fall, over outages too.
  void add_vantage_burst() {
    const Duration start = uniform(midnight_, midnight_ + kDay - minutes(2));
    on_timeline(start, start + seconds(60), simulate::Scope::kVantage, loss(0.9));
    note(TruthKind::kVantage, start, start + seconds(60));
  }

  // Near us on one day, in the country on the next.
  void add_congestion() {
    const Duration start = uniform(midnight_, midnight_ + kDay - minutes(20));
    const bool is_ours = (midnight_ / kDay) % 2 == 0;
    on_timeline(start, start + minutes(20), is_ours ? simulate::Scope::kVantage : simulate::Scope::kNetworks,
                loss(0.35));
    note(is_ours ? TruthKind::kOurs : TruthKind::kCongestion, start, start + minutes(20));
  }

  void add_host(std::size_t target) {
    const Duration start = uniform(midnight_, midnight_ + kDay - minutes(15));
    on_timeline(start, start + minutes(15), simulate::Scope::kTargets, Effect{}, {{kNetwork, target}});
    note(TruthKind::kHost, start, start + minutes(15));
  }

  World& world_;
  std::size_t targets_;
  Random random_;
  Duration midnight_{};
  std::vector<Interval> taken_;
};

simulate::Behaviour behaviour(double loss, Duration minimum, Duration median) {
  simulate::Behaviour behaviour;
  behaviour.loss = loss;
  behaviour.rtt.shape = simulate::Delay::Shape::kLognormal;
  behaviour.rtt.minimum = minimum;
  behaviour.rtt.centre = median;
  behaviour.rtt.sigma = 0.4;
  return behaviour;
}

simulate::Network network(const Layout& layout, double loss, Random& random) {
  simulate::Network network;
  network.prefixes = {base::Prefix(address(0, 0), 24)};
  for (std::size_t t = 0; t < layout.targets; ++t) {
    simulate::Target target;
    target.name = "host" + std::to_string(t);
    target.address = address(0, t + 1);
    const double answers = layout.is_sparse ? 0.2 + 0.4 * random.uniform() : 1.0;
    target.behaviour =
        behaviour(1.0 - answers * (1.0 - loss), std::chrono::milliseconds(150), std::chrono::milliseconds(60));
    network.targets.push_back(std::move(target));
  }
  return network;
}

// Five controls in three networks.
void add_controls(simulate::Scenario& scenario) {
  constexpr std::array<std::size_t, 3> kControls = {2, 2, 1};
  for (std::size_t n = 0; n < kControls.size(); ++n) {
    simulate::Network network;
    network.name = "controls" + std::to_string(n);
    network.is_control = true;
    network.prefixes = {base::Prefix(address(100 + static_cast<int>(n), 0), 24)};
    for (std::size_t t = 0; t < kControls[n]; ++t) {
      simulate::Target target;
      target.name = "control" + std::to_string(n) + std::to_string(t);
      target.address = address(100 + static_cast<int>(n), t + 1);
      target.behaviour = behaviour(0.005, std::chrono::milliseconds(5), std::chrono::milliseconds(10));
      network.targets.push_back(std::move(target));
    }
    scenario.networks.push_back(std::move(network));
  }
}

void mark_obscured(std::vector<Truth>& truths) {
  constexpr Duration kNear = seconds(60);
  for (Truth& truth : truths) {
    if (truth.kind != TruthKind::kOutage) continue;
    const auto lies_over = [&](const Truth& other) {
      if (other.kind != TruthKind::kVantage) return false;
      const Interval burst{other.start, other.end};
      return burst.touches(truth.first, truth.start, kNear) || burst.touches(truth.end, truth.end, kNear);
    };
    truth.is_obscured = std::ranges::any_of(truths, lies_over);
  }
}

}  // namespace

World make_world(const Layout& layout, std::size_t index, std::size_t count, std::size_t days, std::uint64_t seed) {
  World world;
  Random random(seed * 1000003 + index);
  const double loss = 0.01 + 0.16 * (static_cast<double>(index) + 0.5) / static_cast<double>(count);
  simulate::Scenario& scenario = world.scenario;
  scenario.file = "made-up days";
  scenario.code = "KP";
  scenario.name = "made up";
  scenario.pace.interval = layout.interval;
  scenario.length = kWarmUp + kDay * static_cast<int>(days);
  scenario.start = base::WallTime(hours(24 * 365 * 45));
  scenario.networks.push_back(network(layout, loss, random));
  // When a channel is asked follows from its name.
  scenario.networks.front().name = "watched" + std::to_string(index);
  add_controls(scenario);
  for (const simulate::Target& target : scenario.networks[kNetwork].targets) {
    world.answer_ratio += (1.0 - target.behaviour.loss) / static_cast<double>(layout.targets);
  }
  Calendar calendar(world, layout.targets, random.bits());
  for (Duration midnight{}; midnight < scenario.length; midnight += kDay) calendar.add_day(midnight);
  std::ranges::sort(world.truths, {}, &Truth::start);
  mark_obscured(world.truths);
  return world;
}

}  // namespace blipd::accuracy
