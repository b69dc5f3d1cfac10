#include "daemon/evidence/packet_words.hpp"

#include <fmt/format.h>

#include "probes/wire/icmp.hpp"
#include "probes/wire/ip.hpp"
#include "probes/wire/udp.hpp"

namespace blipd::evidence {

namespace {

constexpr std::uint16_t kDnsPort = 53;

std::string icmp_in_words(const wire::IpPacket& packet) {
  base::ByteReader reader(packet.payload);
  const std::uint8_t type = reader.u8();
  reader.skip(3);
  const std::uint16_t identifier = reader.u16();
  const std::uint16_t sequence = reader.u16();
  if (!reader.ok()) return {};
  const bool is_v4 = packet.protocol == wire::kIcmp;
  // RFC 792; RFC 4443, 4.1 and 4.2.
  if (type == (is_v4 ? 8 : 128)) return fmt::format("echo request {}/{}", identifier, sequence);
  if (type == (is_v4 ? 0 : 129)) return fmt::format("echo reply {}/{}", identifier, sequence);
  const auto error = wire::read_icmp_error(packet);
  if (!error) return {};
  return fmt::format("ICMP error {}/{} from {} about a packet to {}", error->type, error->code,
                     packet.source.to_string(), error->quoted.destination.to_string());
}

std::string tcp_in_words(const wire::IpPacket& packet) {
  base::ByteReader reader(packet.payload);
  reader.skip(13);
  const std::uint8_t flags = reader.u8();  // RFC 9293, 3.1
  if (!reader.ok()) return {};
  constexpr std::uint8_t kSyn = 2, kReset = 4, kAck = 16;
  if ((flags & kReset) != 0) return "TCP reset";
  if ((flags & kSyn) == 0) return {};
  return (flags & kAck) != 0 ? "TCP SYN-ACK" : "TCP SYN";
}

std::string udp_in_words(const wire::IpPacket& packet) {
  const auto datagram = wire::read_udp(packet);
  if (!datagram) return {};
  if (datagram->destination_port == kDnsPort) return "DNS question";
  if (datagram->source_port == kDnsPort) return "DNS answer";
  return {};
}

}  // namespace

std::string packet_in_words(base::Bytes bytes) {
  const auto packet = wire::read_ip(bytes, wire::HeaderChecksum::kIgnore);
  if (!packet || packet->is_fragment) return {};
  if (wire::is_icmp(*packet)) return icmp_in_words(*packet);
  if (packet->protocol == wire::kTcp) return tcp_in_words(*packet);
  if (packet->protocol == wire::kUdp) return udp_in_words(*packet);
  return {};
}

}  // namespace blipd::evidence
