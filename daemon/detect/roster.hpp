// Who answers: flat tables of channels and targets with their latest contact, what is usual for them, and
// whether they have a vote; and per network how many targets vote and are up. Kept up to date one channel
// at a time. Judges no network.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "config/plan.hpp"
#include "daemon/detect/change.hpp"
#include "daemon/detect/contact.hpp"
#include "daemon/detect/network_test.hpp"
#include "daemon/detect/states.hpp"
#include "daemon/detect/usual.hpp"

namespace blipd::detect {

// A target is down after so many failures in a row on each of its voting channels.
inline constexpr std::uint16_t kDownAfter = 2;

struct ChannelEntry {
  Contact contact;
  UsualAnswers usual;
  config::TargetIndex target : 31 = 0;
  bool is_control : 1 = false;
};

// A target's own test, the network test's sum for one host: from kFirmlyDown up it is believed to be down whatever its
// network does. It starts nearer to that than a network does, since it has only itself to speak for it.
inline constexpr double kFirmlyDown = 6.9;
inline constexpr double kDoubtFloor = -4.0;
inline constexpr double kDoubtCeiling = 12.0;

struct TargetEntry {
  base::MonoTime answered_sent = kNever;  // of the latest answered probe of any channel
  base::MonoTime first_failed = kNever;   // of the failed ones sent since then
  MonoSpan fell{kNever, kNever};          // the last time that it went down: after an answer, before a failure
  double doubt = 0;                       // the evidence for this target alone, in kDoubtFloor..kDoubtCeiling
  config::NetworkIndex network = 0;
  std::uint16_t failures = 0;  // evidence: failures of voting channels in a row, since the last answer
  TargetState state = TargetState::kUnknown;
  bool has_vote = false;   // some channel is heard
  bool is_failed = false;  // some of `failures` has been believed
  // Found down while its network was up: an old hand whose silence says nothing of the network any more.
  bool is_known_down = false;

  // Enough evidence, and silent in every way of asking: those of one host share its fate, and one moment in which all
  // of them fail is one look.
  bool is_firm = false;

  bool is_firmly_down() const { return is_firm; }
};

struct NetworkCount {
  std::uint32_t voting_targets = 0;
  std::uint32_t up_targets = 0;  // of those

  std::optional<double> reachable_ratio() const {
    if (voting_targets == 0) return std::nullopt;
    return static_cast<double>(up_targets) / static_cast<double>(voting_targets);
  }
};

class Roster {
 public:
  // Entries stay where the plan kept the channel or target; see Plan.
  void adopt(const config::Plan& plan, const config::Plan* previous);

  ChannelEntry& channel(probes::ChannelIndex index) { return channels_[index]; }
  const ChannelEntry& channel(probes::ChannelIndex index) const { return channels_[index]; }
  TargetEntry& target(config::TargetIndex index) { return targets_[index]; }
  const TargetEntry& target(config::TargetIndex index) const { return targets_[index]; }
  void prefetch(probes::ChannelIndex index, probes::ResultSink::Distance distance) const {
    if (distance == probes::ResultSink::Distance::kFar) {
      __builtin_prefetch(&channels_[index], 1);
    } else {
      __builtin_prefetch(&targets_[channels_[index].target], 1);
    }
  }
  const NetworkCount& network(config::NetworkIndex index) const { return networks_[index]; }

  // Brings a target's state and vote, and its network's counts, up to date with its channels. `down_after` failures
  // in a row on each channel make it down.
  void refresh(const config::Plan& plan, config::TargetIndex index, std::uint16_t down_after);

  // Forgets the failures of all but control channels whose probes were sent after `vouched_until`.
  void forget_failures(const config::Plan& plan, base::MonoTime vouched_until);

  // When the latest failed probe of the target was sent; kNever: none.
  base::MonoTime last_failure(const config::Plan& plan, config::TargetIndex index) const;

  // failed_targets and silent_for are left to whoever needs it, see count_failed().
  Electorate electorate(const config::Plan& plan, config::NetworkIndex index) const;
  std::size_t count_failed(const config::Plan& plan, config::NetworkIndex index) const;

 private:
  std::vector<ChannelEntry> channels_;
  std::vector<TargetEntry> targets_;
  std::vector<NetworkCount> networks_;
};

}  // namespace blipd::detect
