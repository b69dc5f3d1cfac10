#include "daemon/engine/name_book.hpp"

#include <algorithm>

namespace blipd::engine {

namespace {

// In one order, so that a server that turns its addresses round with each answer changes nothing.
std::vector<base::Address> merged(const Lookup& lookup, const std::vector<base::Address>& former) {
  std::vector<base::Address> addresses = lookup.addresses;
  if (lookup.failed_family) {
    std::ranges::copy_if(former, std::back_inserter(addresses),
                         [&](const base::Address& a) { return a.family() == *lookup.failed_family; });
  }
  std::ranges::sort(addresses);
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

}  // namespace

void NameBook::watch(const std::string& name) {
  Entry& entry = entries_[name];
  if (++entry.watchers > 1) {
    if (entry.is_known) news_.push_back({name, entry.addresses, {}});
    return;
  }
  entry.ticket = next_ticket_++;
  if (const auto literal = base::Address::parse(name)) {
    entry.is_known = true;
    entry.addresses = {*literal};
    news_.push_back({name, entry.addresses, {}});
    return;
  }
  schedule(name, entry, base::MonoTime::min());
}

void NameBook::unwatch(const std::string& name) {
  const auto found = entries_.find(name);
  if (found == entries_.end() || --found->second.watchers > 0) return;
  if (found->second.due) queue_.erase({*found->second.due, name});
  entries_.erase(found);
}

void NameBook::schedule(const std::string& name, Entry& entry, base::MonoTime at) {
  entry.due = at;
  queue_.insert({at, name});
}

std::vector<NameBook::Errand> NameBook::due(base::MonoTime now) {
  std::vector<Errand> errands;
  while (!queue_.empty() && queue_.begin()->first <= now) {
    const std::string name = queue_.begin()->second;
    queue_.erase(queue_.begin());
    Entry& entry = entries_.at(name);
    entry.due.reset();
    errands.push_back({name, entry.ticket});
  }
  return errands;
}

void NameBook::settle(const Errand& errand, const base::Expected<Lookup>& lookup, base::MonoTime now) {
  const auto found = entries_.find(errand.name);
  if (found == entries_.end() || found->second.ticket != errand.ticket || found->second.due) return;
  Entry& entry = found->second;
  if (!lookup) {
    news_.push_back({errand.name, entry.addresses, lookup.error().text});
    schedule(errand.name, entry, now + entry.retry);
    entry.retry = std::min(2 * entry.retry, kLongestRetry);
    return;
  }
  entry.is_known = true;
  entry.addresses = merged(*lookup, entry.addresses);
  entry.retry = kFirstRetry;
  news_.push_back({errand.name, entry.addresses, {}});
  schedule(errand.name, entry, now + std::clamp(lookup->ttl, kShortestLife, kLongestLife));
}

}  // namespace blipd::engine
