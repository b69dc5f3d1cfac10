// Which names are looked up when, and what is known of each: the pure half of the resolver, with neither thread nor
// clock nor network. A name is asked again when its TTL is over (kept within kShortestLife..kLongestLife);
// after a failure the last addresses stay and it is asked again after kFirstRetry, then twice that, up to
// kLongestRetry.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "probes/base/address.hpp"
#include "probes/base/error.hpp"
#include "probes/base/time.hpp"

namespace blipd::engine {

// What looking a name up brought: at least one address.
struct Lookup {
  std::vector<base::Address> addresses;
  base::Duration ttl{};
  // Addresses of this family could not be asked for: those known before stay.
  std::optional<base::Family> failed_family;
};

// What is now known of a name.
struct Resolved {
  std::string name;
  std::vector<base::Address> addresses;  // sorted; after a failure the last ones, if any
  std::string error;                     // empty: looked up with success
};

class NameBook {
 public:
  static constexpr base::Duration kShortestLife = std::chrono::seconds(30);
  static constexpr base::Duration kLongestLife = std::chrono::hours(1);
  static constexpr base::Duration kFirstRetry = std::chrono::seconds(5);
  static constexpr base::Duration kLongestRetry = std::chrono::minutes(5);

  // A name may be watched several times and is forgotten after as many unwatch(). What is known of it already, and
  // what a literal address says, is news again at once.
  void watch(const std::string& name);
  void unwatch(const std::string& name);

  // A lookup to be made. `ticket` tells it from one for the same name before it was forgotten.
  struct Errand {
    std::string name;
    std::uint64_t ticket = 0;
  };
  // Those that are due at `now`, each given once until it is settled.
  std::vector<Errand> due(base::MonoTime now);

  void settle(const Errand& errand, const base::Expected<Lookup>& lookup, base::MonoTime now);

  // What has become known since the last call.
  std::vector<Resolved> take_news() { return std::exchange(news_, {}); }

 private:
  struct Entry {
    unsigned watchers = 0;
    std::uint64_t ticket = 0;
    bool is_known = false;
    std::vector<base::Address> addresses;
    base::Duration retry = kFirstRetry;
    std::optional<base::MonoTime> due;  // none: under way, or a literal
  };

  void schedule(const std::string& name, Entry& entry, base::MonoTime at);

  std::map<std::string, Entry> entries_;
  std::set<std::pair<base::MonoTime, std::string>> queue_;
  std::vector<Resolved> news_;
  std::uint64_t next_ticket_ = 1;
};

}  // namespace blipd::engine
