// The range of time that a request asks about.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "daemon/serve/query.hpp"
#include "probes/base/error.hpp"
#include "probes/base/time.hpp"

namespace blipd::serve {

// [from, to)
struct TimeRange {
  base::WallTime from{};
  base::WallTime to{};
};

// The value of a parameter; null: it is not there. An error when it is there twice.
base::Expected<const std::string*> find_parameter(const std::vector<Parameter>& parameters, std::string_view name);

// `from` and `to`, each RFC 3339 or Unix time. Without `to` up to `now`, without `from` it is `usual` long. Anything
// else is refused, and the error says what would be right.
base::Expected<TimeRange> time_range(const std::vector<Parameter>& parameters, base::WallTime now,
                                     base::Duration usual);

}  // namespace blipd::serve
