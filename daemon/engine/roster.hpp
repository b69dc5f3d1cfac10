// Who is asked at which addresses: the running side of the plan's targets and channels. Literal addresses are
// known at once, names as soon as they resolve; when resolving fails the last addresses stay. A channel whose
// name has several addresses asks them in turn. Pure: resolving and sending are others' business.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/plan.hpp"
#include "daemon/engine/budget.hpp"
#include "daemon/engine/share.hpp"
#include "probes/base/address.hpp"

namespace blipd::engine {

// Which mechanism asks a channel's questions.
enum class Way : std::uint8_t { kEcho, kSyn, kConnect, kDnsUdp, kDnsTcp };

Way way_of(const probes::ProbeSpec& spec);

class Roster {
 public:
  // Takes over a plan. Addresses of names that the former plan had too are kept. `budget` says who is never to be
  // asked; it must outlive the roster's next adopt(). Targets that are not in `share` are not there.
  void adopt(std::shared_ptr<const config::Plan> plan, const Budget& budget, Share share = {});

  const config::Plan& plan() const { return *plan_; }
  const config::PlannedChannel& channel(probes::ChannelIndex index) const { return plan_->channels[index]; }

  // Names (not literal addresses) that the plan's targets have, each once.
  std::vector<std::string> names() const;

  // A name's addresses, replacing the former ones. An empty list is ignored: the last ones stay.
  void resolved(const std::string& name, std::vector<base::Address> addresses);

  // The address that the channel's probe number `sequence` goes to; none while nothing is known or all are
  // refused. Only addresses of the family of the probe's source address count, where it has one.
  std::optional<base::Address> address(probes::ChannelIndex channel, probes::Sequence sequence) const;

  // Channels that ask `address` by echo or SYN: what an answer without a token of ours may belong to.
  std::span<const probes::ChannelIndex> channels_at(const base::Address& address) const;

  std::uint32_t unresolved_targets() const { return unresolved_; }
  std::uint32_t refused_targets() const { return refused_; }

 private:
  void rebuild();
  bool is_asked(std::size_t target) const;
  bool is_usable(probes::ChannelIndex channel, const base::Address& address) const;

  std::shared_ptr<const config::Plan> plan_;
  Share share_;
  const Budget* budget_ = nullptr;
  std::unordered_map<std::string, std::vector<base::Address>> known_;          // by name
  std::vector<std::vector<base::Address>> addresses_;                          // by channel, in order
  std::unordered_map<base::Address, std::vector<probes::ChannelIndex>> book_;  // echo and SYN channels
  std::uint32_t unresolved_ = 0;
  std::uint32_t refused_ = 0;
};

}  // namespace blipd::engine
