// Signs that something else answers in a host's place, counted and dated by target: a second answer to a DNS query that
// says something else, a query's answer from elsewhere, a reset or SYN-ACK from another distance than the host's other
// answers. Keeps something only of targets that show one. Pure; docs/hosts.md says how sure each is.
//
// Distances are compared within one minute or two, since a route that changes moves all answers of a host: a reset or
// SYN-ACK that is at odds with what another way of asking was answered before is a sign only once that way's next
// answer, to a probe sent after it, still comes from the same distance as before.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "config/plan.hpp"
#include "daemon/detect/host_verdict.hpp"
#include "daemon/detect/roster.hpp"
#include "daemon/event/host.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::detect {

struct SignCount {
  std::uint64_t count = 0;
  base::WallTime last{};  // of the last one
};

struct TargetSigns {
  std::array<SignCount, event::kHostSignNames.size()> counts;  // by HostSign
  std::optional<TtlPair> reset, syn_ack;                       // of the last one each

  const SignCount& of(event::HostSign sign) const { return counts[static_cast<std::size_t>(sign)]; }
  const std::optional<TtlPair>& ttls(event::HostSign sign) const {
    return sign == event::HostSign::kSynAckTtl ? syn_ack : reset;
  }
};

// In order of index.
using SignTable = std::vector<std::pair<config::TargetIndex, TargetSigns>>;
// Null: none.
const TargetSigns* find_signs(const SignTable& table, config::TargetIndex target);
// One that was counted: "a reset with TTL 61, echo replies with 50", "two differing answers to one DNS query", …
std::string in_words(event::HostSign sign, const TargetSigns& signs);

// What a remark about a probe by `spec` shows by itself; absent: nothing.
std::optional<event::HostSign> sign_of(const probes::Remark& remark, const probes::ProbeSpec& spec);

class HostSigns {
 public:
  // Of so many targets; those of others are counted together.
  static constexpr std::size_t kMostTargets = 8192;
  // What is at odds is forgotten when the other way was not answered within that.
  static constexpr base::Duration kPatience = std::chrono::minutes(2);
  // ICMP errors are kept of so many channels.
  static constexpr std::size_t kMostNotices = 8192;

  void adopt(const config::Plan& plan, const config::Plan* before);

  // After the roster's entries have taken it in as an answer or a failure. `now` is for dates.
  void on_result(const probes::Result& result, const config::Plan& plan, Roster& roster, const base::Moment& now) {
    ChannelEntry& channel = roster.channel(result.channel);
    const bool had_notice = channel.saying.has_notice();
    if (result.outcome != probes::Outcome::kAnswered) {
      channel.saying.on_failure(result.outcome == probes::Outcome::kUnreachable);
      if (had_notice || channel.saying.has_notice()) note(result, channel.saying);
      return;
    }
    channel.saying.on_answer(result);
    if (had_notice) note(result, channel.saying);
    const bool is_suspect = roster.target(channel.target).has_suspicion;
    if (is_suspect) confirm(result, roster, now);
    if (channel.saying.is_to_be_compared()) compare(result, plan, roster);
  }
  void on_remark(const probes::Remark& remark, const config::Plan& plan, const base::Moment& now);

  const TargetSigns* find(config::TargetIndex target) const;
  // The same until there is a new sign.
  std::shared_ptr<const SignTable> table();
  std::uint64_t passed_over() const { return passed_over_; }

  // The last error about the channel's probes, if Saying::has_notice() and it was kept.
  const probes::IcmpNotice* notice(probes::ChannelIndex channel) const;

 private:
  struct Suspicion {
    base::MonoTime sent{};
    probes::ChannelIndex channel = 0;  // that was answered oddly
    probes::ChannelIndex other = 0;    // that it is compared with
    Saying::Answer answer = Saying::Answer::kReset;
    TtlPair ttls;
  };

  void note(const probes::Result& result, const Saying& saying);
  void compare(const probes::Result& result, const config::Plan& plan, Roster& roster);
  void confirm(const probes::Result& result, Roster& roster, const base::Moment& now);
  TargetSigns* count(event::HostSign sign, config::TargetIndex target, base::WallTime at);

  std::map<config::TargetIndex, TargetSigns> signs_;
  std::map<config::TargetIndex, Suspicion> suspicions_;
  std::map<probes::ChannelIndex, probes::IcmpNotice> notices_;
  std::shared_ptr<const SignTable> table_;  // null: to be made anew
  std::uint64_t passed_over_ = 0;
};

}  // namespace blipd::detect
