// A small country in virtual time, for tests of the pipeline: channels that are asked on their intervals and at
// once when judging wants it, networks and our own link that are cut by time, random loss. Everything follows
// from the seed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "config/plan.hpp"
#include "daemon/detect/judge.hpp"
#include "daemon/pipeline/pipeline.hpp"

namespace blipd::simulation {

using namespace std::chrono_literals;
using base::Duration;
using base::MonoTime;
using pipeline::CountryLevel;
using pipeline::NetworkState;
using pipeline::TargetState;
using pipeline::VantageState;

inline constexpr MonoTime kStart{1000s};
inline constexpr base::WallTime kWallStart{1419206400s};  // 2014-12-22T00:00:00Z

struct Layout {
  std::vector<int> targets = {6};  // per network
  int controls = 5;
  Duration interval = 5s;
  Duration timeout = 3s;
  Duration control_interval = 5s;
  int channels = 1;  // ways of asking each target
  bool is_dns = false;
  bool is_split = false;                              // another process has more networks of the country
  std::function<void(config::Detect&)> change_rules;  // null: they stay
};

inline probes::ProbeSpec spec_of(const Layout& layout, int way, Duration interval) {
  probes::ProbeSpec spec;
  spec.name = "probe" + std::to_string(way);
  spec.interval = interval;
  spec.timeout = layout.timeout;
  spec.rtt_buckets = {0.01, 0.1, 1.0};
  if (layout.is_dns) {
    spec.ask = probes::DnsSpec{"example.kp", "SOA", {}, 53, false, true, 1232, {}};
  } else {
    spec.ask = probes::IcmpSpec{};
  }
  return spec;
}

inline config::Target target_of(const Layout& layout, const std::string& name, Duration interval) {
  config::Target target;
  target.name = name;
  target.host = "198.18.0.1";
  for (int way = 0; way < layout.channels; ++way) target.probes.push_back(spec_of(layout, way, interval));
  return target;
}

inline config::Configuration configuration_of(const Layout& layout) {
  config::Configuration configuration;
  for (int i = 0; i < layout.controls; ++i) {
    const std::string name = "control" + std::to_string(i);
    configuration.controls.push_back({target_of(layout, name, layout.control_interval), name, ""});
  }
  config::Country country;
  country.code = "KP";
  country.is_split = layout.is_split;
  // These are about what is found, not about how long it takes until all is said to be well.
  configuration.detect.recovery = base::Duration::zero();
  for (std::size_t n = 0; n < layout.targets.size(); ++n) {
    config::Network network;
    network.name = "network" + std::to_string(n);
    for (int t = 0; t < layout.targets[n]; ++t) {
      network.targets.push_back(target_of(layout, "target" + std::to_string(t), layout.interval));
    }
    country.networks.push_back(network);
  }
  configuration.countries.push_back(country);
  if (layout.change_rules) layout.change_rules(configuration.detect);
  return configuration;
}

struct Cut {
  MonoTime from{};
  MonoTime until{};
  bool covers(MonoTime t) const { return t >= from && t < until; }
};

struct Step {
  MonoTime at{};
  Duration by{};
};

class Country {
 public:
  Country(const Layout& layout, std::uint64_t seed, base::WallTime wall_start = kWallStart)
      : plan(config::make_plan(configuration_of(layout), nullptr)),
        pipeline(plan, base::Moment{kStart, wall_start, {}}),
        wall_start_(wall_start),
        random_(seed),
        sequences_(plan->channels.size(), 0) {
    for (std::size_t i = 0; i < plan->networks.size(); ++i) {
      const auto& network = plan->networks[i];
      if (network.is_active && !network.is_control()) networks.push_back(static_cast<config::NetworkIndex>(i));
    }
    network_cuts.resize(plan->networks.size());
    target_cuts.resize(plan->targets.size());
    for (std::size_t c = 0; c < plan->channels.size(); ++c) {
      if (!plan->channels[c].is_active) continue;
      const auto phase = Duration(static_cast<std::int64_t>(uniform() * static_cast<double>(interval(c).count())));
      push({kStart + phase, Kind::kAsk, static_cast<probes::ChannelIndex>(c), {}});
    }
  }

