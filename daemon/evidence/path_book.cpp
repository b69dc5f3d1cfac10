#include "daemon/evidence/path_book.hpp"

#include <algorithm>

namespace blipd::evidence {

namespace {

using probes::TracedHop;
using probes::TracedPath;

const TracedHop* hop_at(const TracedPath& path, int distance) {
  const auto found = std::ranges::find(path.hops, distance, &TracedHop::distance);
  return found == path.hops.end() ? nullptr : &*found;
}

// Both answered, from different addresses.
bool differs(const TracedPath& a, const TracedPath& b, int distance) {
  const TracedHop* const in_a = hop_at(a, distance);
  const TracedHop* const in_b = hop_at(b, distance);
  return in_a != nullptr && in_b != nullptr && in_a->address != in_b->address;
}

}  // namespace

const TracedPath* PathRecord::before(base::WallTime start) const {
  for (const auto& path : whole) {
    if (path && path->began < start) return &*path;
  }
  return nullptr;
}

bool is_another_way(const TracedPath& before, const TracedPath& now,
                    const std::map<std::uint8_t, std::set<base::Address>>& known) {
  if (before.target != now.target) return true;
  for (const TracedHop& hop : now.hops) {
    if (!differs(before, now, hop.distance)) continue;
    const auto at = known.find(hop.distance);
    const bool is_known = at != known.end() && at->second.contains(hop.address);
    const bool is_alone = !differs(before, now, hop.distance - 1) && !differs(before, now, hop.distance + 1);
    if (!is_known || !is_alone) return true;
  }
  const bool are_whole = before.end == probes::PathEnd::kReached && now.end == probes::PathEnd::kReached;
  return are_whole && before.hops.back().distance != now.hops.back().distance;
}

bool PathBook::add(const TracedPath& path) {
  if (path.end == probes::PathEnd::kAborted) return false;
  Entry& entry = entries_[path.name];
  PathRecord& record = entry.record;
  // A path of which only the beginning is left is compared by that.
  const bool is_changed = record.latest && is_another_way(*record.latest, path, entry.known);
  if (is_changed) ++record.changes;
  for (const TracedHop& hop : path.hops) {
    auto& known = entry.known[hop.distance];
    if (known.size() < kMostKnown) known.insert(hop.address);
  }
  record.latest = path;
  if (path.end == probes::PathEnd::kReached) {
    record.whole[1] = std::move(record.whole[0]);
    record.whole[0] = path;
  }
  return is_changed;
}

void PathBook::set_upstream(const std::string& name, std::uint32_t upstream) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  PathRecord& record = found->second.record;
  record.upstream = upstream;
  if (upstream != 0 && record.upstreams.size() < PathRecord::kMostUpstreams) record.upstreams.insert(upstream);
}

const PathRecord* PathBook::find(const std::string& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second.record;
}

void PathBook::keep(const std::function<bool(const std::string& name)>& is_kept) {
  std::erase_if(entries_, [&](const auto& entry) { return !is_kept(entry.first); });
}

std::set<base::Address> PathBook::hops_of(const std::vector<std::string>& names) const {
  std::set<base::Address> all;
  for (const std::string& name : names) {
    const PathRecord* const record = find(name);
    if (record == nullptr || !record->whole[0]) continue;
    for (const TracedHop& hop : record->whole[0]->hops) all.insert(hop.address);
  }
  return all;
}

}  // namespace blipd::evidence
