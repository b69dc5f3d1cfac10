// Who is asked at which addresses: the running side of the plan's targets and channels. Literal addresses are
// known at once, names as soon as they resolve; when resolving fails the last addresses stay. A channel whose
// name has several addresses asks them in turn. Pure: resolving and sending are others' business.
//
// A reload and a name that resolves cost what they change, not what there is.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/plan.hpp"
#include "daemon/engine/address_book.hpp"
#include "daemon/engine/budget.hpp"
#include "daemon/engine/share.hpp"
#include "probes/base/address.hpp"
#include "probes/base/prefetch.hpp"

namespace blipd::engine {

// Which mechanism asks a channel's questions.
enum class Way : std::uint8_t { kEcho, kSyn, kConnect, kDnsUdp, kDnsTcp, kHttp };

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

  // What a name of those resolved to last; empty: nothing yet.
  std::vector<base::Address> addresses_of(const std::string& name) const;

  // A name's addresses, replacing the former ones. An empty list is ignored: the last ones stay.
  void resolved(const std::string& name, std::vector<base::Address> addresses);

  // The address that the channel's probe number `sequence` goes to; none while nothing is known or all are
  // refused. Only addresses of the family of the probe's source address count, where it has one.
  std::optional<base::Address> address(probes::ChannelIndex channel, probes::Sequence sequence) const;

  // Calls `visit(channel)` for the channels that ask `address` by echo or SYN (what an answer without a token of ours
  // may belong to), some perhaps twice, until one returns true. Says whether one did.
  template <class Visit>
  bool find_at(const base::Address& address, Visit&& visit) const {
    return book_.find(address, [&](probes::ChannelIndex channel) { return asks(channel, address) && visit(channel); });
  }

  // The network of a target that is asked at `address`: by echo or SYN, or at all after know_all().
  std::optional<config::NetworkIndex> network_at(const base::Address& address) const {
    std::optional<config::NetworkIndex> network;
    find_at(address, [&](probes::ChannelIndex channel) {
      network = plan_->channels[channel].network;
      return true;
    });
    return network;
  }
  // Before the first adopt(): other ways of asking count, too, in find_at() and network_at().
  void know_all() { knows_all_ = true; }

  void prefetch(probes::ChannelIndex channel) const { base::prefetch(routes_[channel]); }

  std::uint32_t unresolved_targets() const { return unresolved_; }
  std::uint32_t refused_targets() const { return refused_; }

 private:
  // Of one channel. With several addresses they stand in more_.
  struct Route {
    base::Address address;
    bool is_known = false;
    bool has_more = false;
  };
  // A name that targets have in place of an address.
  struct Name {
    std::vector<base::Address> addresses;
    std::vector<config::TargetIndex> targets;
  };
  struct Standing {
    bool is_unresolved = false;
    bool is_refused = false;
  };

  void forget(const config::Plan& before, config::TargetIndex index);
  void place(config::TargetIndex index, const std::vector<base::Address>& known);
  void set_route(probes::ChannelIndex channel, const std::vector<base::Address>& addresses);
  void rebuild_book();
  void set_standing(config::TargetIndex index, Standing standing);
  bool is_in_book(const probes::ProbeSpec& spec) const;
  bool asks(probes::ChannelIndex channel, const base::Address& address) const;
  bool is_usable(probes::ChannelIndex index, const base::Address& address) const;

  std::shared_ptr<const config::Plan> plan_;
  Share share_;
  const Budget* budget_ = nullptr;
  std::map<std::string, Name> names_;
  std::vector<Route> routes_;        // by channel
  std::vector<Standing> standings_;  // by target
  std::unordered_map<probes::ChannelIndex, std::vector<base::Address>> more_;
  AddressBook book_;
  bool knows_all_ = false;
  std::uint32_t unresolved_ = 0;
  std::uint32_t refused_ = 0;
};

}  // namespace blipd::engine
