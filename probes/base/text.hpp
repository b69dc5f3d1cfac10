// Times and durations as people write and read them: durations as in Prometheus (500ms, 5s, 1m30s),
// times as RFC 3339 in UTC.
#pragma once

#include <string>
#include <string_view>

#include "probes/base/error.hpp"
#include "probes/base/time.hpp"

namespace blipd::base {

// Units y, w, d, h, m, s, ms, each at most once and from large to small (Prometheus 2.42, model.Duration);
// additionally us and ns. "0" needs no unit. A year has 365 days. Negative durations do not exist.
Expected<Duration> parse_duration(std::string_view text);

// The shortest exact form that parse_duration reads back: 90 s is "1m30s", zero is "0s".
std::string format_duration(Duration duration);

// RFC 3339 ("2014-12-22T16:15:00Z", fraction and offset allowed; "2014-12-22" alone is when that day begins in UTC) or
// Unix seconds ("1419264900", fraction allowed).
Expected<WallTime> parse_time(std::string_view text);

// RFC 3339 in UTC with milliseconds: "2014-12-22T16:15:00.000Z".
std::string format_time(WallTime time);

}  // namespace blipd::base
