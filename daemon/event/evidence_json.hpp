// The "evidence" of an event's JSON. Only for json.cpp: its header is heavy.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "daemon/event/evidence.hpp"

namespace blipd::event {

nlohmann::ordered_json evidence_to_json(const Evidence& evidence);

// Throws, as reading the rest of an event does.
Evidence evidence_from_json(const nlohmann::ordered_json& json);

}  // namespace blipd::event
