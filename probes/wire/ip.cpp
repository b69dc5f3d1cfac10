#include "probes/wire/ip.hpp"

#include <algorithm>

#include "probes/wire/checksum.hpp"

namespace blipd::wire {

namespace {

using base::Address;
using base::ByteReader;
using base::Bytes;

constexpr std::size_t kIpv6HeaderLength = 40;
constexpr int kMaxExtensionHeaders = 8;

// IPv6 extension headers (IANA; RFC 8200, section 4). ESP ends the walk: what it holds is not for us.
constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragment = 44;
constexpr std::uint8_t kAuthentication = 51;
constexpr std::uint8_t kDestinationOptions = 60;
constexpr std::uint8_t kMobility = 135;
constexpr std::uint8_t kHostIdentity = 139;
constexpr std::uint8_t kShim6 = 140;

bool is_extension(std::uint8_t protocol) {
  switch (protocol) {
    case kHopByHop:
    case kRouting:
    case kFragment:
    case kAuthentication:
    case kDestinationOptions:
    case kMobility:
    case kHostIdentity:
    case kShim6:
      return true;
    default:
      return false;
  }
}

std::optional<IpPacket> read_ipv4(Bytes bytes, HeaderChecksum verify) {
  ByteReader in(bytes);
  const std::size_t header_length = (in.u8() & 0x0fU) * 4U;  // RFC 791, 3.1: in words of 32 bits
  IpPacket packet;
  packet.traffic_class = in.u8();
  const std::size_t total_length = in.u16();
  in.skip(2);
  const std::uint16_t flags_and_offset = in.u16();
  packet.ttl = in.u8();
  packet.protocol = in.u8();
  in.skip(2);
  const Bytes source = in.take(4);
  const Bytes destination = in.take(4);
  if (!in.ok() || header_length < kIpv4HeaderLength || header_length > bytes.size() || total_length < header_length) {
    return std::nullopt;
  }
  if (verify == HeaderChecksum::kVerify && checksum(bytes.first(header_length)) != 0) return std::nullopt;

  packet.source = Address::v4(source.first<4>());
  packet.destination = Address::v4(destination.first<4>());
  const bool has_more_fragments = (flags_and_offset & 0x2000U) != 0;
  const bool has_offset = (flags_and_offset & 0x1fffU) != 0;
  packet.is_fragment = has_more_fragments || has_offset;
  packet.is_first_fragment = has_more_fragments && !has_offset;
  packet.is_truncated = bytes.size() < total_length;
  packet.payload = bytes.first(std::min(bytes.size(), total_length)).subspan(header_length);
  return packet;
}

// Steps over one extension header at the front of the payload; false when it is cut off.
bool step_over(IpPacket& packet) {
  ByteReader in(packet.payload);
  const std::uint8_t next = in.u8();
  std::size_t length = in.u8();
  if (packet.protocol == kFragment) {  // RFC 8200, 4.5; its second byte is reserved
    const std::uint16_t offset_and_more = in.u16();
    const bool has_more_fragments = (offset_and_more & 1U) != 0;
    const bool has_offset = (offset_and_more & 0xfff8U) != 0;
    // A fragment header around a whole packet is legal and means nothing (RFC 6946).
    packet.is_fragment = has_more_fragments || has_offset;
    packet.is_first_fragment = has_more_fragments && !has_offset;
    length = 8;
  } else if (packet.protocol == kAuthentication) {
    length = (length + 2) * 4;  // RFC 4302, 2.2: in words of 32 bits, less two
  } else {
    length = (length + 1) * 8;
  }
  if (!in.ok() || packet.payload.size() < length) return false;
  packet.payload = packet.payload.subspan(length);
  packet.protocol = next;
  return true;
}

std::optional<IpPacket> read_ipv6(Bytes bytes) {
  ByteReader in(bytes);
  const std::uint32_t first_word = in.u32();
  const std::size_t payload_length = in.u16();
  IpPacket packet;
  packet.traffic_class = static_cast<std::uint8_t>((first_word >> 20U) & 0xffU);
  packet.protocol = in.u8();
  packet.ttl = in.u8();
  const Bytes source = in.take(16);
  const Bytes destination = in.take(16);
  if (!in.ok()) return std::nullopt;

  packet.source = Address::v6(source.first<16>());
  packet.destination = Address::v6(destination.first<16>());
  const Bytes rest = bytes.subspan(kIpv6HeaderLength);
  packet.is_truncated = rest.size() < payload_length;
  packet.payload = rest.first(std::min(rest.size(), payload_length));
  for (int headers = 0; is_extension(packet.protocol); ++headers) {
    if (headers == kMaxExtensionHeaders || !step_over(packet)) return std::nullopt;
    if (packet.is_fragment && !packet.is_first_fragment) break;  // what follows is from the middle of something
  }
  return packet;
}

}  // namespace

std::optional<IpPacket> read_ip(Bytes bytes, HeaderChecksum verify) {
  switch (ByteReader(bytes).u8() >> 4U) {
    case 4:
      return read_ipv4(bytes, verify);
    case 6:
      return read_ipv6(bytes);
    default:
      return std::nullopt;
  }
}

void write_ipv4(base::ByteWriter& out, const Ipv4Fields& fields) {
  constexpr std::uint16_t kDontFragment = 0x4000;
  const std::size_t start = out.position();
  out.u8(0x45);  // version 4, five words
  out.u8(fields.traffic_class);
  out.u16(static_cast<std::uint16_t>(kIpv4HeaderLength + fields.payload_length));
  out.u16(fields.identification);
  out.u16(fields.dont_fragment ? kDontFragment : 0);
  out.u8(fields.ttl);
  out.u8(fields.protocol);
  out.u16(0);
  out.copy(fields.source.bytes());
  out.copy(fields.destination.bytes());
  if (out.ok()) out.patch_u16(start + 10, checksum(out.written().subspan(start)));
}

}  // namespace blipd::wire
