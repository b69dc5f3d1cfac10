// SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash short enough for a packet and strong enough
// that nobody without the key can make one up.
#pragma once

#include <cstdint>
#include <string_view>

#include "probes/base/bytes.hpp"

namespace blipd::base {

struct SipKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;

  // 128 bits from the kernel's generator. Throws std::system_error where the kernel gives none.
  static SipKey random();
};

std::uint64_t siphash24(const SipKey& key, Bytes message);
std::uint64_t siphash24(const SipKey& key, std::string_view message);

}  // namespace blipd::base
