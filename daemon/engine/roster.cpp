#include "daemon/engine/roster.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

namespace blipd::engine {

Way way_of(const probes::ProbeSpec& spec) {
  if (const auto* tcp = std::get_if<probes::TcpSpec>(&spec.ask)) {
    return tcp->mode == probes::TcpMode::kSyn ? Way::kSyn : Way::kConnect;
  }
  if (const auto* dns = std::get_if<probes::DnsSpec>(&spec.ask)) {
    return dns->transport == probes::DnsTransport::kUdp ? Way::kDnsUdp : Way::kDnsTcp;
  }
  if (std::holds_alternative<probes::HttpSpec>(spec.ask)) return Way::kHttp;
  return Way::kEcho;
}

namespace {

bool is_echo_or_syn(const probes::ProbeSpec& spec) {
  const Way way = way_of(spec);
  return way == Way::kEcho || way == Way::kSyn;
}

// Those that are new, gone, at another host or asked in another way; all, when others may be refused now.
std::vector<config::TargetIndex> changed_targets(const config::Plan* before, const config::Plan& now) {
  const bool are_all =
      before == nullptr || before->configuration.budget.do_not_probe != now.configuration.budget.do_not_probe;
  const config::Changes changes = config::changes_between(are_all ? nullptr : before, now);
  std::vector<config::TargetIndex> changed = changes.targets;
  for (const probes::ChannelIndex channel : changes.channels) {
    if (now.channels[channel].is_active) changed.push_back(now.channels[channel].target);
  }
  std::ranges::sort(changed);
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  return changed;
}

}  // namespace

void Roster::adopt(std::shared_ptr<const config::Plan> plan, const Budget& budget, Share share) {
  share_ = std::move(share);
  const auto before = std::exchange(plan_, std::move(plan));
  budget_ = &budget;
  const std::vector<config::TargetIndex> changed = changed_targets(before.get(), *plan_);
  routes_.resize(plan_->channels.size());
  // A target that stays may have lost a way of being asked.
  for (const probes::ChannelIndex channel : config::changes_between(before.get(), *plan_).channels) {
    if (!plan_->channels[channel].is_active) set_route(channel, {});
  }
  standings_.resize(plan_->targets.size());
  if (before) {
    for (const config::TargetIndex i : changed) forget(*before, i);
  }
  for (const config::TargetIndex i : changed) {
    const config::PlannedTarget& target = plan_->targets[i];
    if (!target.is_active || !share_.has(i)) continue;
    if (const auto literal = base::Address::parse(target.host)) {
      place(i, {*literal});
    } else {
      Name& name = names_[target.host];
      name.targets.push_back(i);
      place(i, name.addresses);
    }
  }
  std::erase_if(names_, [](const auto& entry) { return entry.second.targets.empty(); });
}

void Roster::forget(const config::Plan& before, config::TargetIndex index) {
  if (index >= before.targets.size() || !before.targets[index].is_active) return;
  const config::PlannedTarget& target = before.targets[index];
  if (const auto name = names_.find(target.host); name != names_.end()) std::erase(name->second.targets, index);
  for (const probes::ChannelIndex channel : before.channels_of(target)) set_route(channel, {});
  set_standing(index, {});
}

std::vector<std::string> Roster::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : names_) names.push_back(name);
  return names;
}

std::vector<base::Address> Roster::addresses_of(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? std::vector<base::Address>() : found->second.addresses;
}

void Roster::resolved(const std::string& name, std::vector<base::Address> addresses) {
  const auto found = names_.find(name);
  if (addresses.empty() || found == names_.end()) return;
  std::ranges::sort(addresses);
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  if (found->second.addresses == addresses) return;
  found->second.addresses = std::move(addresses);
  for (const config::TargetIndex index : found->second.targets) place(index, found->second.addresses);
}

bool Roster::is_usable(probes::ChannelIndex index, const base::Address& address) const {
  const auto& source = plan_->channels[index].spec().source;
  return !source || source->family() == address.family();
}

void Roster::place(config::TargetIndex index, const std::vector<base::Address>& known) {
  std::vector<base::Address> all = known;
  const bool is_refused = std::erase_if(all, [&](const base::Address& a) { return budget_->is_refused(a); }) > 0;
  set_standing(index, {known.empty(), is_refused});
  for (const probes::ChannelIndex channel : plan_->channels_of(index)) {
    std::vector<base::Address> usable;
    std::ranges::copy_if(all, std::back_inserter(usable),
                         [&](const base::Address& a) { return is_usable(channel, a); });
    set_route(channel, usable);
  }
}

void Roster::set_standing(config::TargetIndex index, Standing standing) {
  const Standing before = std::exchange(standings_[index], standing);
  unresolved_ = unresolved_ + (standing.is_unresolved ? 1 : 0) - (before.is_unresolved ? 1 : 0);
  refused_ = refused_ + (standing.is_refused ? 1 : 0) - (before.is_refused ? 1 : 0);
}

void Roster::set_route(probes::ChannelIndex channel, const std::vector<base::Address>& addresses) {
  Route& route = routes_[channel];
  if (route.has_more) more_.erase(channel);
  route = Route{};
  if (addresses.empty()) return;
  route = {addresses.front(), true, addresses.size() > 1};
  if (route.has_more) more_[channel] = addresses;
  if (!is_in_book(plan_->channels[channel].spec())) return;
  for (const base::Address& address : addresses) {
    if (book_.is_full()) rebuild_book();
    book_.add(address, channel);
  }
}

bool Roster::is_in_book(const probes::ProbeSpec& spec) const { return knows_all_ || is_echo_or_syn(spec); }

void Roster::rebuild_book() {
  std::size_t entries = routes_.size();
  for (const auto& [channel, addresses] : more_) entries += addresses.size();
  book_.clear(entries);
  for (probes::ChannelIndex channel = 0; channel < routes_.size(); ++channel) {
    const Route& route = routes_[channel];
    if (!route.is_known || !is_in_book(plan_->channels[channel].spec())) continue;
    if (!route.has_more) {
      book_.add(route.address, channel);
      continue;
    }
    for (const base::Address& address : more_.at(channel)) book_.add(address, channel);
  }
}

bool Roster::asks(probes::ChannelIndex channel, const base::Address& address) const {
  const Route& route = routes_[channel];
  if (!route.has_more) return route.is_known && route.address == address;
  return std::ranges::find(more_.at(channel), address) != more_.at(channel).end();
}

std::optional<base::Address> Roster::address(probes::ChannelIndex channel, probes::Sequence sequence) const {
  const Route& route = routes_[channel];
  if (!route.is_known) return std::nullopt;
  if (!route.has_more) return route.address;
  const auto& addresses = more_.at(channel);
  return addresses[sequence % addresses.size()];
}

}  // namespace blipd::engine
