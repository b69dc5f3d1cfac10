// The part of a scenario file that says how somebody answers: the same keys for `defaults`, a network, a
// target and a control, each inheriting from the one before. Internal to the loader.
#pragma once

#include <optional>

#include "config/reader.hpp"
#include "daemon/simulate/scenario.hpp"

namespace blipd::simulate {

// Keys that a mapping with a behaviour and services may hold beside its own.
config::Keys behaviour_keys();

// Overrides in `behaviour` and `services` what the mapping says; a nested mapping replaces the inherited one
// as a whole.
void read_behaviour(const config::Reader& reader, Behaviour& behaviour, Services& services);

// The keys code, from and ratio of an unreachable; also used by the timeline.
Unreachable read_unreachable(const config::Reader& reader);
std::optional<base::Address> read_address(const config::Reader& reader, std::string_view key);

}  // namespace blipd::simulate
