// Content codings (RFC 9110, 8.4): answers that are worth it go out compressed to those who say that they take it.
#pragma once

#include <string>
#include <string_view>

#include "daemon/serve/reply.hpp"

namespace blipd::serve {

// Whether an Accept-Encoding field allows gzip (RFC 9110, 12.5.3).
bool takes_gzip(std::string_view accept_encoding);

// RFC 1952. Throws std::bad_alloc.
std::string gzip(std::string_view bytes);

// Compresses the body, or takes what is compressed already, where the reply may be and `takes_gzip`.
void encode(Reply& reply, bool takes_gzip);

}  // namespace blipd::serve
