// A range of time as a query names it: `from` and `to`, each RFC 3339 or Unix time. Pure.
#pragma once

#include <optional>

#include "daemon/serve/query.hpp"
#include "probes/base/error.hpp"
#include "probes/base/time.hpp"

namespace blipd::serve {

// [from, to)
struct TimeRange {
  base::WallTime from{};
  base::WallTime to{};
};

class RangeReader {
 public:
  // Whether it is one of ours; an error where it is and cannot be read, or was there before.
  base::Expected<bool> take(const Parameter& parameter);

  // Without `to` up to `now`, without `from` so much before `to`. The error says what would be right.
  base::Expected<TimeRange> range(base::WallTime now, base::Duration usual) const;

 private:
  std::optional<base::WallTime> from_;
  std::optional<base::WallTime> to_;
};

}  // namespace blipd::serve