  std::shared_ptr<const config::Plan> plan;
  pipeline::Pipeline pipeline;
  std::vector<config::NetworkIndex> networks;  // the country's, in the order of the layout
  std::vector<Cut> link_cuts;                  // of our own link
  std::vector<std::vector<Cut>> network_cuts;  // by NetworkIndex
  std::vector<std::vector<Cut>> target_cuts;   // by TargetIndex
  double loss = 0;                             // of targets
  double control_loss = 0;
  std::function<bool(probes::ChannelIndex, MonoTime)>
      is_dropped;                 // asked for each probe, at its sending; null: none is
  std::vector<Step> clock_steps;  // of the wall clock
  std::uint64_t asked = 0;
  std::uint64_t asked_at_once = 0;

  config::TargetIndex target(std::size_t network, std::size_t index) const {
    return plan->networks[networks[network]].targets[index];
  }

  double uniform() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  base::Moment moment(MonoTime t) const {
    base::WallTime wall = wall_start_ + (t - kStart);
    for (const Step& step : clock_steps) wall += t >= step.at ? step.by : Duration::zero();
    return {t, wall, {}};
  }

  // Runs until `end`, or until `stop`, which is asked after every result, says so. Returns when it stopped.
  MonoTime run(MonoTime end, const std::function<bool()>& stop = nullptr) {
    while (!events_.empty() && events_.top().at < end) {
      const Event event = events_.top();
      events_.pop();
      now_ = event.at;
      if (event.kind == Kind::kAsk) {
        ask(event.channel);
        push({event.at + interval(event.channel), Kind::kAsk, event.channel, {}});
        continue;
      }
      pipeline.on_result(event.result, nullptr);
      pipeline.advance(moment(now_));
      for (const auto channel : pipeline.take_urgent()) {
        ++asked_at_once;
        ask(channel);
      }
      if (stop && stop()) return now_;
    }
    now_ = end;
    pipeline.advance(moment(now_));
    return now_;
  }

  std::shared_ptr<const pipeline::Snapshot> snapshot() { return pipeline.snapshot(moment(now_)); }
  NetworkState network_state(std::size_t network) const { return pipeline.judge().network(networks[network]).state; }
  CountryLevel level() const { return pipeline.judge().country(0).level; }
  VantageState vantage() const { return pipeline.judge().vantage().state; }

 private:
  enum class Kind { kAsk, kResult };
  struct Event {
    MonoTime at{};
    Kind kind = Kind::kAsk;
    probes::ChannelIndex channel = 0;
    probes::Result result;
    bool operator<(const Event& other) const { return at > other.at; }
  };

  Duration interval(std::size_t channel) const { return plan->channels[channel].spec().interval; }
  void push(const Event& event) { events_.push(event); }

  static bool is_cut(const std::vector<Cut>& cuts, MonoTime t) {
    for (const Cut& cut : cuts) {
      if (cut.covers(t)) return true;
    }
    return false;
  }

  void ask(probes::ChannelIndex index) {
    ++asked;
    const config::PlannedChannel& channel = plan->channels[index];
    pipeline.on_sent(index, now_);
    const bool is_control = plan->networks[channel.network].is_control();
    const auto rtt = Duration(static_cast<std::int64_t>((is_control ? 20e6 : 240e6) * (0.95 + 0.1 * uniform())));
    const bool is_unlucky = uniform() < (is_control ? control_loss : loss) || (is_dropped && is_dropped(index, now_));
    // Cut on the way there or on the way back.
    const auto passes = [&](const std::vector<Cut>& cuts) { return !is_cut(cuts, now_) && !is_cut(cuts, now_ + rtt); };
    const bool is_answered = !is_unlucky && passes(link_cuts) && passes(network_cuts[channel.network]) &&
                             passes(target_cuts[channel.target]);
    Event event;
    event.kind = Kind::kResult;
    event.result.channel = index;
    event.result.sequence = sequences_[index]++;
    event.result.was_sent = true;
    event.result.sent = now_;
    event.result.outcome = is_answered ? probes::Outcome::kAnswered : probes::Outcome::kLost;
    if (is_answered) event.result.rtt = rtt;
    event.at = now_ + (is_answered ? rtt : channel.spec().timeout);
    event.result.settled = event.at;
    push(event);
  }

  base::WallTime wall_start_;
  std::mt19937_64 random_;
  std::vector<probes::Sequence> sequences_;
  std::priority_queue<Event> events_;
  MonoTime now_ = kStart;
};

}  // namespace blipd::simulation
