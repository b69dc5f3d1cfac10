// The answer to /api/v1/outages: the events that overlap a range of time, each as the one JSON object that it is
// everywhere. They come from the journal, through a connection of their own that only reads, and what the daemon holds
// in memory comes on top; where there is no journal or it cannot be read, from memory alone, and the answer says so.
// Takes reading; nobody who probes or writes waits for it. docs/api.md has its shape.
#pragma once

#include <cstddef>
#include <string_view>

#include "daemon/serve/published.hpp"
#include "daemon/serve/reply.hpp"
#include "daemon/serve/time_range.hpp"
#include "probes/base/error.hpp"
#include "probes/base/time.hpp"

namespace blipd::serve {

// What one answer holds at most: the latest ones, by their start.
struct OutageLimits {
  std::size_t events = 1000;
  std::size_t bytes = 4U << 20U;                      // of events; one is given however large it is
  base::Duration patience = std::chrono::seconds(1);  // of reading the journal
};

// `from` and `to` of a request target, each RFC 3339 or Unix time. Without `to` up to `now`, without `from` the thirty
// days before `to`. Anything else is refused, and the error says what would be right.
base::Expected<TimeRange> read_range(std::string_view target, base::WallTime now);

// 200, or 400 with `{"error": …}`. `value` has a snapshot.
Reply outages_reply(std::string_view target, const Published& value, const OutageLimits& limits = {});

}  // namespace blipd::serve
