#include "probes/wire/checksum.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace blipd::wire {

namespace {

// Ones' complement sums do not care about byte order as long as the result goes back the way it came
// (RFC 1071, 2.B), so words are summed as they lie in memory, eight bytes at a time.
std::uint64_t add(std::uint64_t sum, std::uint64_t word) {
  sum += word;
  return sum + (sum < word ? 1U : 0U);
}

std::uint64_t accumulate(std::uint64_t sum, base::Bytes bytes) {
  while (bytes.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    sum = add(sum, word);
    bytes = bytes.subspan(sizeof word);
  }
  if (bytes.empty()) return sum;
  std::uint64_t tail = 0;  // what is missing counts as zeros (RFC 1071, 4.1)
  std::memcpy(&tail, bytes.data(), bytes.size());
  return add(sum, tail);
}

std::uint16_t finish(std::uint64_t sum) {
  for (int i = 0; i < 4; ++i) sum = (sum & 0xffffU) + (sum >> 16U);
  const auto folded = static_cast<std::uint16_t>(~sum);
  if constexpr (std::endian::native == std::endian::big) return folded;
  return static_cast<std::uint16_t>((folded << 8U) | (folded >> 8U));
}

}  // namespace

std::uint16_t checksum(base::Bytes message) { return finish(accumulate(0, message)); }

std::uint16_t checksum(base::Bytes message, const base::Address& source, const base::Address& destination,
                       std::uint8_t protocol) {
  // Length and protocol as one 64-bit field: the zeros between them add nothing, so it serves both families.
  std::array<std::byte, 8> tail{};
  base::ByteWriter out(tail);
  out.u32(static_cast<std::uint32_t>(message.size()));
  out.u32(protocol);
  std::uint64_t sum = accumulate(0, source.bytes());
  sum = accumulate(sum, destination.bytes());
  sum = accumulate(sum, tail);
  return finish(accumulate(sum, message));
}

}  // namespace blipd::wire
