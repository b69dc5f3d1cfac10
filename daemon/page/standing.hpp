// Parts of views that say how things stand at the moment: the vantage point, what hampers us, a country, a network.
#pragma once

#include <string_view>

#include "daemon/page/strip.hpp"
#include "daemon/page/views.hpp"

namespace blipd::page {

Html vantage_part(const Scene& scene);
// Journal and daemon; nothing where all is well.
Html notices_part(const Scene& scene);

// The level in very large words and what belongs to it. `is_link`: its name leads to its time line.
Html country_level(const Scene& scene, config::CountryIndex index, bool is_link);
Html network_state(const Scene& scene, config::NetworkIndex index);

// A bar of what is reachable, with a mark at what usually is.
Html reachable_bar(const std::optional<double>& now, const std::optional<double>& usual);

// The strip of a country or a network over the scene's range; what minutes do not tell, its events do.
Strip strip_for(const Scene& scene, const journal::Bins& bins, std::span<const journal::StateBin> states,
                std::string_view country, std::string_view network);

}  // namespace blipd::page
