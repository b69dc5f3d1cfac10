// Everything that others may see, at one moment: immutable, shared between threads, indexed like the plan
// that it carries. Rows of inactive indices exist and mean nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/plan.hpp"
#include "daemon/detect/judge.hpp"
#include "daemon/detect/states.hpp"
#include "daemon/event/open_events.hpp"
#include "daemon/measure/flows.hpp"
#include "daemon/pipeline/channel_table.hpp"
#include "probes/base/time.hpp"

namespace blipd::pipeline {

// The verdicts' vocabulary, as detect owns it.
using detect::CountryLevel;
using detect::kCountryLevelNames;
using detect::kNetworkStateNames;
using detect::kTargetStateNames;
using detect::kVantageStateNames;
using detect::NetworkState;
using detect::TargetState;
using detect::VantageState;

struct TargetRow {
  TargetState state = TargetState::kUnknown;
};

struct NetworkRow {
  NetworkState state = NetworkState::kUnknown;
  double evidence = 0;                          // W: positive speaks for down, negative for up; in −clip..clip
  std::optional<double> reachable_ratio;        // share of voting targets that are up, 0–1
  std::optional<double> usual_reachable_ratio;  // what that share usually is
  std::optional<base::WallTime> since;          // of `state`
  detect::Stability stability;
};

struct CountryRow {
  CountryLevel level = CountryLevel::kUnknown;
  std::optional<double> reachable_ratio;  // weighted over networks
  std::optional<double> usual_reachable_ratio;
  std::optional<base::WallTime> since;
  detect::Stability stability;
};

struct VantageRow {
  VantageState state = VantageState::kUnknown;
  std::optional<double> control_answer_ratio;  // share of controls that answered their last probe
  std::optional<base::WallTime> since;
};

struct Snapshot {
  std::shared_ptr<const config::Plan> plan;
  base::WallTime taken{};
  base::WallTime started{};
  ChannelTable channels;
  std::vector<measure::FlowTally> flows;  // in order of channel and flow; of few channels, or none
  std::vector<TargetRow> targets;
  std::vector<NetworkRow> networks;
  std::vector<CountryRow> countries;
  VantageRow vantage;
  event::OpenEvents open_events;
  std::shared_ptr<const detect::SignTable> signs;  // null: none
  std::uint64_t signs_passed_over = 0;             // of targets beyond those that are kept
};

}  // namespace blipd::pipeline
