// What is exported of the packets that are kept for events.
#pragma once

#include "daemon/serve/families.hpp"
#include "daemon/serve/published.hpp"

namespace blipd::serve {

void add_recorder(Families& out, const RecorderHealth& health);

}  // namespace blipd::serve
