// The answer to /api/v1/series: what a country, a network or the channels of a target came to in bins of equal width,
// from the journal's minutes. Takes reading. docs/api.md has its shape.
#pragma once

#include <string_view>

#include "daemon/serve/published.hpp"
#include "daemon/serve/reply.hpp"

namespace blipd::serve {

inline constexpr std::size_t kUsualPoints = 300;
inline constexpr std::size_t kMostPoints = 2000;

// 200; 400 or 404 with `{"error": …}`; 503 when the journal is there and cannot be read. `value` has a snapshot.
Reply series_reply(std::string_view target, const Published& value);

}  // namespace blipd::serve
