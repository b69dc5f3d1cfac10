// Whom recorded lines are about: finds the channel of a configuration that a line names, and takes in what the
// configuration does not know where the line says where it belongs. Gives everybody a number at first sight, which is
// the channel's index in the plan for those who were configured; newcomers get theirs with grow(). Owns the plan.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/plan.hpp"
#include "daemon/recorded/row.hpp"
#include "probes/base/error.hpp"

namespace blipd::recorded {

using Number = std::uint32_t;

class Directory {
 public:
  explicit Directory(config::Configuration configuration);

  // The fault names the field, says what is wrong with it and what to do.
  base::Expected<Number> find(const Row& row);

  // Absent: a newcomer that waits for grow().
  std::optional<probes::ChannelIndex> channel(Number number) const {
    return channels_[number] == kWaiting ? std::nullopt : std::optional(channels_[number]);
  }
  base::Duration timeout(Number number) const {
    return number < configured_ ? plan_->channels[number].spec().timeout : probes::ProbeSpec().timeout;
  }

  const std::shared_ptr<const config::Plan>& plan() const { return plan_; }
  // Takes these newcomers into the plan, by name and whatever their order. Their channels are known afterwards.
  void grow(const std::vector<Number>& numbers);

 private:
  static constexpr probes::ChannelIndex kWaiting = UINT32_MAX;

  struct Newcomer {
    std::string country, network, target, probe, upstream;  // country empty: a control
    std::size_t type = 0;
    std::string name;  // as the plan's channels are named
  };

  base::Expected<Number> look_up(const Row& row);
  base::Expected<Number> welcome(const Row& row);
  base::Error unknown(const Row& row) const;
  void add(const Newcomer& newcomer);

  config::Configuration configuration_;
  std::shared_ptr<const config::Plan> plan_;
  std::size_t configured_;
  std::unordered_map<std::string, std::vector<probes::ChannelIndex>> by_target_;  // of those configured
  std::unordered_map<std::string, Number> known_;                                 // by all that a line may say
  std::string key_;
  std::vector<probes::ChannelIndex> channels_;  // by number
  std::vector<Newcomer> newcomers_;             // by number, less configured_
};

}  // namespace blipd::recorded
