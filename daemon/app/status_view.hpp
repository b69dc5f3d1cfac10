// What the daemon believes, for a terminal: from the JSON of /api/v1/status to text. Shows what is unknown as unknown,
// and lets no control character of a name reach the terminal.
#pragma once

#include <string>
#include <string_view>

#include "probes/base/error.hpp"

namespace blipd::app {

// An error when `json` is not what a blipd answers.
base::Expected<std::string> render_status(std::string_view json, bool has_colour);

}  // namespace blipd::app
