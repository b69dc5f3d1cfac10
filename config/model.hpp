// The typed configuration: what the YAML file says once every default and inheritance is applied. Plain
// values; the loader (config/load.hpp) is the only one that makes it from text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/address.hpp"
#include "probes/base/time.hpp"
#include "probes/spec.hpp"

namespace blipd::config {

// Somebody to ask, in each of the ways of `probes`. Names are unique within a network.
struct Target {
  std::string name;
  std::string host;                       // an address or a domain name
  std::vector<probes::ProbeSpec> probes;  // after inheritance; never empty; names unique
};

// Somebody to ask outside every watched country: when these fail, the fault is ours.
struct Control {
  Target target;
  std::string network;  // controls of one network share fate; defaults to the control's own name
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
};

// Politeness. Rates are probes a second; 0 means no limit.
struct Budget {
  double total_rate = 20000;
  double prefix_rate = 200;  // for each IPv4 /24 and each IPv6 /48
  std::vector<base::Prefix> do_not_probe;
};

// The network test and the vantage test; docs/detection.md explains each default.
struct Detect {
  double down_threshold = 9.2;        // W at which a network is down
  double small_down_threshold = 6.9;  // the same with fewer than four channels
  double up_threshold = -9.2;         // W at which it is up again
  double clip = 12.0;                 // W stays in −clip..clip
  double false_failure = 0.02;        // floor of P(failure | up)
  double down_failure = 0.998;        // P(failure | down)
  double usual_alpha = 1.0 / 2000.0;  // weight of one probe in the usual answer ratio
  double usual_floor = 0.15;          // below it a channel has no vote
  double control_quorum = 0.5;        // vantage fault when a smaller share of controls answers
};

struct Engine {
  base::Duration late_window = std::chrono::seconds(10);  // how long an answer is waited for after its timeout
  base::Duration max_lag = std::chrono::seconds(1);       // asked later than this: aborted as overrun
  bool ask_at_once = true;                                // ask a network's other channels on a first failure
};

struct Configuration {
  std::string vantage_name;  // defaults to the host's name
  std::vector<Control> controls;
  std::vector<Country> countries;
  Budget budget;
  Detect detect;
  Engine engine;
  std::string listen = "127.0.0.1:10547";
  std::string journal = "/var/lib/blipd/journal.db";  // used once events are kept
  std::string record;                                 // results are written there; empty: nowhere
  std::string log_level = "info";                     // debug | info | warning | error
};

}  // namespace blipd::config
