// What ICMP (RFC 792) and ICMPv6 (RFC 4443) messages have in common: the header, and the packet that an
// error message quotes. Every protocol that probes finds "unreachable" through here.
#pragma once

#include <cstdint>
#include <optional>

#include "probes/wire/ip.hpp"

namespace blipd::wire {

inline constexpr std::size_t kIcmpHeaderLength = 8;

// True for ICMP over IPv4 and ICMPv6 over IPv6, and never for one of them over the other. False for a
// later fragment, which has no header to read.
bool is_icmp(const IpPacket& packet);

// Destination unreachable, time exceeded, parameter problem and, for IPv6, packet too big. Not source
// quench, which nobody may send (RFC 6633), nor redirects, after which the packet went on.
bool is_icmp_error(base::Family family, std::uint8_t type);

// Verifies the checksum of an ICMP message of either family, as far as can be: a packet that was cut off or
// fragmented shows only a part of what the checksum covers, and is given the benefit of the doubt.
bool is_icmp_checksum_plausible(const IpPacket& packet);

struct IcmpError {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  base::Address sender;  // who says so: a router, the host itself, or this very machine
  bool is_checksum_plausible = true;
  // What could not be delivered: as a rule cut short (is_truncated), its TTL changed on the way, at least 8
  // bytes of payload by RFC 792. Past the 128th byte of the quote may lie extensions (RFC 4884) instead.
  IpPacket quoted;
};

// Empty when the packet is no ICMP error, or quotes nothing that reads as an IP packet of the same family.
std::optional<IcmpError> read_icmp_error(const IpPacket& packet);

}  // namespace blipd::wire
