// A traced path as lines for people, as `blipd probe --trace` prints it.
#pragma once

#include <string>

#include "daemon/event/evidence.hpp"

namespace blipd::app {

// A line for each hop, those that stayed silent too, and one for how it ended. Names that routers give are printed
// without control characters.
std::string describe(const event::PathSeen& path);

}  // namespace blipd::app
