// Answers that a client has already (RFC 9110, 13): he asks with the tag of what he keeps, and is told that it holds.
#pragma once

#include <string_view>

#include "daemon/serve/reply.hpp"

namespace blipd::serve {

// Whether an If-None-Match field names what the reply would send. Never for a reply without a tag.
bool is_known(const Reply& reply, std::string_view if_none_match);

// In place of a reply that is known: 304, with the fields that hold for what the client keeps.
Reply not_modified(const Reply& reply);

}  // namespace blipd::serve
