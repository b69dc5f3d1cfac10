// What happened, as one object: an event of a country, a network, a target or the vantage point, with a start and an
// end that are intervals, how it began as facts, and a revision that grows with each change. Plain values; what makes
// them is daemon/detect, what keeps them the journal. Never names a cause or a culprit.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/event/evidence.hpp"
#include "probes/base/time.hpp"

namespace blipd::event {

enum class Scope : std::uint8_t { kCountry, kNetwork, kTarget, kVantage };
enum class Kind : std::uint8_t { kOutage, kPartial, kInstability, kDegraded, kVantageFault };
enum class Class : std::uint8_t { kBlip, kOutage };  // of outages: shorter than blip_limit, or not

inline constexpr std::array<const char*, 4> kScopeNames = {"country", "network", "target", "vantage"};
inline constexpr std::array<const char*, 5> kKindNames = {"outage", "partial", "instability", "degraded",
                                                          "vantage_fault"};
inline constexpr std::array<const char*, 2> kClassNames = {"blip", "outage"};

// When something happened: not before `earliest`, not after `latest`. Both ends are possible.
struct Span {
  base::WallTime earliest{};
  base::WallTime latest{};

  base::WallTime middle() const { return earliest + (latest - earliest) / 2; }
  bool operator==(const Span&) const = default;
};

// How a fall went, by its speed and by what came before it.
enum class Shape : std::uint8_t { kAbrupt, kStaged, kGradual, kAfterInstability };
inline constexpr std::array<const char*, 4> kShapeNames = {"abrupt", "staged", "gradual", "after instability"};

// One part that fell: a network of a country, or a target of a network.
struct Fall {
  std::string place;
  Span when;
  // From 1, in order of falling. Parts whose spans overlap cannot be told apart and share a rank.
  std::uint32_t rank = 1;
};

// What was known of the stretch before the start.
struct Before {
  base::Duration length{};
  std::uint32_t flaps = 0;           // times it went down
  std::optional<double> loss_ratio;  // 0–1
  std::optional<double> loss_slope;  // by how much that ratio grew in an hour (least squares)
  std::optional<double> rtt_ratio;   // round trips against usual: 1 is as usual
  std::uint64_t late = 0;            // answers after their timeout
  bool operator==(const Before&) const = default;
};

// An ICMP error and how often it came.
struct Notice {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::string sender;
  std::uint64_t count = 0;
};

// How probes failed, from the start until the event was declared.
struct Failures {
  std::uint64_t silent = 0;
  std::uint64_t unreachable = 0;
  std::uint64_t reset = 0;
  std::vector<Notice> notices;  // the most frequent ones, at most kMostNotices
  static constexpr std::size_t kMostNotices = 4;
};

struct Onset {
  Shape shape = Shape::kAbrupt;
  std::optional<base::Duration> fall;  // reachable share from 90 % to 10 % of what it was; absent: it did not
  std::vector<Fall> order;
  std::vector<Before> before;  // 1, 6 and 24 hours; shorter where less was watched
  Failures failures;
};

struct Reachable {
  std::optional<double> usual;  // 0–1
  double lowest = 1;
};

struct Event {
  std::string id;        // unique, and the same in every revision
  std::string incident;  // shared by the events of one incident, from the first doubt about a target to the country
  Scope scope = Scope::kNetwork;
  std::string country, network, target;  // empty where the scope is wider
  Kind kind = Kind::kOutage;
  std::optional<Class> length;  // of kOutage only; "class" in JSON
  Span start;
  std::optional<Span> end;    // absent: open
  base::WallTime declared{};  // when it was first said
  base::WallTime updated{};   // of this revision
  Reachable reachable;
  Onset onset;
  std::uint32_t flaps = 0;    // of kInstability: times down so far
  std::string during;         // id of the instability that it is part of; empty: none
  std::string path;           // upstream whose path controls failed with it; empty: none did
  bool needs_review = false;  // so long open that it may be the new normal, which is never learned silently
  std::string vantage;
  std::uint32_t revision = 1;
  Evidence evidence;  // what was attached later; left out of the JSON while empty

  bool is_open() const { return !end.has_value(); }
  // From the middle of `start` to the middle of `end`, or to the last revision of an open one.
  base::Duration duration() const { return (end ? end->middle() : updated) - start.middle(); }
};

}  // namespace blipd::event
