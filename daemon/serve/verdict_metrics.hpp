// The metric families of networks, countries and their outages.
#pragma once

#include "daemon/pipeline/snapshot.hpp"
#include "daemon/serve/families.hpp"

namespace blipd::serve {

void add_verdicts(Families& out, const pipeline::Snapshot& snapshot);

}  // namespace blipd::serve
