#include "daemon/serve/json_text.hpp"

#include <algorithm>

#include "daemon/serve/json_parts.hpp"
#include "daemon/serve/text_format.hpp"
#include "probes/base/text.hpp"

namespace blipd::serve {

void append_json(std::string& out, std::string_view text) {
  const bool is_plain = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
  if (is_plain) {
    out += '"';
    out += text;
    out += '"';
  } else {
    out += text_of(Json(text));
  }
}

void append_json(std::string& out, std::uint64_t value) { append_number(out, value); }
void append_json(std::string& out, double value) { append_number(out, value); }
void append_json(std::string& out, base::Duration value) { append_seconds(out, value); }

void append_json(std::string& out, base::WallTime value) {
  out += '"';
  out += base::format_time(value);
  out += '"';
}

void append_last(std::string& out, const pipeline::ChannelState& state) {
  if (state.last_settled) {
    append_json(out, R"(,"last":{"outcome":)", std::string_view(name_of(kOutcomeNames, state.last_outcome)));
    append_json(out, R"(,"settled":)", *state.last_settled);
    append_json(out, R"(,"rtt_seconds":)", state.last_rtt);
    append_json(out, R"(,"stamps":)", std::string_view(name_of(kStampNames, state.stamps)));
    out += '}';
  } else {
    out += R"(,"last":null)";
  }
  append_json(out, R"(,"last_answered":)", state.last_answered);
}

}  // namespace blipd::serve
