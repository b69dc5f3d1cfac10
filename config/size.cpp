#include "config/size.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace blipd::config {

namespace {

constexpr std::array<std::pair<std::string_view, unsigned>, 5> kUnits = {
    {{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"", 0}}};

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  for (const auto& [name, shift] : kUnits) {
    if (unit != name) continue;
    if (number > std::numeric_limits<std::uint64_t>::max() >> shift) return std::nullopt;
    return number << shift;
  }
  return std::nullopt;
}

std::string format_size(std::uint64_t bytes) {
  for (const auto& [name, shift] : kUnits) {
    const bool is_whole = ((bytes >> shift) << shift) == bytes;
    if (bytes > 0 && is_whole) return fmt::format("{}{}", bytes >> shift, name);
  }
  return "0";
}

}  // namespace blipd::config
