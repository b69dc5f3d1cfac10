// What fuzz targets share. A target checks what must hold of any input at all; a broken claim is thrown, which
// libFuzzer takes as a crash and the replaying runner prints with the input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "probes/base/bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace blipd::fuzz {

inline void must(bool holds, const char* claim) {
  if (!holds) throw std::logic_error(claim);
}

inline base::Bytes as_bytes(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span<const std::uint8_t>(data, size));
}

// Whether `part` lies inside `whole`. An empty part may lie anywhere.
inline bool is_inside(base::Bytes part, base::Bytes whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace blipd::fuzz
