// What several JSON bodies have in common. Internal to this floor.
#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "daemon/pipeline/snapshot.hpp"
#include "probes/base/text.hpp"

namespace blipd::serve {

using Json = nlohmann::ordered_json;

// Never throws: bytes that are not UTF-8 become U+FFFD.
inline std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

inline Json maybe(const std::optional<double>& value) { return value ? Json(*value) : Json(); }
inline Json maybe(const std::optional<base::WallTime>& time) { return time ? Json(base::format_time(*time)) : Json(); }

template <class Names, class State>
const char* name_of(const Names& names, State state) {
  return names[static_cast<std::size_t>(state)];
}

inline constexpr std::array<const char*, 4> kOutcomeNames = {"answered", "lost", "unreachable", "aborted"};
inline constexpr std::array<const char*, 5> kStampNames = {"none", "capture", "kernel", "user", "recorded"};
inline constexpr std::array<const char*, 4> kProbeTypes = {"icmp", "tcp", "dns", "http"};

}  // namespace blipd::serve
