// Amounts of memory and disk as they are written: 512KiB, 16MiB, 1GiB, or a plain number of bytes. Powers of 1024
// alone, so that nobody has to guess which kind of megabyte is meant.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace blipd::config {

// Empty for anything else, and for what is beyond 64 bits.
std::optional<std::uint64_t> parse_size(std::string_view text);

// The shortest exact form that parse_size reads back.
std::string format_size(std::uint64_t bytes);

}  // namespace blipd::config
