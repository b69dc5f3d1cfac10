// JSON written straight to text, for what there may be a hundred thousand of: a tree of values costs ten times as much
// as the text. Internal to this floor; single objects are still put together as Json (json_parts.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/pipeline/channel_row.hpp"
#include "probes/base/time.hpp"

namespace blipd::serve {

// Quoted and escaped; bytes that are not UTF-8 become U+FFFD.
void append_json(std::string& out, std::string_view text);
void append_json(std::string& out, std::uint64_t value);
inline void append_json(std::string& out, std::uint32_t value) { append_json(out, std::uint64_t{value}); }
inline void append_json(std::string& out, bool value) { out += value ? "true" : "false"; }
void append_json(std::string& out, double value);
// In seconds.
void append_json(std::string& out, base::Duration value);
void append_json(std::string& out, base::WallTime value);
template <class Value>
void append_json(std::string& out, const std::optional<Value>& value) {
  if (value) {
    append_json(out, *value);
  } else {
    out += "null";
  }
}

// What stands before a value (a comma and its key, mostly), and the value.
template <class Value>
void append_json(std::string& out, std::string_view before, const Value& value) {
  out += before;
  append_json(out, value);
}

// `,"last":{…},"last_answered":…`: how a channel's last probe went, null until something has been settled, and when
// the last answer came.
void append_last(std::string& out, const pipeline::ChannelState& state);

}  // namespace blipd::serve
