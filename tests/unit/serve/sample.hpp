// Hand-made values for the tests of serving: a small plan with a country of two networks and one control, and a
// snapshot of it that tests fill in.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/serve/published.hpp"
#include "daemon/serve/reply.hpp"

namespace blipd::serve::sample {

// 2014-12-22T16:15:00Z
inline constexpr base::WallTime kTaken{std::chrono::seconds(1419264900)};

// Adds rows to a plan by hand, so that these tests depend on nobody's loader.
class PlanMaker {
 public:
  config::CountryIndex country(std::string code, std::string name) {
    config::PlannedCountry country;
    country.is_active = true;
    country.code = std::move(code);
    country.name = std::move(name);
    plan.countries.push_back(std::move(country));
    return static_cast<config::CountryIndex>(plan.countries.size() - 1);
  }

  // Without a country: of controls.
  config::NetworkIndex network(std::optional<config::CountryIndex> country, std::string name) {
    config::PlannedNetwork network;
    network.is_active = true;
    network.name = std::move(name);
    network.country = country;
    network.access = "fixed";
    plan.networks.push_back(std::move(network));
    const auto index = static_cast<config::NetworkIndex>(plan.networks.size() - 1);
    if (country) plan.countries[*country].networks.push_back(index);
    return index;
  }

  config::TargetIndex target(config::NetworkIndex network, std::string name, std::string host) {
    config::PlannedTarget target;
    target.is_active = true;
    target.name = std::move(name);
    target.host = std::move(host);
    target.network = network;
    plan.targets.push_back(std::move(target));
    const auto index = static_cast<config::TargetIndex>(plan.targets.size() - 1);
    plan.networks[network].targets.push_back(index);
    return index;
  }

  void ask_by(config::PlannedChannel& channel, const probes::ProbeSpec& spec) {
    plan.ways.push_back(std::make_shared<const config::Ways::List>(1, spec));
    channel.asks = plan.ways.back()->data();
  }

  config::ChannelIndex channel(config::TargetIndex target, std::string probe) {
    config::PlannedChannel channel;
    channel.is_active = true;
    channel.target = target;
    channel.network = plan.targets[target].network;
    probes::ProbeSpec spec;
    spec.name = std::move(probe);
    spec.rtt_buckets = {0.01, 0.1, 1.0};
    ask_by(channel, spec);
    plan.channels.push_back(channel);
    const auto index = static_cast<config::ChannelIndex>(plan.channels.size() - 1);
    // Behind those that the target has; the others make room.
    config::PlannedTarget& asked = plan.targets[target];
    const std::uint32_t place = asked.channel_count == 0 ? static_cast<std::uint32_t>(plan.channels_by_target.size())
                                                         : asked.first_channel + asked.channel_count;
    for (config::PlannedTarget& other : plan.targets) {
      if (other.channel_count > 0 && other.first_channel >= place) ++other.first_channel;
    }
    if (asked.channel_count++ == 0) asked.first_channel = place;
    plan.channels_by_target.insert(plan.channels_by_target.begin() + place, index);
    return index;
  }

  config::Plan plan;
};

// A snapshot whose channels can still be changed.
struct Draft : pipeline::Snapshot {
  std::vector<pipeline::ChannelRow> channels;  // in place of the packed ones

  pipeline::Snapshot finish() && {
    pipeline::Snapshot::channels = pipeline::ChannelTable(taken);
    for (const pipeline::ChannelRow& row : channels) pipeline::Snapshot::channels.append(row, row.windows);
    return std::move(*this);
  }
};

// A snapshot of `plan` in which nothing has happened yet.
inline Draft empty_snapshot(config::Plan plan) {
  Draft snapshot;
  snapshot.channels.resize(plan.channels.size());
  snapshot.targets.resize(plan.targets.size());
  snapshot.networks.resize(plan.networks.size());
  snapshot.countries.resize(plan.countries.size());
  snapshot.taken = kTaken;
  snapshot.started = kTaken - std::chrono::hours(1);
  snapshot.plan = std::make_shared<const config::Plan>(std::move(plan));
  return snapshot;
}

inline config::Plan small_plan() {
  PlanMaker maker;
  maker.plan.configuration.vantage_name = "fra1";
  const auto kp = maker.country("KP", "North Korea");
  const auto star = maker.network(kp, "star-jv");
  maker.plan.networks[star].asn = 131279;
  maker.plan.networks[star].upstream = "AS4837";
  const auto koryolink = maker.network(kp, "koryolink");
  const auto controls = maker.network(std::nullopt, "anycast-1");
  const auto ns1 = maker.target(star, "ns1", "192.0.2.15");
  const auto phone = maker.target(koryolink, "phone", "192.0.2.77");
  const auto control = maker.target(controls, "anycast-1", "192.0.2.53");
  maker.channel(ns1, "ping");
  maker.channel(ns1, "soa");
  maker.channel(phone, "ping");
  maker.channel(control, "ping");
  return maker.plan;
}

inline std::shared_ptr<const Published> publish(Draft snapshot) {
  Published published;
  published.snapshot = std::make_shared<const pipeline::Snapshot>(std::move(snapshot).finish());
  published.health.is_capturing = true;
  published.health.clock_source = "capture";
  published.health.is_first_round_settled = true;
  published.reload.succeeded_at = kTaken - std::chrono::hours(1);
  return std::make_shared<const Published>(std::move(published));
}

inline std::shared_ptr<const Published> small() { return publish(empty_snapshot(small_plan())); }

inline std::string text_of(BodySource& source) {
  std::string all;
  std::string piece;
  while (source.next(piece)) all += piece;
  return all;
}

}  // namespace blipd::serve::sample
