#include "daemon/serve/known_answers.hpp"

namespace blipd::serve {

namespace {

// Tags are compared weakly (RFC 9110, 8.8.3.2): without the mark of the weak ones.
std::string_view opaque(std::string_view tag) {
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  return tag;
}

}  // namespace

bool is_known(const Reply& reply, std::string_view if_none_match) {
  if (reply.etag.empty()) return false;
  const std::string_view own = opaque(reply.etag);
  for (std::string_view rest = if_none_match; !rest.empty();) {
    if (rest.front() == ' ' || rest.front() == '\t' || rest.front() == ',') {
      rest.remove_prefix(1);
      continue;
    }
    if (rest.front() == '*') return true;
    rest = opaque(rest);
    // A tag ends with its second quote, and may have a comma before that.
    const std::size_t end = rest.starts_with('"') ? rest.find('"', 1) : std::string_view::npos;
    if (end == std::string_view::npos) return false;
    if (rest.substr(0, end + 1) == own) return true;
    rest.remove_prefix(end + 1);
  }
  return false;
}

Reply not_modified(const Reply& reply) {
  Reply known;
  known.status = kNotModified;
  known.etag = reply.etag;
  known.cache_control = reply.cache_control;
  known.is_compressible = reply.is_compressible || !reply.compressed.empty();  // for Vary
  return known;
}

}  // namespace blipd::serve
