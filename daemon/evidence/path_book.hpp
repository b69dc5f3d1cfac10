// What is remembered of each traced path: how it was when its target last answered, and the time before that; how often
// it changed; which upstreams it used. By the trace's name, so that a reload changes nothing. Pure; bounded by what the
// plan traces.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/event/evidence.hpp"
#include "probes/path.hpp"

namespace blipd::evidence {

// Of one trace.
struct PathRecord {
  std::optional<probes::TracedPath> latest;                // aborted ones left out
  std::array<std::optional<probes::TracedPath>, 2> whole;  // that reached the target, the later one first
  std::uint64_t changes = 0;
  std::set<std::uint32_t> upstreams;  // ever in use; at most kMostUpstreams
  std::uint32_t upstream = 0;         // of the last whole path; 0: not known
  static constexpr std::size_t kMostUpstreams = 16;

  // The last whole path that was begun before `start`. None when all that is known is later.
  const probes::TracedPath* before(base::WallTime start) const;
};

// Whether `now` took another way than `before`: some hop that answered in both has another address, or the target is at
// another distance. A hop that is alone in having changed, its neighbours being the same, and whose address was `known`
// at this distance is one of several that share a load.
bool is_another_way(const probes::TracedPath& before, const probes::TracedPath& now,
                    const std::map<std::uint8_t, std::set<base::Address>>& known);

class PathBook {
 public:
  // Takes a path in, unless it was aborted. Says whether it is another way than the last one.
  bool add(const probes::TracedPath& path);
  // Its upstream, as worked out by whoever knows the country (geography.hpp).
  void set_upstream(const std::string& name, std::uint32_t upstream);

  // Null when nothing is known.
  const PathRecord* find(const std::string& name) const;
  // Forgets what is not traced any more.
  void keep(const std::function<bool(const std::string& name)>& is_kept);
  // Hops of the last paths to these that reached them.
  std::set<base::Address> hops_of(const std::vector<std::string>& names) const;

 private:
  // Addresses at one distance that are remembered for telling load sharing from a change.
  static constexpr std::size_t kMostKnown = 8;

  struct Entry {
    PathRecord record;
    std::map<std::uint8_t, std::set<base::Address>> known;
  };
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace blipd::evidence
