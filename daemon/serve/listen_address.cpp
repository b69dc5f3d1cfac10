#include "daemon/serve/listen_address.hpp"

#include <charconv>

namespace blipd::serve {

namespace {

constexpr const char* kForms = "write address:port, [address]:port or :port, for example 127.0.0.1:10547";

}  // namespace

base::Expected<ListenAddress> parse_listen(std::string_view text) {
  const auto wrong = [&](std::string_view what) {
    return base::fail("cannot listen on \"{}\": {}; {}", text, what, kForms);
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong("there is no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);

  ListenAddress listen;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), listen.port);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    return wrong("the port is not a number from 0 to 65535");
  }
  if (host.empty()) return listen;
  const bool is_bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  const auto address = base::Address::parse(host);
  if (!address) return wrong("the part before the port is not an address");
  if (address->is_v6() != is_bracketed) {
    return wrong(is_bracketed ? "brackets are for IPv6 addresses" : "an IPv6 address needs brackets");
  }
  listen.address = *address;
  return listen;
}

}  // namespace blipd::serve
