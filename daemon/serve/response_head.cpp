#include "daemon/serve/response_head.hpp"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

namespace blipd::serve {

namespace {

// Nothing from elsewhere, no script but the one that is served, in no frame, of no use to another site; nothing is
// kept, since nearly every answer is of its moment.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kFixedFields = {{
    {"Server", "blipd"},
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
}};

std::string policy_fields(const Reply& reply, const HeadOptions& options) {
  static const std::vector<std::pair<std::string, std::string>> kNone;
  const auto& own = options.headers == nullptr ? kNone : *options.headers;
  std::string fields;
  for (const auto& [name, value] : kFixedFields) {
    const bool is_replaced = std::ranges::any_of(own, [name = name](const auto& field) { return field.first == name; });
    if (is_replaced) continue;
    const bool is_kept = name == "Cache-Control" && !reply.cache_control.empty();
    fmt::format_to(std::back_inserter(fields), "{}: {}\r\n", name, is_kept ? reply.cache_control : value);
  }
  for (const auto& [name, value] : own) {
    if (name == "Strict-Transport-Security" && !options.is_secure) continue;
    fmt::format_to(std::back_inserter(fields), "{}: {}\r\n", name, value);
  }
  return fields;
}

}  // namespace

std::string format_http_date(base::WallTime time) {
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const time_t seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[static_cast<std::size_t>(utc.tm_wday)],
                     utc.tm_mday, kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                     utc.tm_min, utc.tm_sec);
}

std::string response_head(const Reply& reply, const HeadOptions& options, base::WallTime now) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n{}", reply.status, reason_phrase(reply.status),
                                 format_http_date(now), policy_fields(reply, options));
  const auto out = std::back_inserter(head);
  // Of what is not sent again nothing is said that the client knows (RFC 9110, 15.4.5).
  const bool has_content = reply.status != kNotModified;
  if (has_content) fmt::format_to(out, "Content-Type: {}\r\n", reply.content_type);
  if (!reply.etag.empty()) fmt::format_to(out, "ETag: {}\r\n", reply.etag);
  if (!reply.allow.empty()) fmt::format_to(out, "Allow: {}\r\n", reply.allow);
  if (!reply.content_encoding.empty()) fmt::format_to(out, "Content-Encoding: {}\r\n", reply.content_encoding);
  if (reply.is_compressible || !reply.compressed.empty()) head += "Vary: Accept-Encoding\r\n";
  if (!reply.challenge.empty()) fmt::format_to(out, "WWW-Authenticate: {}\r\n", reply.challenge);
  if (reply.status == 503) head += "Retry-After: 1\r\n";
  if (has_content && options.framing == Framing::kLength)
    fmt::format_to(out, "Content-Length: {}\r\n", reply.body.size());
  if (options.framing == Framing::kChunked) head += "Transfer-Encoding: chunked\r\n";
  if (!options.keep_alive) {
    head += "Connection: close\r\n";
  } else if (options.version < 11) {
    head += "Connection: keep-alive\r\n";
  }
  head += "\r\n";
  return head;
}

}  // namespace blipd::serve
