// A scripted country as plain values: who is there, how each of them answers, and what happens when.
// Complete once loaded (daemon/simulate/load.hpp); says nothing about packets, sockets or real time, so
// the laboratory plays it on a wire and a simulation plays it in virtual time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/event/event.hpp"
#include "probes/base/address.hpp"
#include "probes/base/time.hpp"

namespace blipd::simulate {

// How long an answer takes, as a distribution of round trips.
struct Delay {
  enum class Shape : std::uint8_t {
    kConstant,     // `centre`
    kNormal,       // mean `centre`, standard deviation `deviation`, nothing below `minimum`
    kLognormal,    // `minimum` plus a lognormal of median `centre` and shape `sigma`
    kExponential,  // `minimum` plus an exponential of mean `centre`
  };
  Shape shape = Shape::kConstant;
  base::Duration minimum{};
  base::Duration centre = std::chrono::milliseconds(20);
  base::Duration deviation{};
  double sigma = 0;
};

// Loss in bursts: two states, lossless and lossy, that may change before each packet (Gilbert 1960,
// Elliott 1963). The long-run loss is loss · enter / (enter + leave), a burst lasts 1 / leave packets.
struct Bursts {
  double enter = 0;   // chance to go from lossless to lossy
  double leave = 1;   // chance to go back
  double loss = 1.0;  // in the lossy state
};

// Something that befalls a share of the answers, and how much later it makes them.
struct Mishap {
  double ratio = 0;
  base::Duration delay{};
};

enum class NoticeCode : std::uint8_t { kNetwork, kHost, kProtocol, kPort, kAdministrative };

// A router's (or host's) word that there is no way.
struct Unreachable {
  double ratio = 1.0;
  NoticeCode code = NoticeCode::kHost;
  std::vector<base::Address> from;  // the first of the right family; none: the prefix's first address
};

enum class Forgery : std::uint8_t { kNone, kToken, kSource, kTtl };

// Answers made up by somebody on the way. They overtake the true one: half its delay.
struct Forging {
  double ratio = 0;
  std::vector<Forgery> wrong;  // each forgery is one of these, by chance
  bool instead = false;        // the true answer is suppressed
};

// A token bucket for ICMP messages of one host (RFC 1812, 4.3.2.8; RFC 4443, 2.4 (f)).
struct IcmpLimit {
  double rate = 0;  // messages a second
  double burst = 1;
};

// How one host, or everybody in a network, answers.
struct Behaviour {
  Delay rtt;
  double loss = 0;  // of request and answer together, independent from probe to probe
  std::optional<Bursts> bursts;
  std::optional<Unreachable> unreachable;
  Mishap late;        // delayed on top of the round trip
  Mishap duplicated;  // a second copy, so much later
  Mishap reordered;   // delayed on top, so that a later answer may overtake it
  Mishap differing;   // a second DNS answer that says something else, so much later
  double corrupted = 0;
  Forging forged;
  std::optional<IcmpLimit> icmp_limit;
  std::uint8_t ttl = 56;  // as it arrives
};

// What a host offers. Ports that are neither open nor DNS are `others`.
struct Services {
  enum class Others : std::uint8_t { kClosed, kFiltered };
  bool icmp = true;
  bool dns = false;                 // on port 53, UDP and TCP, from the scenario's zones
  std::vector<std::uint16_t> open;  // TCP ports
  Others others = Others::kClosed;  // closed: RST or port unreachable; filtered: silence
};

struct Target {
  std::string name;
  base::Address address;
  Services services;
  Behaviour behaviour;
};

struct Network {
  std::string name;
  bool is_control = false;  // outside the country: spared by `all`
  std::string upstream;     // behind which it lies; of a control: inside which it sits
  std::vector<base::Prefix> prefixes;
  bool answers_by_default = false;  // addresses of the prefixes that no target has
  Services services;                // of those addresses
  Behaviour behaviour;
  std::vector<Target> targets;
};

enum class EffectKind : std::uint8_t { kCut, kUnreachable, kLoss, kDelay };

struct Effect {
  EffectKind kind = EffectKind::kCut;
  double ratio = 0;         // of kLoss, on top of the usual loss
  base::Duration delay{};   // of kDelay, on top of the round trip
  Unreachable unreachable;  // of kUnreachable
};

enum class Scope : std::uint8_t {
  kNetworks,  // those of `networks`
  kTargets,   // those of `targets`
  kAll,       // every watched network; controls are spared
  kVantage,   // everything: our own link
};

struct TargetPlace {
  std::size_t network = 0;
  std::size_t target = 0;
};

// An effect from `at` (included) to `until` (excluded), both counted from the start of the scenario, or of
// the current repetition.
struct TimelineEntry {
  base::Duration at{};
  base::Duration until = base::Duration::max();
  Scope scope = Scope::kNetworks;
  std::vector<std::size_t> networks;
  std::vector<TargetPlace> targets;
  Effect effect;
};

// An effect that comes by chance: a Poisson process over [from, until), each time for a length between the two ends,
// evenly on a logarithmic scale. Becomes plain entries with a seed (expand.hpp).
struct RandomEntry {
  TimelineEntry entry;  // `at` and `until` are the bounds
  double per_day = 0;
  base::Duration shortest{};
  base::Duration longest{};
};

// How a simulation asks when nobody configures it.
struct Pace {
  base::Duration interval = std::chrono::seconds(20);
  base::Duration control_interval = std::chrono::seconds(5);
  base::Duration timeout = std::chrono::seconds(3);
};

// How many events of some kind a simulation must find. What is absent matches all.
struct Expectation {
  std::string why;
  int line = 0;
  std::optional<event::Scope> scope;
  std::optional<event::Kind> kind;
  std::optional<event::Class> length;
  std::optional<event::Shape> shape;
  std::optional<std::string> network, target;
  std::optional<base::WallTime> from, until;        // the middle of the start lies in [from, until)
  std::optional<base::Duration> shortest, longest;  // both included
  std::optional<base::WallTime> declared_by, ended_by;
  std::optional<bool> is_open, is_isolated;  // isolated: not during an instability
  std::size_t least = 1;
  std::size_t most = SIZE_MAX;
};

// A line of a zone file.
struct ZoneRecord {
  std::string text;
  int line = 0;  // in the scenario file, for messages
};

struct Zone {
  std::string origin;
  std::vector<ZoneRecord> records;
};

struct Scenario {
  std::string file;
  std::string code;  // of the country
  std::string name;
  std::uint64_t seed = 1;
  base::Duration repeat{};  // the timeline starts anew after so long; zero: never
  std::vector<Network> networks;
  std::vector<Zone> zones;
  std::vector<TimelineEntry> timeline;
  std::vector<RandomEntry> random;
  // For simulations; a laboratory lives now.
  std::optional<base::WallTime> start;
  base::Duration length = std::chrono::hours(1);
  Pace pace;
  std::string synthetic;  // which parts are made up
  std::vector<Expectation> expectations;
};

}  // namespace blipd::simulate
