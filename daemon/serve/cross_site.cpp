#include "daemon/serve/cross_site.hpp"

#include "probes/base/address.hpp"

namespace blipd::serve {

namespace {

// Names that no server of names elsewhere decides about. Any other may have been made to point at us just now (DNS
// rebinding), and its page is then of the same origin as we.
bool is_own_name(std::string_view host) {
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    host = host.substr(0, colon);
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return host == "localhost" || base::Address::parse(host).has_value();
}

}  // namespace

std::optional<std::string> cross_site_problem(const Provenance& request) {
  const bool is_from_browser = !request.origin.empty() || !request.fetch_site.empty();
  if (!is_from_browser) return std::nullopt;
  if (!request.fetch_site.empty() && request.fetch_site != "same-origin" && request.fetch_site != "none") {
    return "the request comes from a page of another site";
  }
  if (!request.origin.empty()) {
    const std::size_t scheme = request.origin.find("://");
    if (scheme == std::string_view::npos || request.origin.substr(scheme + 3) != request.host) {
      return "the request comes from a page of another site";
    }
  }
  if (!request.is_bound_to_name && !is_own_name(request.host)) {
    return "the request comes from a page under a name that anybody could have pointed here; use the address";
  }
  return std::nullopt;
}

}  // namespace blipd::serve
