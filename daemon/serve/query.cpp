#include "daemon/serve/query.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace blipd::serve {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Absent when it is no text in percent encoding (RFC 3986, 2.1).
std::optional<std::string> decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const bool is_whole = text.size() - i > 2;
      const int high = is_whole ? hex_digit(text[i + 1]) : -1;
      const int low = is_whole ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) return std::nullopt;
    plain += c;
  }
  return plain;
}

}  // namespace

base::Expected<std::vector<Parameter>> parse_query(std::string_view target) {
  std::vector<Parameter> parameters;
  target = target.substr(0, target.find('#'));
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return parameters;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(item.size() + 1, rest.size()));
    if (item.empty()) continue;
    const std::size_t equals = std::min(item.find('='), item.size());
    auto name = decoded(item.substr(0, equals));
    auto value = decoded(item.substr(std::min(equals + 1, item.size())));
    if (!name || !value) {
      return base::fail(
          "the query has a character that must be written as % and two hexadecimal digits, or such "
          "digits that mean none");
    }
    parameters.push_back({std::move(*name), std::move(*value)});
  }
  return parameters;
}

}  // namespace blipd::serve
