#include "daemon/page/html.hpp"

#include "probes/base/utf8.hpp"

namespace blipd::page {

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : base::replace_invalid_utf8(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default: {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_control = (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F;
        out += is_control ? std::string_view("\xEF\xBF\xBD") : std::string_view(&c, 1);
      }
    }
  }
}

}  // namespace blipd::page
