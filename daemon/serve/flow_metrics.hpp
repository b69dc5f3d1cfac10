// The metric families of channels that rotate over several flows.
#pragma once

#include "daemon/pipeline/snapshot.hpp"
#include "daemon/serve/families.hpp"

namespace blipd::serve {

void add_flows(Families& out, const pipeline::Snapshot& snapshot);

}  // namespace blipd::serve
