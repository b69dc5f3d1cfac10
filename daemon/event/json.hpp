// An event as the one JSON object that the API, the journal, reports, replays and simulations share, and back.
#pragma once

#include <string>
#include <string_view>

#include "daemon/event/event.hpp"
#include "probes/base/error.hpp"

namespace blipd::event {

// One line, keys in a fixed order, times in RFC 3339 with milliseconds.
std::string to_json(const Event& event);

// Refuses what is no event, and says what is missing.
base::Expected<Event> from_json(std::string_view text);

}  // namespace blipd::event
