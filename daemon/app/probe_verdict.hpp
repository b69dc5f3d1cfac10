// What several ways of asking one host say together: facts about which protocols answer, never about why.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "daemon/event/host.hpp"
#include "probes/result.hpp"
#include "probes/spec.hpp"

namespace blipd::app {

struct ProbeAnswer {
  probes::ProbeSpec spec;
  probes::Result result;
  probes::AnswerDetail detail;
  base::WallTime at{};              // when it was settled
  std::set<event::HostSign> signs;  // that further answers to it show
};

// One line for one way: "echo reply in 12.3 ms, TTL 57", "no answer within 3s", …
std::string describe(const ProbeAnswer& answer);

// One line for the host, by the rule of detect/host_verdict.hpp: "up, answers every way (asked once)", "no answer by
// any way (asked once)", "not known: nothing could be asked", …
std::string compare(const std::vector<ProbeAnswer>& answers);

}  // namespace blipd::app
