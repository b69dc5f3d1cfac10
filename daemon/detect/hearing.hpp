// The hearing: takes results in, lets the controls vouch for them, weighs what they say of each network and target, and
// says what went down and what came back, and when. Knows no events, no classes and no countries; reads no clock and
// formats nothing. See docs/detection.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "config/plan.hpp"
#include "daemon/detect/asking.hpp"
#include "daemon/detect/change.hpp"
#include "daemon/detect/control_loss.hpp"
#include "daemon/detect/network_test.hpp"
#include "daemon/detect/overdue.hpp"
#include "daemon/detect/roster.hpp"
#include "daemon/detect/vantage.hpp"
#include "daemon/detect/witness.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::detect {

// Of one network; the oldest give way. A network has crossed any threshold long before.
inline constexpr std::size_t kMostPending = 256;

// A failure that nobody has vouched for yet.
struct Pending {
  base::MonoTime sent{};
  config::TargetIndex target = 0;
  float evidence = 0;  // for the network
  float strain = 0;    // the same against congestion
  float doubt = 0;     // about the target
};

// A probe that is overdue: what its failure would say. It may still be answered.
struct Suspect {
  base::MonoTime sent{};
  probes::ChannelIndex channel = 0;
  float evidence = 0;
};

// A network is asked out of turn again when what was asked is overdue. Over long times no more often than kRefill.
inline constexpr base::Duration kPause = Overdue::kAfter;
// The same where hosts answer seldom anyway, which may be because they are asked too often, or where nobody knows yet.
inline constexpr base::Duration kLongPause = std::chrono::seconds(3);
inline constexpr double kStrong = 1.5;  // of what one failure says, on average over targets
inline constexpr base::Duration kRefill = std::chrono::seconds(15);

// What the network test alone says of a network, and since when.
struct NetworkEntry {
  NetworkTest test;
  NetworkState state = NetworkState::kUnknown;
  std::optional<base::MonoTime> since;
  std::vector<Pending> pending;
  std::vector<Suspect> suspects;
  double strain = 0;                      // see Electorate
  base::MonoTime answered_sent = kNever;  // of the latest answered probe with a vote
  base::MonoTime first_failed = kNever;   // of the believed failures sent since then; kNever: none
  base::MonoTime last_failed = kNever;
  base::MonoTime first_good = kNever;  // while not up: the first answered probe of those that may bring it back
  base::MonoTime last_bad = kNever;    // the last failed one sent before it
  bool is_waiting = false;             // listed as having pending failures
  std::uint32_t turn = 0;              // whose it is to be asked out of turn, where not all are
  Electorate electorate;
  base::MonoTime counted = kNever;  // when electorate was
  // Of asking because silence is unusual, which chance does often; and because it is more probably down than not, which
  // chance does seldom.
  Pace pace{kRefill, 4};
  Pace doubt_pace{kRefill, 6};
  Patience patience;
};

class Hearing {
 public:
  Hearing(std::shared_ptr<const config::Plan> plan, base::MonoTime start) : now_(start) { adopt(std::move(plan)); }

  void adopt(std::shared_ptr<const config::Plan> plan);
  void on_sent(probes::ChannelIndex channel, base::MonoTime at);
  bool is_void(const probes::Result& result) const;
  void on_result(const probes::Result& result);
  void advance(base::MonoTime now);
  void prefetch(probes::ChannelIndex channel, probes::ResultSink::Distance distance) const {
    roster_.prefetch(channel, distance);
    if (distance == probes::ResultSink::Distance::kFar) overdue_.prefetch(channel);
  }

  std::vector<probes::ChannelIndex> take_urgent() { return ask_list_.take(); }
  // What changed since the last call, in order.
  std::vector<Change> take_changes() { return std::exchange(changes_, {}); }

  // A restart: what was usual of a channel, and that a target was down when last watched.
  void restore(probes::ChannelIndex channel, const UsualAnswers::Memory& memory);
  void restore_down(config::TargetIndex index, bool is_known);

  const config::Plan& plan() const { return *plan_; }
  const Roster& roster() const { return roster_; }
  Roster& roster() { return roster_; }
  const VantageTest& vantage() const { return vantage_; }
  // Whether all controls inside the upstream of this name are down; false where there are none.
  bool is_path_down(std::string_view upstream) const;
  // The share of the controls' probes that is answered against what is usual, in 0.5..1.
  double answered_here() { return control_loss_.answered_share(now_); }
  base::MonoTime now() const { return now_; }
  const NetworkEntry& network(config::NetworkIndex index) const { return networks_[index]; }
  // When the first of the probes was sent that have failed, or are overdue, since the last answer; kNever: there are
  // none.
  base::MonoTime silent_since(config::NetworkIndex index) const;
  bool is_at_fault() const { return vantage_.state() == VantageState::kFault; }

 private:
  const config::Detect& rules() const { return plan_->configuration.detect; }
  std::uint16_t control_down_after() const { return controls_.size() < kManyControls ? kDownAfter : 1; }

  void testify(const probes::Result& result);
  void absolve(const probes::Result& aborted);
  void on_control(bool is_first_failure);
  void update_vantage();
  void begin_fault();
  void on_answer(const probes::Result& result, config::TargetIndex index);
  void on_failure(const probes::Result& result, config::TargetIndex index);
  void weigh(config::NetworkIndex index);
  void decide(config::NetworkIndex index);
  void set_state(config::NetworkIndex index, NetworkState state);
  void pass_time(base::MonoTime now);
  void suspect(const Asked& asked);
  void ask_if_doubtful(config::NetworkIndex index, const Asked& silent);
  void ask_some(config::NetworkIndex index, std::optional<probes::ChannelIndex> spared);
  double hoped(const NetworkEntry& network) const;
  void ask_controls();
  void keep_counted(config::NetworkIndex index);
  void count_electorate(config::NetworkIndex index);
  void count_silence(config::NetworkIndex index);
  void doubt(config::TargetIndex index, double evidence);
  void note_return(NetworkEntry& network, base::MonoTime answered);

  std::shared_ptr<const config::Plan> plan_;
  base::MonoTime now_;
  Roster roster_;
  VantageTest vantage_;
  std::vector<NetworkEntry> networks_;
  ControlLoss control_loss_;
  std::vector<Change> changes_;
  AskList ask_list_;
  Overdue overdue_;
  std::unordered_map<probes::ChannelIndex, Witness> witnesses_;  // of each control's channel
  std::vector<config::TargetIndex> controls_;                    // but path controls, which say nothing of our own link
  std::vector<ControlView> control_views_;
  std::vector<config::NetworkIndex> waiting_;  // networks with pending failures; some may have settled since
  base::MonoTime controls_asked_ = kNever;
  base::MonoTime votes_looked_at_ = kNever;
  base::MonoTime control_failed_ = kNever;  // when the latest failed probe of a control was sent
};

}  // namespace blipd::detect
