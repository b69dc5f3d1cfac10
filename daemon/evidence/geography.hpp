// Where the hops of a path lie, as seen on the way from us: near us, between, in the upstream, in the country. By the
// table of autonomous systems, by what the configuration says of networks, and by the paths to controls. docs/paths.md
// has the rules; each has a test. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/as_table.hpp"
#include "daemon/event/evidence.hpp"
#include "probes/path.hpp"

namespace blipd::evidence {

// What is known of whom a path leads to.
struct Destination {
  std::set<std::uint32_t> country;        // its autonomous systems, as configured
  std::optional<std::uint32_t> upstream;  // as configured for the network
  std::set<base::Address> shared;         // hops that lie on paths to controls as well
  bool is_control = false;                // then it lies in no watched country
};

// The number of "AS4837", "4837" or "as4837 (China Unicom)"; none of other text.
std::optional<std::uint32_t> as_number_in(const std::string& text);

// The path in the words of events: hops with their autonomous system and place, the upstream in use. `table` may be
// null.
event::PathSeen seen_of(const probes::TracedPath& path, const config::AsTable* table, const Destination& destination);

}  // namespace blipd::evidence
