// Numbers that nobody without the key can foretell: SipHash over a counter.
#pragma once

#include <array>
#include <cstdint>

#include "probes/base/bytes.hpp"
#include "probes/base/siphash.hpp"

namespace blipd::engine {

class KeyedRandom {
 public:
  // Streams with different `purpose` under one key have nothing to do with each other.
  KeyedRandom(const base::SipKey& key, std::uint64_t purpose) : key_(key), purpose_(purpose) {}

  std::uint64_t next() {
    std::array<std::byte, 16> message{};
    base::ByteWriter out(message);
    out.u64(purpose_);
    out.u64(counter_++);
    return base::siphash24(key_, out.written());
  }

  // In first..last, both included. The bias of a 64-bit number is far below notice.
  std::uint64_t between(std::uint64_t first, std::uint64_t last) { return first + next() % (last - first + 1); }

 private:
  base::SipKey key_;
  std::uint64_t purpose_;
  std::uint64_t counter_ = 0;
};

}  // namespace blipd::engine
