// The head of an HTTP/1.x response as text: status line and fields, the security headers among them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/serve/reply.hpp"
#include "probes/base/time.hpp"

namespace blipd::serve {

enum class Framing { kLength, kChunked, kUntilClose };

struct HeadOptions {
  unsigned version = 11;  // of the request: 10 or 11
  bool keep_alive = true;
  Framing framing = Framing::kLength;
  bool is_secure = false;  // over TLS
  // Fields of the operator's, in place of ours of the same name; null: none. Strict-Transport-Security goes out over
  // TLS only (RFC 6797, 7.2).
  const std::vector<std::pair<std::string, std::string>>* headers = nullptr;
};

// Ends with the empty line. `now` is for the Date field.
std::string response_head(const Reply& reply, const HeadOptions& options, base::WallTime now);

// IMF-fixdate (RFC 9110, 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
std::string format_http_date(base::WallTime time);

}  // namespace blipd::serve
