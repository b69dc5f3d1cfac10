// The Internet checksum (RFC 1071) and the pseudo headers that TCP, UDP and ICMPv6 put under it
// (RFC 9293, 3.1; RFC 768; RFC 8200, 8.1).
#pragma once

#include <cstdint>

#include "probes/base/address.hpp"
#include "probes/base/bytes.hpp"

namespace blipd::wire {

// The ones' complement of the ones' complement sum; 0 over a message whose checksum field is right.
std::uint16_t checksum(base::Bytes message);

// The same with the pseudo header for `protocol` in front. Both addresses are of one family.
std::uint16_t checksum(base::Bytes message, const base::Address& source, const base::Address& destination,
                       std::uint8_t protocol);

}  // namespace blipd::wire
