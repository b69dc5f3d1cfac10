// What an event has to show for itself beside its probes: the paths to some of its targets, before and now, the files
// of packets around it, and what some of its hosts answered by each way of asking. Plain values that state what was
// seen, never why. Attached after the event is made (Pipeline::attach), so that the same results give the same events
// whether there is evidence or not.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/event/host.hpp"
#include "probes/base/time.hpp"

namespace blipd::event {

// Which moment of its event a piece of evidence is of.
enum class Moment : std::uint8_t { kStart, kEnd };
inline constexpr std::array<const char*, 2> kMomentNames = {"start", "end"};

// Where a router lies, as seen on the way from us: in the network that we are in, in the network that takes traffic
// into the watched one, in the watched country itself, or somewhere between us and the upstream.
enum class PathPlace : std::uint8_t { kUnknown, kNear, kBetween, kUpstream, kCountry };
inline constexpr std::array<const char*, 5> kPathPlaceNames = {"unknown", "near", "between", "upstream", "country"};

// How a trace ended: at the target; with an error of a router; after so many hops that stayed silent; at as many hops
// as are asked at most; or it could not be sent to its end.
enum class PathEnd : std::uint8_t { kReached, kUnreachable, kSilent, kTooLong, kAborted };
inline constexpr std::array<const char*, 5> kPathEndNames = {"reached", "unreachable", "silent", "too_long", "aborted"};

struct PathHop {
  std::uint8_t distance = 0;    // the TTL or hop limit that it was asked with, from 1
  std::string address;          // empty: silent
  std::uint32_t as_number = 0;  // by the configured table; 0: not known
  PathPlace place = PathPlace::kUnknown;
  std::optional<base::Duration> round_trip;  // microseconds are kept
  std::vector<std::uint32_t> labels;         // of the MPLS stack it was found with (RFC 4950), outermost first
  std::string interface;                     // by its name, where the router told (RFC 5837)
};

// One path, as it was at a time.
struct PathSeen {
  base::WallTime at{};
  PathEnd end = PathEnd::kSilent;
  std::uint32_t upstream = 0;  // AS that it enters the country from; 0: not known
  std::vector<PathHop> hops;   // without the silent ones at the end
};

// Where a path that was whole ends now: the last hop that answered, and the first one behind it that answered before.
struct PathLoss {
  PathHop after;                          // distance 0: no hop answered
  std::optional<PathHop> hop;             // absent: no earlier path is known, or it is another one from here on
  PathPlace place = PathPlace::kUnknown;  // where that hop lies
};

struct PathEvidence {
  Moment moment = Moment::kStart;
  std::string network, target, probe;
  std::string method;       // "icmp", "udp", "tcp"; empty: of an event from before that was kept
  bool is_control = false;  // of a control, for comparison
  PathSeen now;
  std::optional<PathSeen> before;  // the last whole one from before the fall
  std::optional<PathLoss> loss;    // absent: nothing is lost
};

// A file of packets that were on the wire around the event.
struct PacketFile {
  Moment moment = Moment::kStart;
  std::string network;
  std::string file;  // its name in the folder of such files
  base::WallTime from{}, to{};
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
};

struct WayEvidence {
  std::string probe;
  WaySays says = WaySays::kUnknown;
};

// One host at one moment.
struct HostEvidence {
  Moment moment = Moment::kStart;
  std::string network, target;
  HostVerdict verdict = HostVerdict::kUnknown;
  std::string words;
  std::vector<WayEvidence> ways;
  std::vector<HostSign> signs;  // that were seen since shortly before that moment
};

struct Evidence {
  std::vector<PathEvidence> paths;
  std::vector<PacketFile> packets;
  std::vector<HostEvidence> hosts;
  // What comes after as many is passed over.
  static constexpr std::size_t kMostPaths = 24;
  static constexpr std::size_t kMostPackets = 16;
  static constexpr std::size_t kMostHosts = 40;

  bool is_empty() const { return paths.empty() && packets.empty() && hosts.empty(); }
  // Whether there was room for any of it.
  bool add(Evidence more);
  // All times, after the wall clock was set.
  void move(base::Duration step);
};

}  // namespace blipd::event
