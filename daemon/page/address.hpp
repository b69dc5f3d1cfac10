// Addresses of the page: taken apart, and put together. Every view has one, and it says all that the view depends on.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/page/axis.hpp"
#include "probes/base/error.hpp"

namespace blipd::page {

struct Address {
  std::vector<std::string> path;  // decoded segments
  std::string raw_path;           // as it came, without the query
  std::optional<base::WallTime> from, to;
};

// Refuses broken escapes, control characters and times that are none. Parameters other than from and to are passed
// over.
base::Expected<Address> read_address(std::string_view target);

// RFC 3986: all but unreserved characters.
std::string percent_encoded(std::string_view text);

std::string country_path(std::string_view code);
std::string network_path(std::string_view code, std::string_view network);
std::string target_path(std::string_view code, std::string_view network, std::string_view target);
std::string event_path(std::string_view id);
// ?from=…&to=…, whole seconds.
std::string range_query(const Range& range);
std::string time_text(base::WallTime time);

}  // namespace blipd::page
