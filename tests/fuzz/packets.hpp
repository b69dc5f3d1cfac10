// Ways past the checksums, which random changes would nearly never get right by themselves.
#pragma once

#include <cstdint>
#include <vector>

#include "probes/base/bytes.hpp"
#include "probes/base/siphash.hpp"
#include "probes/wire/checksum.hpp"
#include "probes/wire/icmp.hpp"
#include "probes/wire/ip.hpp"

namespace blipd::fuzz {

// The key and identifier of the packets in the corpora.
inline constexpr base::SipKey kKey{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};
inline constexpr std::uint16_t kIdentifier = 0xb11d;

inline void set_u16(std::vector<std::byte>& bytes, std::size_t at, std::uint16_t value) {
  bytes.at(at) = static_cast<std::byte>(value >> 8U);
  bytes.at(at + 1) = static_cast<std::byte>(value & 0xffU);
}

// The same packet with its IPv4 header and ICMP checksums made right, where it has them.
inline std::vector<std::byte> repaired(base::Bytes input) {
  std::vector<std::byte> bytes(input.begin(), input.end());
  const auto packet = wire::read_ip(bytes, wire::HeaderChecksum::kIgnore);
  if (!packet) return bytes;
  if (packet->source.is_v4()) {
    const std::size_t header_length = (std::to_integer<std::size_t>(bytes[0]) & 0x0fU) * 4U;
    set_u16(bytes, 10, 0);
    set_u16(bytes, 10, wire::checksum(base::Bytes(bytes).first(header_length)));
  }
  if (wire::is_icmp(*packet) && packet->payload.size() >= 4) {
    const auto at = static_cast<std::size_t>(packet->payload.data() - bytes.data());
    set_u16(bytes, at + 2, 0);
    set_u16(bytes, at + 2,
            packet->source.is_v4()
                ? wire::checksum(packet->payload)
                : wire::checksum(packet->payload, packet->source, packet->destination, wire::kIcmpV6));
  }
  return bytes;
}

}  // namespace blipd::fuzz
