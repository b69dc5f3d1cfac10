// Hand-made values for the tests of the page: a country of two networks, and what is known of it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "config/plan.hpp"
#include "daemon/page/page.hpp"
#include "daemon/pipeline/snapshot.hpp"

namespace blipd::page::sample {

// 2014-12-22T20:00:00Z
inline constexpr base::WallTime kNow{std::chrono::seconds(1419278400)};

inline std::shared_ptr<pipeline::Snapshot> snapshot(const std::string& name = "star-jv",
                                                    const std::string& country = "North Korea") {
  config::Configuration configuration;
  configuration.vantage_name = "fra1";
  config::Network star;
  star.name = name;
  probes::ProbeSpec ping;
  ping.name = "ping";
  star.targets.push_back({"ns1", "192.0.2.15", {ping}});
  config::Network mobile;
  mobile.name = "mobile";
  mobile.targets.push_back({"gw", "192.0.2.77", {ping}});
  configuration.countries.push_back({"KP", country, {star, mobile}});
  auto snapshot = std::make_shared<pipeline::Snapshot>();
  snapshot->plan = config::make_plan(configuration, nullptr);
  snapshot->taken = kNow;
  snapshot->started = kNow - std::chrono::hours(2);
  snapshot->targets.resize(snapshot->plan->targets.size());
  snapshot->networks.resize(snapshot->plan->networks.size());
  snapshot->countries.resize(snapshot->plan->countries.size());
  snapshot->vantage.state = pipeline::VantageState::kOk;
  return snapshot;
}

inline event::Event outage(std::string id, event::Scope scope, std::string network, base::Duration before_now,
                           std::optional<base::Duration> length) {
  event::Event event;
  event.id = std::move(id);
  event.scope = scope;
  event.country = "KP";
  event.network = std::move(network);
  event.length = event::Class::kOutage;
  event.start = {kNow - before_now, kNow - before_now + std::chrono::seconds(4)};
  if (length) event.end = event::Span{event.start.earliest + *length, event.start.latest + *length};
  event.updated = kNow;
  return event;
}

inline Live live(std::shared_ptr<const pipeline::Snapshot> snapshot) {
  return {std::move(snapshot), std::nullopt, nullptr, {}};
}

inline const Assets kAssets{"/assets/page-1.css", "/assets/page-1.js"};

inline bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

inline std::size_t count_of(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace blipd::page::sample
