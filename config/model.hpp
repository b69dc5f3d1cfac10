// The typed configuration: what the YAML file says once every default and inheritance is applied. Plain
// values; the loader (config/load.hpp) is the only one that makes it from text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/ways.hpp"
#include "probes/base/address.hpp"
#include "probes/base/time.hpp"

namespace blipd::config {

// Somebody to ask, in each of the ways of `probes`. Names are unique within a network.
struct Target {
  std::string name;
  std::string host;  // an address or a domain name
  Ways probes;       // after inheritance; never empty; names unique
  Ways traces{};     // the same, of those that are traces; mostly empty
};

// Somebody to ask outside every watched country: when these fail, the fault is ours.
struct Control {
  Target target;
  std::string network;  // controls of one network share fate; defaults to the control's own name
  // Of a path control: the upstream inside which it sits, between us and the networks that name the same one. It says
  // nothing of our own link and has no part in the vantage test.
  std::string upstream;
};

struct Network {
  std::string name;  // unique within the country
  std::optional<std::uint32_t> asn;
  std::string access = "fixed";  // fixed | mobile
  std::string upstream;          // as written, for people; may be empty
  double weight = 1.0;           // share in the country's reachable ratio, > 0
  std::vector<Target> targets;
};

struct Country {
  std::string code;  // ISO 3166-1 alpha-2, unique
  std::string name;
  std::vector<Network> networks;
  bool is_split = false;  // some of its networks are another process's to ask: see config/shard.hpp
};

// Politeness. Rates are probes a second; 0 means no limit.
struct Budget {
  double total_rate = 20000;
  double prefix_rate = 200;  // for each IPv4 /24 and each IPv6 /48
  std::vector<base::Prefix> do_not_probe;
};

// How verdicts are reached; docs/detection.md explains each default.
struct Detect {
  double down_threshold = 9.2;        // W at which a network is down
  double small_down_threshold = 6.9;  // the same with fewer than four channels
  double up_threshold = -9.2;         // W at which it is up again
  double clip = 12.0;                 // W stays in −clip..clip
  double false_failure = 0.02;        // floor of P(failure | up)
  double down_failure = 0.998;        // P(failure | down)
  double congested_failure = 0.45;    // P(failure | up, at a bad moment)
  double usual_alpha = 1.0 / 2000.0;  // weight of one probe in the usual answer ratio
  double usual_floor = 0.15;          // below it a channel has no vote
  double control_quorum = 0.5;        // vantage fault when a smaller share of controls answers

  base::Duration blip_limit = std::chrono::minutes(5);  // an outage shorter than this is a blip
  base::Duration recovery = std::chrono::minutes(10);   // steady for so long before it is normal again
  base::Duration relapse = std::chrono::minutes(1);     // down again so soon is the same outage of a network
  base::Duration sustained = std::chrono::minutes(1);   // an outage that lasts so long is one to be told at once

  double flap_penalty = 1000;  // of one time down
  double flap_ceiling = 4000;  // the sum stays below
  base::Duration flap_half_life = std::chrono::hours(2);
  base::Duration flap_window = std::chrono::hours(6);  // in which times down are counted against what is usual
  double unstable_from = 2500;                         // penalty
  double unstable_until = 750;
  double chance = 1e-4;           // what is this improbable as usual behaviour is not usual
  double unstable_weight = 0.25;  // of a country's networks, by which it is unstable itself

  double partial_share = 0.8;  // of the usual reachable share; below it a country is partial
  double partial_ends = 0.85;  // from there up it is not, so that an edge does not flicker
  base::Duration partial_hold = std::chrono::minutes(1);

  double degraded_loss = 0.2;      // over five minutes
  double degraded_deviations = 3;  // mean absolute deviations above the usual loss
  double cusum_slack = 0.5;        // of standardised log round trips (Page 1954)
  double cusum_limit = 8;

  base::Duration review_after = std::chrono::hours(24 * 7);  // an event as old as this may be the new normal
};

struct Engine {
  static constexpr std::uint32_t kMostShards = 64;

  base::Duration late_window = std::chrono::seconds(10);  // how long an answer is waited for after its timeout
  base::Duration max_lag = std::chrono::seconds(1);       // asked later than this: aborted as overrun
  bool ask_at_once = true;                                // ask a network's other channels on a first failure
  std::uint32_t shards = 1;                               // threads that probe, in this one process
};

class AsTable;

// What there is to show beside an event.
struct Evidence {
  std::string as_table;                    // absolute; empty: which AS an address belongs to is not known
  std::shared_ptr<const AsTable> table;    // what it says (config/as_table.hpp); null without one
  std::uint64_t packets_bytes = 16 << 20;  // of memory for the last packets of all networks together; 0: none are kept
  std::string directory = "/var/lib/blipd/evidence";  // files of packets are written there; empty: nowhere
  base::Duration keep = std::chrono::hours(24 * 30);  // files that are older go
  std::uint64_t most_bytes = 1ULL << 30;              // the oldest go, where all of them are more

  bool is_recording() const { return packets_bytes > 0 && !directory.empty(); }
};

struct WebFile;

// How what is served is guarded.
struct Web {
  std::string config_file;              // absolute; empty: plain HTTP, for everybody who reaches the port
  bool reload = false;                  // whether POST /-/reload works
  std::shared_ptr<const WebFile> file;  // what config_file says (config/web_file.hpp); null without one
};

// Everything but whom to ask.
struct Options {
  std::string vantage_name;  // defaults to the host's name
  Budget budget;
  Detect detect;
  Engine engine;
  Evidence evidence;
  std::string listen = "127.0.0.1:10547";
  Web web;
  std::string journal = "/var/lib/blipd/journal.db";       // events, minutes and what is usual; empty: nowhere
  base::Duration retention = std::chrono::hours(24 * 90);  // of minutes; events are kept for ever
  std::string record;                                      // results are written there; empty: nowhere
  std::string log_level = "info";                          // debug | info | warning | error
};

struct Configuration : Options {
  std::vector<Control> controls;
  std::vector<Country> countries;
};

}  // namespace blipd::config
