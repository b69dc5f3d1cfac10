// The answer to /api/v1/series: what the journal's minutes came to in bins of equal width, of a country, a network, or
// a target's channels. Takes reading; nobody who probes or writes waits for it. docs/api.md has its shape.
#pragma once

#include <cstddef>
#include <string_view>

#include "daemon/serve/published.hpp"
#include "daemon/serve/reply.hpp"
#include "probes/base/time.hpp"

namespace blipd::serve {

struct SeriesLimits {
  std::size_t usual_points = 300;
  std::size_t most_points = 2000;
  base::Duration patience = std::chrono::seconds(1);  // of reading the journal
};

// 200; or 400, or 404 for whom nobody is asked, with `{"error": …}`. `value` has a snapshot.
Reply series_reply(std::string_view target, const Published& value, const SeriesLimits& limits = {});

}  // namespace blipd::serve
