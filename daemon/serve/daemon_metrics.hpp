// The metric families of the daemon itself, of networks and of countries: few enough to be objects of
// prometheus-cpp, whose serialiser writes them.
#pragma once

#include <string>

#include "daemon/serve/published.hpp"
#include "daemon/serve/server_stats.hpp"

namespace blipd::serve {

// In Prometheus text format 0.0.4. `published` must have a snapshot.
std::string daemon_metrics_text(const Published& published, const ServerStats& stats);

}  // namespace blipd::serve
