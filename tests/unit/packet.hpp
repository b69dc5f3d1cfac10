// Whole packets for tests, put together by hand with every length and checksum right, so that a test
// breaks exactly one thing.
#pragma once

#include <algorithm>
#include <vector>

#include "probes/base/address.hpp"
#include "probes/base/bytes.hpp"
#include "probes/wire/checksum.hpp"
#include "probes/wire/ip.hpp"

namespace blipd::test {

using Packet = std::vector<std::byte>;

inline base::Address address(std::string_view text) { return base::Address::parse(text).value(); }

inline Packet joined(base::Bytes first, base::Bytes second) {
  Packet whole(first.begin(), first.end());
  whole.insert(whole.end(), second.begin(), second.end());
  return whole;
}

inline void set_u16(Packet& packet, std::size_t at, std::uint16_t value) {
  packet.at(at) = static_cast<std::byte>(value >> 8U);
  packet.at(at + 1) = static_cast<std::byte>(value & 0xffU);
}

inline Packet ipv6_packet(const base::Address& source, const base::Address& destination, std::uint8_t next_header,
                          base::Bytes payload, std::uint8_t hop_limit = 64) {
  Packet header(40);
  base::ByteWriter out(header);
  out.u32(0x60000000);
  out.u16(static_cast<std::uint16_t>(payload.size()));
  out.u8(next_header);
  out.u8(hop_limit);
  out.copy(source.bytes());
  out.copy(destination.bytes());
  return joined(header, payload);
}

// `payload` from `source` to `destination`, of whichever family they are.
inline Packet ip_packet(const base::Address& source, const base::Address& destination, std::uint8_t protocol,
                        base::Bytes payload, std::uint8_t ttl = 64) {
  if (source.is_v6()) return ipv6_packet(source, destination, protocol, payload, ttl);
  Packet header(wire::kIpv4HeaderLength);
  base::ByteWriter out(header);
  wire::Ipv4Fields fields;
  fields.source = source;
  fields.destination = destination;
  fields.protocol = protocol;
  fields.ttl = ttl;
  fields.payload_length = static_cast<std::uint16_t>(payload.size());
  wire::write_ipv4(out, fields);
  return joined(header, payload);
}

// Four bytes of header, then `rest` (which begins with the other four), in an IP packet; checksums right.
inline Packet icmp_packet(const base::Address& source, const base::Address& destination, std::uint8_t type,
                          std::uint8_t code, base::Bytes rest, std::uint8_t ttl = 64) {
  const Packet head = {static_cast<std::byte>(type), static_cast<std::byte>(code), std::byte{0}, std::byte{0}};
  Packet message = joined(head, rest);
  const std::uint16_t sum =
      source.is_v4() ? wire::checksum(message) : wire::checksum(message, source, destination, wire::kIcmpV6);
  set_u16(message, 2, sum);
  return ip_packet(source, destination, source.is_v4() ? wire::kIcmp : wire::kIcmpV6, message, ttl);
}

// An ICMP error that quotes `quoted`, with the unused or MTU word in front as zeros.
inline Packet icmp_error_packet(const base::Address& sender, const base::Address& destination, std::uint8_t type,
                                std::uint8_t code, base::Bytes quoted) {
  return icmp_packet(sender, destination, type, code, joined(Packet(4), quoted));
}

}  // namespace blipd::test
