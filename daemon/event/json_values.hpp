// How single values stand in an event's JSON. Only for the sources of this floor: its header is heavy.
#pragma once

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "probes/base/text.hpp"

namespace blipd::event {

using Json = nlohmann::ordered_json;

template <class E, std::size_t N>
const char* name_of(const std::array<const char*, N>& names, E value) {
  return names[static_cast<std::size_t>(value)];
}

// Throws on a word that is none of them.
template <class E, std::size_t N>
E value_of(const std::array<const char*, N>& names, const Json& json) {
  const auto& word = json.get_ref<const std::string&>();
  for (std::size_t i = 0; i < N; ++i) {
    if (word == names[i]) return static_cast<E>(i);
  }
  throw std::invalid_argument("'" + word + "' is not known");
}

inline base::WallTime time_of(const Json& json) {
  const auto time = base::parse_time(json.get_ref<const std::string&>());
  if (!time) throw std::invalid_argument(time.error().text);
  return *time;
}

}  // namespace blipd::event
