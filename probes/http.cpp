#include "probes/http.hpp"

#include <algorithm>

#include "probes/base/address.hpp"

namespace blipd::probes {

namespace {

constexpr std::size_t kLongestHost = 253;  // RFC 1035, 2.3.4, in presentation form
constexpr std::size_t kLongestPath = 2048;
constexpr std::size_t kLongestUserAgent = 256;

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_printable(char c) { return c >= ' ' && c <= '~'; }

}  // namespace

base::Expected<void> validate_http_host(std::string_view host) {
  if (base::Address::parse(host)) return {};
  const bool is_name =
      !host.empty() && host.size() <= kLongestHost && is_letter_or_digit(host.front()) &&
      host.find("..") == std::string_view::npos &&
      std::ranges::all_of(host, [](char c) { return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_'; });
  if (!is_name) return base::fail("'{}' is not a host; give a name such as www.example.net, or an IP address", host);
  return {};
}

base::Expected<void> validate_http_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return base::fail("'{}' is not a path; begin it with '/'", path);
  if (path.size() > kLongestPath) return base::fail("a path has at most {} characters; shorten it", kLongestPath);
  const bool is_path = std::ranges::all_of(path, [](char c) { return is_printable(c) && c != ' ' && c != '#'; });
  if (!is_path) return base::fail("not a path; write blanks, '#' and what is not ASCII as %20, %23, …");
  return {};
}

base::Expected<void> validate_user_agent(std::string_view user_agent) {
  if (user_agent.size() > kLongestUserAgent || !std::ranges::all_of(user_agent, is_printable)) {
    return base::fail("not a User-Agent; give at most {} printable ASCII characters", kLongestUserAgent);
  }
  return {};
}

base::Expected<HttpProbe> HttpProbe::make(const HttpSpec& spec) {
  auto expectation = HttpExpectation::compile(spec.expect);
  if (!expectation) return tl::unexpected(expectation.error());
  return HttpProbe{spec, std::move(*expectation)};
}

}  // namespace blipd::probes
