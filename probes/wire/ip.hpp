// IPv4 (RFC 791) and IPv6 (RFC 8200) headers. Reads what a capture or a raw socket gives, which starts
// at the IP header; writes the IPv4 header that a HDRINCL socket wants. IPv6 extension headers are
// walked, at most eight of them.
#pragma once

#include <cstdint>
#include <optional>

#include "probes/base/address.hpp"
#include "probes/base/bytes.hpp"

namespace blipd::wire {

// Protocol numbers (IANA).
inline constexpr std::uint8_t kIcmp = 1;
inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;
inline constexpr std::uint8_t kIcmpV6 = 58;

struct IpPacket {
  base::Address source;
  base::Address destination;
  std::uint8_t protocol = 0;       // of the payload, behind any IPv6 extension headers
  std::uint8_t ttl = 0;            // hop limit in IPv6
  std::uint8_t traffic_class = 0;  // DSCP << 2 | ECN (RFC 2474, RFC 3168)
  bool is_fragment = false;        // a fragment other than a whole packet; its payload is not to be parsed
  bool is_first_fragment = false;  // save for this one's, which begins as the whole payload does
  bool is_truncated = false;       // fewer bytes were given than the header announces
  base::Bytes payload;             // never longer than the header announces
};

// Empty when `bytes` is no IP packet: wrong version, header cut off, IPv4 header checksum wrong, too many
// extension headers. A payload cut off by a capture's snap length is not an error (is_truncated).
// `verify` is kIgnore for the packets that ICMP errors quote: routers change their TTL and some do
// not mend the checksum.
enum class HeaderChecksum : std::uint8_t { kVerify, kIgnore };
std::optional<IpPacket> read_ip(base::Bytes bytes, HeaderChecksum verify = HeaderChecksum::kVerify);

struct Ipv4Fields {
  base::Address source;  // 0.0.0.0: the kernel chooses (raw(7))
  base::Address destination;
  std::uint8_t protocol = 0;
  std::uint8_t ttl = 64;
  std::uint8_t traffic_class = 0;
  bool dont_fragment = false;
  std::uint16_t identification = 0;
  std::uint16_t payload_length = 0;
};
inline constexpr std::size_t kIpv4HeaderLength = 20;

// Writes 20 bytes, checksum included.
void write_ipv4(base::ByteWriter& out, const Ipv4Fields& fields);

}  // namespace blipd::wire
