// What an assessment must not forget over a restart, as plain values: what is usual of each channel, network and
// country, and how often things fell lately. Copied on the probing thread, the channels a slice at a time; made into
// JSON by whichever thread has time for it. What it becomes is read by Assessment::restore().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/plan.hpp"
#include "daemon/detect/country_record.hpp"
#include "daemon/detect/network_record.hpp"
#include "probes/base/time.hpp"

namespace blipd::detect {

struct Recollection {
  struct Channel {
    float answers_mean = 0, answers_weight = 0;
    float rtt_mean = 0;  // of its logarithm
    std::uint16_t answers = 0, rtts = 0;
    bool has_answered = false;
  };

  std::shared_ptr<const config::Plan> plan;
  base::Moment now;  // since times are wall times where they are written: the monotonic clock begins anew
  std::vector<std::pair<config::NetworkIndex, NetworkRecord::Memory>> networks;
  std::vector<std::pair<config::CountryIndex, CountryRecord::Memory>> countries;
  std::vector<Channel> channels;  // by index, as far as they are copied

  bool is_complete() const { return channels.size() == plan->channels.size(); }
};

// A network's key in that JSON.
std::string network_key(const config::Plan& plan, config::NetworkIndex index);

// By name, so that it fits whatever the next configuration keeps. A complete recollection.
std::string to_json(const Recollection& recollection);

}  // namespace blipd::detect
