#include "daemon/app/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace blipd::app {

std::string Url::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (is_secure ? 443 : 80) ? name : fmt::format("{}:{}", name, port);
}

std::string Url::with(std::string_view more_path) const {
  return fmt::format("{}://{}{}{}", is_secure ? "https" : "http", authority(), path, more_path);
}

base::Expected<Url> parse_url(std::string_view text) {
  const auto wrong = [whole = text](std::string_view what) {
    return base::fail("\"{}\" cannot be asked: {}; write http://host:port, for example http://127.0.0.1:10547", whole,
                      what);
  };
  const std::size_t scheme = text.find("://");
  if (text.substr(0, text.find('/', scheme == std::string_view::npos ? 0 : scheme + 3)).find('@') !=
      std::string_view::npos) {
    // The text itself is not repeated: it may hold a password.
    return base::fail(
        "an address with a name or password in it cannot be asked: every user of this machine could read it; give them "
        "with --user and --password-file");
  }
  const bool has_odd_bytes = std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c == 0x7F; });
  if (has_odd_bytes) return wrong("there are blanks or other odd characters in it");
  constexpr std::string_view kPlain = "http://";
  constexpr std::string_view kSecure = "https://";
  Url url;
  if (text.starts_with(kPlain)) {
    text.remove_prefix(kPlain.size());
  } else if (text.starts_with(kSecure)) {
    text.remove_prefix(kSecure.size());
    url.is_secure = true;
    url.port = 443;
  } else if (text.find("://") != std::string_view::npos) {
    return wrong("only http and https are spoken");
  }
  const std::size_t slash = text.find('/');
  std::string_view authority = text.substr(0, slash);
  if (slash != std::string_view::npos) url.path = text.substr(slash);
  while (url.path.ends_with('/')) url.path.pop_back();

  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const std::string_view digits = authority.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
    if (error != std::errc{} || end != digits.data() + digits.size() || url.port == 0) {
      return wrong("the port is not a number from 1 to 65535");
    }
    authority = authority.substr(0, colon);
  }
  const bool is_bracketed = authority.size() > 2 && authority.front() == '[' && authority.back() == ']';
  if (is_bracketed) authority = authority.substr(1, authority.size() - 2);
  if (!is_bracketed && authority.find_first_of("[]:@") != std::string_view::npos) {
    return wrong("the host is not a name or an address; an IPv6 address needs brackets");
  }
  if (authority.empty()) return wrong("there is no host");
  url.host = authority;
  return url;
}

}  // namespace blipd::app
