// The UDP header (RFC 768), read from a captured packet or from the front of a quoted one.
#pragma once

#include <cstdint>
#include <optional>

#include "probes/wire/ip.hpp"

namespace blipd::wire {

struct UdpDatagram {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  bool is_truncated = false;  // fewer bytes were given than the header announces
  base::Bytes payload;        // never longer than the header announces
};

// Empty when the packet is no UDP, a later fragment, cut off within the eight header bytes, or announces
// a length that is impossible: below eight, or beyond a packet of which nothing is missing. The checksum is
// not verified: behind an offload it is only half done.
std::optional<UdpDatagram> read_udp(const IpPacket& packet);

}  // namespace blipd::wire
