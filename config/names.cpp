#include "config/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "config/reader.hpp"

namespace blipd::config {

namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxDomainName = 253;  // RFC 1035, 2.3.4: 255 on the wire
constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxInterface = 15;  // IFNAMSIZ less the terminator

bool is_control_character(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabel && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

// The last label of a domain name is never all digits, which tells 192.0.2.256 from a name (RFC 1123, 2.1).
bool is_domain_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.size() > kMaxDomainName) return false;
  while (true) {
    const auto dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) return !std::ranges::all_of(label, is_digit);
    name.remove_prefix(dot + 1);
  }
}

bool is_inside(const base::Address& address, std::string_view prefix) {
  return base::Prefix::parse(prefix).value().contains(address);
}

Problem address_problem(const base::Address& address, std::string_view text) {
  if (address.is_unspecified()) return fmt::format("{} is nobody's address; give the host's own", text);
  if (is_inside(address, "224.0.0.0/4") || is_inside(address, "ff00::/8") || is_inside(address, "255.255.255.255")) {
    return fmt::format("{} stands for many hosts; give the address of one", text);
  }
  if (is_inside(address, "::ffff:0:0/96")) {
    return fmt::format("{} is an IPv4 address in IPv6 form; write it as four numbers with dots", text);
  }
  return std::nullopt;
}

}  // namespace

Problem name_problem(std::string_view name) {
  if (name.empty()) return "an empty name; give one or leave the key out";
  if (name.size() > kMaxName) return fmt::format("{} is longer than {} bytes; shorten it", cited(name), kMaxName);
  if (name.find('/') != std::string_view::npos) {
    return fmt::format("{} holds a '/', which separates the parts of a channel's name; use '-'", cited(name));
  }
  if (std::ranges::any_of(name, is_control_character) || name.front() == ' ' || name.back() == ' ') {
    return fmt::format("{} holds a control character or begins or ends with a space; remove it", cited(name));
  }
  return std::nullopt;
}

Problem host_problem(std::string_view host) {
  if (const auto address = base::Address::parse(host)) return address_problem(*address, host);
  if (is_domain_name(host)) return std::nullopt;
  if (host.find('%') != std::string_view::npos) {
    return fmt::format("{} names a zone; give the address alone and the interface with 'interface'", cited(host));
  }
  if (host.find(':') != std::string_view::npos) {
    return fmt::format("{} is not an address; write it without brackets or port, the port belongs to the probe",
                       cited(host));
  }
  return fmt::format("{} is neither an address nor a domain name; check the spelling", cited(host));
}

Problem country_code_problem(std::string_view code) {
  const bool is_code = code.size() == 2 && std::ranges::all_of(code, is_letter);
  if (!is_code) {
    return fmt::format("{} is not a country code; give the two capital letters of ISO 3166-1, such as KP", cited(code));
  }
  if (!std::ranges::all_of(code, [](char c) { return c >= 'A' && c <= 'Z'; })) {
    std::string upper(code);
    for (char& c : upper) c = static_cast<char>(c & ~0x20);
    return fmt::format("{} is not in capitals; did you mean '{}'?", cited(code), upper);
  }
  return std::nullopt;
}

Problem interface_problem(std::string_view name) {
  if (!name.empty() && name.size() <= kMaxInterface && name != "." && name != ".." &&
      std::ranges::none_of(name, [](char c) { return c == '/' || c == ':' || c == ' ' || is_control_character(c); })) {
    return std::nullopt;
  }
  return fmt::format("{} cannot be an interface; give a name of at most {} bytes as 'ip link' shows it", cited(name),
                     kMaxInterface);
}

Problem listen_problem(std::string_view text) {
  const Problem problem = fmt::format(
      "cannot listen on {}; write address:port, [address]:port or :port, such as 127.0.0.1:10547", cited(text));
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return problem;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size()) return problem;
  if (host.empty() || host == "localhost") return std::nullopt;
  const bool is_bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  const auto address = base::Address::parse(host);
  if (!address || address->is_v6() != is_bracketed) return problem;
  return std::nullopt;
}

bool is_public(const base::Address& address) {
  constexpr auto kSpecial = std::to_array<std::string_view>(
      {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.2.0/24",
       "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "::/128", "::1/128",
       "2001:2::/48", "2001:db8::/32", "fc00::/7", "fe80::/10"});
  return std::ranges::none_of(kSpecial, [&](std::string_view prefix) { return is_inside(address, prefix); });
}

}  // namespace blipd::config
