// Having the processor fetch what will be needed in a microsecond or two. A hint: changes nothing but time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace blipd::base {

// Every cache line that the object touches, and none of what it points to.
template <class Object>
void prefetch(const Object& object) {
  constexpr std::uintptr_t kLine = 64;
  const auto start = reinterpret_cast<std::uintptr_t>(&object);
  const char* const end = reinterpret_cast<const char*>(&object) + sizeof(Object);
  const char* at = reinterpret_cast<const char*>(&object) - start % kLine;
  for (; at < end; at += kLine) {
    __builtin_prefetch(at, 1);
    // GCC takes a function that does nothing but prefetch for one without effect, and leaves out calls of it.
    asm volatile("" : : "r"(at));
  }
}

}  // namespace blipd::base
