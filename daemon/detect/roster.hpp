// Who answers: flat tables of channels and targets with their latest contact, what is usual for them, and
// whether they have a vote; and per network how many targets vote and are up, down or silent. Kept up to date one
// channel at a time, so that nobody has to visit all targets of a network to know how it stands. Judges no network.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "config/plan.hpp"
#include "daemon/detect/change.hpp"
#include "daemon/detect/contact.hpp"
#include "daemon/detect/network_test.hpp"
#include "daemon/detect/saying.hpp"
#include "daemon/detect/states.hpp"
#include "daemon/detect/usual.hpp"
#include "daemon/event/host.hpp"
#include "probes/base/prefetch.hpp"

namespace blipd::detect {

// A target is down after so many failures in a row on each of its voting channels.
inline constexpr std::uint16_t kDownAfter = 2;

struct ChannelEntry {
  [[no_unique_address]] Contact contact;
  UsualAnswers usual;  // begins in the padding of `contact`
  config::TargetIndex target : 30 = 0;
  bool is_control : 1 = false;
  bool is_counted : 1 = false;  // among its target's votes
  Saying saying;

  // Ever, as far as is remembered.
  bool has_answered() const { return usual.has_answered() || contact.answered_sent() != kNever; }
};
static_assert(sizeof(ChannelEntry) == 40);

// A target's own test, the network test's sum for one host: from kFirmlyDown up it is believed to be down whatever its
// network does. It starts nearer to that than a network does, since it has only itself to speak for it.
inline constexpr double kFirmlyDown = 6.9;
inline constexpr float kDoubtFloor = -4.0;
inline constexpr float kDoubtCeiling = 12.0;

struct TargetEntry {
  base::MonoTime answered_sent = kNever;  // of the latest answered probe of any channel
  base::MonoTime first_failed = kNever;   // of the failed ones sent since then
  MonoSpan fell{kNever, kNever};          // the last time that it went down: after an answer, before a failure
  float doubt = 0;                        // the evidence for this target alone, in kDoubtFloor..kDoubtCeiling
  config::NetworkIndex network = 0;
  std::uint16_t failures = 0;  // evidence: failures of voting channels in a row, since the last answer
  std::uint16_t votes = 0;     // channels that are heard
  TargetState state = TargetState::kUnknown;
  bool is_failed : 1 = false;  // some of `failures` has been believed
  // Found down while its network was up: an old hand whose silence says nothing of the network any more.
  bool is_known_down : 1 = false;

  // Enough evidence, and silent in every way of asking: those of one host share its fate, and one moment in which all
  // of them fail is one look.
  bool is_firm : 1 = false;
  bool has_suspicion : 1 = false;  // HostSigns waits for one of its answers

  bool has_vote() const { return votes > 0; }
  bool is_firmly_down() const { return is_firm; }
};
static_assert(sizeof(TargetEntry) == 48);

// Of the targets with a vote.
struct NetworkCount {
  std::uint32_t voting_targets = 0;
  std::uint32_t up_targets = 0;
  std::uint32_t down_targets = 0;  // firmly
  // Those whose silence says something of the network.
  std::uint32_t electors = 0;
  std::uint32_t elector_channels = 0;
  std::uint32_t failed_electors = 0;

  // What one target adds to its network's.
  static NetworkCount of(const TargetEntry& target) {
    if (!target.has_vote()) return {};
    const bool is_elector = !target.is_known_down;
    return {1,
            target.state == TargetState::kUp ? 1U : 0U,
            target.is_firmly_down() ? 1U : 0U,
            is_elector ? 1U : 0U,
            is_elector ? target.votes : 0U,
            is_elector && target.is_failed ? 1U : 0U};
  }
  void operator+=(const NetworkCount& other) {
    voting_targets += other.voting_targets;
    up_targets += other.up_targets;
    down_targets += other.down_targets;
    electors += other.electors;
    elector_channels += other.elector_channels;
    failed_electors += other.failed_electors;
  }
  void operator-=(const NetworkCount& other) {
    voting_targets -= other.voting_targets;
    up_targets -= other.up_targets;
    down_targets -= other.down_targets;
    electors -= other.electors;
    elector_channels -= other.elector_channels;
    failed_electors -= other.failed_electors;
  }
  friend bool operator==(const NetworkCount&, const NetworkCount&) = default;

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
  // For what a NetworkCount does not depend on; see edit().
  TargetEntry& target(config::TargetIndex index) { return targets_[index]; }
  const TargetEntry& target(config::TargetIndex index) const { return targets_[index]; }
  void prefetch(probes::ChannelIndex index, probes::ResultSink::Distance distance) const {
    if (distance == probes::ResultSink::Distance::kFar) {
      base::prefetch(channels_[index]);
    } else {
      base::prefetch(targets_[channels_[index].target]);
    }
  }
  const NetworkCount& network(config::NetworkIndex index) const { return networks_[index]; }

  // Changes a target and, with it, what its network counts: state, votes, is_failed, is_known_down, is_firm.
  template <class Change>
  void edit(config::TargetIndex index, Change change) {
    TargetEntry& target = targets_[index];
    NetworkCount& count = networks_[target.network];
    count -= NetworkCount::of(target);
    change(target);
    count += NetworkCount::of(target);
  }

  // Brings a target's state and votes, and its network's counts, up to date with its channels. `down_after` failures
  // in a row on each channel make it down.
  void refresh(const config::Plan& plan, config::TargetIndex index, std::uint16_t down_after);
  // The same after a result of this channel, which seldom changes anything.
  void refresh_after(const config::Plan& plan, probes::ChannelIndex index, std::uint16_t down_after) {
    const ChannelEntry& channel = channels_[index];
    const bool is_heard = channel.usual.is_heard(plan.configuration.detect.usual_floor);
    const bool is_up = targets_[channel.target].state == TargetState::kUp && channel.contact.is_answering();
    if (!is_up || channel.is_counted != is_heard) refresh(plan, channel.target, down_after);
  }

  // Forgets the failures of all but control channels whose probes were sent after `vouched_until`.
  void forget_failures(base::MonoTime vouched_until);

  // What the channel says now, as far as its answers and failures tell: a lost probe or two change nothing where that
  // is usual. An answer counts if its probe was sent at or after `since`; kUnknown where it would have to be an older
  // one.
  event::WaySays says(probes::ChannelIndex index, const config::Detect& rules, base::MonoTime since) const;

  // When the latest failed probe of the target was sent; kNever: none.
  base::MonoTime last_failure(const config::Plan& plan, config::TargetIndex index) const;

  // The sum over the network's electors of what one failure of their strongest channel says. Of more than kSample
  // targets an even sample speaks for all.
  static constexpr std::size_t kSample = 256;
  double failure_strength(const config::Plan& plan, config::NetworkIndex index) const;

 private:
  std::vector<ChannelEntry> channels_;
  std::vector<TargetEntry> targets_;
  std::vector<NetworkCount> networks_;
};

}  // namespace blipd::detect
