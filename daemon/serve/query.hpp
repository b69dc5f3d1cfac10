// The query of a request target (RFC 3986, 3.4) as names and values. A plus stays a plus, so that the offset of a time
// needs no escaping.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/base/error.hpp"

namespace blipd::serve {

struct Parameter {
  std::string name;
  std::string value;
  bool operator==(const Parameter&) const = default;
};

// In their order; a name without "=" has an empty value, empty items are passed over. Refuses broken escapes and
// control characters.
base::Expected<std::vector<Parameter>> parse_query(std::string_view target);

}  // namespace blipd::serve
