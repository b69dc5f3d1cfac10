#include "probes/wire/icmp.hpp"

#include "probes/wire/checksum.hpp"

namespace blipd::wire {

bool is_icmp(const IpPacket& packet) {
  const bool is_later_fragment = packet.is_fragment && !packet.is_first_fragment;
  return packet.protocol == (packet.source.is_v4() ? kIcmp : kIcmpV6) && !is_later_fragment;
}

bool is_icmp_error(base::Family family, std::uint8_t type) {
  if (family == base::Family::kIpv4) return type == 3 || type == 11 || type == 12;
  return type >= 1 && type <= 4;
}

bool is_icmp_checksum_plausible(const IpPacket& packet) {
  if (packet.is_truncated || packet.is_fragment) return true;
  if (packet.source.is_v4()) return checksum(packet.payload) == 0;
  return checksum(packet.payload, packet.source, packet.destination, kIcmpV6) == 0;
}

std::optional<IcmpError> read_icmp_error(const IpPacket& packet) {
  if (!is_icmp(packet)) return std::nullopt;
  base::ByteReader in(packet.payload);
  IcmpError error;
  error.type = in.u8();
  error.code = in.u8();
  in.skip(kIcmpHeaderLength - 2);
  if (!in.ok() || !is_icmp_error(packet.source.family(), error.type)) return std::nullopt;
  const auto quoted = read_ip(in.rest(), HeaderChecksum::kIgnore);
  if (!quoted || quoted->source.family() != packet.source.family()) return std::nullopt;
  error.quoted = *quoted;
  error.sender = packet.source;
  error.is_checksum_plausible = is_icmp_checksum_plausible(packet);
  return error;
}

}  // namespace blipd::wire
