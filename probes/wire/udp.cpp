#include "probes/wire/udp.hpp"

#include <algorithm>

namespace blipd::wire {

std::optional<UdpDatagram> read_udp(const IpPacket& packet) {
  constexpr std::size_t kHeaderLength = 8;
  const bool is_later_fragment = packet.is_fragment && !packet.is_first_fragment;
  if (packet.protocol != kUdp || is_later_fragment) return std::nullopt;
  base::ByteReader in(packet.payload);
  UdpDatagram datagram;
  datagram.source_port = in.u16();
  datagram.destination_port = in.u16();
  const std::size_t length = in.u16();
  in.skip(2);
  if (!in.ok() || length < kHeaderLength) return std::nullopt;
  datagram.is_truncated = packet.payload.size() < length;
  if (datagram.is_truncated && !packet.is_truncated && !packet.is_fragment) return std::nullopt;
  datagram.payload = packet.payload.first(std::min(packet.payload.size(), length)).subspan(kHeaderLength);
  return datagram;
}

}  // namespace blipd::wire
