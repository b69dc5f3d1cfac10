#include "daemon/page/address.hpp"

#include <fmt/format.h>

#include "probes/base/text.hpp"

namespace blipd::page {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

base::Expected<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int byte = static_cast<unsigned char>(text[i]);
    if (text[i] == '%') {
      if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) {
        return base::fail("the address has a % that is not followed by two hexadecimal digits; write %25 for it");
      }
      byte = hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]);
      i += 2;
    }
    if (byte < 0x20 || byte == 0x7F) return base::fail("the address has a control character; leave it out");
    out += static_cast<char>(byte);
  }
  return out;
}

base::Expected<void> read_parameter(std::string_view item, Address& address) {
  const std::size_t sign = item.find('=');
  const auto name = decoded(item.substr(0, sign));
  if (!name) return tl::make_unexpected(name.error());
  if (*name != "from" && *name != "to") return {};
  const auto value = decoded(sign == std::string_view::npos ? "" : item.substr(sign + 1));
  if (!value) return tl::make_unexpected(value.error());
  const auto time = base::parse_time(*value);
  if (!time) return base::fail("{}: {}", *name, time.error().text);
  (*name == "from" ? address.from : address.to) = *time;
  return {};
}

}  // namespace

base::Expected<Address> read_address(std::string_view target) {
  target = target.substr(0, target.find('#'));
  const std::size_t mark = target.find('?');
  Address address;
  address.raw_path = target.substr(0, mark);
  std::string_view query = mark == std::string_view::npos ? "" : target.substr(mark + 1);
  std::string_view rest = address.raw_path;
  if (rest.starts_with('/')) rest.remove_prefix(1);
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    auto segment = decoded(rest.substr(0, slash));
    if (!segment) return tl::make_unexpected(segment.error());
    address.path.push_back(std::move(*segment));
    rest = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  }
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    if (const auto read = read_parameter(query.substr(0, end), address); !read) {
      return tl::make_unexpected(read.error());
    }
    query = end == std::string_view::npos ? "" : query.substr(end + 1);
  }
  return address;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                          c == '.' || c == '_' || c == '~';
    if (is_plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string country_path(std::string_view code) { return "/country/" + percent_encoded(code); }

std::string network_path(std::string_view code, std::string_view network) {
  return country_path(code) + "/network/" + percent_encoded(network);
}

std::string target_path(std::string_view code, std::string_view network, std::string_view target) {
  return network_path(code, network) + "/target/" + percent_encoded(target);
}

std::string event_path(std::string_view id) { return "/event/" + percent_encoded(id); }

std::string time_text(base::WallTime time) {
  const std::string text = base::format_time(time);
  return text.substr(0, text.find('.')) + "Z";
}

std::string range_query(const Range& range) { return "?from=" + time_text(range.from) + "&to=" + time_text(range.to); }

}  // namespace blipd::page
