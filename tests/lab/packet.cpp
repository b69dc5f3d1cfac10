#include "tests/lab/packet.hpp"

#include <algorithm>
#include <array>

namespace blipd::lab {

namespace {

using base::ByteReader;

constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIcmpV6 = 58;
constexpr std::uint8_t kFin = 0x01;
constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kRst = 0x04;
constexpr std::uint8_t kPsh = 0x08;
constexpr std::uint8_t kAck = 0x10;
constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::size_t kTcpHeader = 20;

std::uint32_t sum_of(Bytes bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = std::to_integer<std::uint32_t>(bytes[i]);
    sum += i % 2 == 0 ? byte << 8U : byte;
  }
  return sum;
}

// RFC 768, RFC 9293 3.1 and RFC 8200 8.1: addresses, protocol and length under the transport's checksum.
std::uint32_t pseudo_sum(const Address& source, const Address& destination, std::uint8_t protocol, std::size_t length) {
  const auto size = static_cast<std::uint32_t>(length);
  return sum_of(source.bytes()) + sum_of(destination.bytes()) + protocol + (size >> 16U) + (size & 0xffffU);
}

struct Outline {
  Address source;
  Address destination;
  std::uint8_t protocol = 0;
  Bytes payload;
  bool is_fragment = false;
};

std::optional<Outline> read_ipv4(Bytes packet) {
  ByteReader in(packet);
  const std::uint8_t version_length = in.u8();
  in.skip(1);
  const std::uint16_t total = in.u16();
  in.skip(2);
  const std::uint16_t fragment = in.u16();
  in.skip(1);
  Outline outline;
  outline.protocol = in.u8();
  in.skip(2);
  const Bytes source = in.take(4);
  const Bytes destination = in.take(4);
  const std::size_t header = static_cast<std::size_t>(version_length & 0x0fU) * 4;
  if (!in.ok() || header < kIpv4Header || total < header || total != packet.size()) return std::nullopt;
  if (internet_checksum(packet.first(header)) != 0) return std::nullopt;
  outline.source = Address::v4(source.first<4>());
  outline.destination = Address::v4(destination.first<4>());
  outline.is_fragment = (fragment & 0x3fffU) != 0;  // more fragments, or an offset
  outline.payload = packet.subspan(header);
  return outline;
}

// Extension headers make a packet nothing that the laboratory answers, except hop-by-hop options, which the
// kernel puts on its multicast reports; those are not answered either.
std::optional<Outline> read_ipv6(Bytes packet) {
  ByteReader in(packet);
  in.skip(4);
  const std::uint16_t length = in.u16();
  Outline outline;
  outline.protocol = in.u8();
  in.skip(1);
  const Bytes source = in.take(16);
  const Bytes destination = in.take(16);
  if (!in.ok() || length != in.remaining()) return std::nullopt;
  outline.source = Address::v6(source.first<16>());
  outline.destination = Address::v6(destination.first<16>());
  outline.payload = in.rest();
  return outline;
}

// False when the message is cut short.
bool read_icmp(Request& request, const Outline& outline) {
  ByteReader in(outline.payload);
  const std::uint8_t type = in.u8();
  const std::uint8_t code = in.u8();
  in.skip(2);
  request.identifier = in.u16();
  request.sequence = in.u16();
  request.data = in.rest();
  const std::uint8_t echo = outline.protocol == kIcmp ? 8 : 128;  // RFC 792; RFC 4443, 4.1
  if (in.ok() && type == echo && code == 0) request.kind = Request::Kind::kEcho;
  return in.ok();
}

bool read_udp(Request& request, const Outline& outline) {
  ByteReader in(outline.payload);
  request.source_port = in.u16();
  request.destination_port = in.u16();
  const std::uint16_t length = in.u16();
  in.skip(2);
  request.data = in.rest();
  request.kind = Request::Kind::kDatagram;
  return in.ok() && length == outline.payload.size();
}

bool read_tcp(Request& request, const Outline& outline) {
  ByteReader in(outline.payload);
  request.source_port = in.u16();
  request.destination_port = in.u16();
  request.tcp_sequence = in.u32();
  request.tcp_acknowledgement = in.u32();
  const std::size_t header = static_cast<std::size_t>(in.u8() >> 4U) * 4;
  const std::uint8_t flags = in.u8();
  if (!in.ok() || header < kTcpHeader || header > outline.payload.size()) return false;
  request.data = outline.payload.subspan(header);
  request.has_fin = (flags & kFin) != 0;
  if ((flags & kRst) != 0) return true;
  if ((flags & (kSyn | kAck | kFin)) == kSyn) {
    request.kind = Request::Kind::kSyn;
  } else if ((flags & (kSyn | kAck)) == kAck && (request.has_fin || !request.data.empty())) {
    request.kind = Request::Kind::kSegment;
  }
  return true;
}

void append_u16(Packet& out, std::uint32_t value) {
  out.push_back(static_cast<std::byte>((value >> 8U) & 0xffU));
  out.push_back(static_cast<std::byte>(value & 0xffU));
}

void append_u32(Packet& out, std::uint32_t value) {
  append_u16(out, value >> 16U);
  append_u16(out, value);
}

void append(Packet& out, Bytes bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

void patch(Packet& out, std::size_t at, std::uint16_t value) {
  out[at] = static_cast<std::byte>(value >> 8U);
  out[at + 1] = static_cast<std::byte>(value & 0xffU);
}

// The IP header with the length and checksum left for finish(). Returns where the transport header begins.
std::size_t begin(Packet& out, const Address& source, const Address& destination, std::uint8_t protocol,
                  std::uint8_t ttl) {
  out.clear();
  if (source.is_v4()) {
    append_u32(out, 0x45000000);  // version 4, five words, no DSCP
    append_u32(out, 0x00004000);  // identification 0, which DF allows (RFC 6864, 4.1)
    out.push_back(static_cast<std::byte>(ttl));
    out.push_back(static_cast<std::byte>(protocol));
    append_u16(out, 0);
  } else {
    append_u32(out, 0x60000000);
    append_u16(out, 0);
    out.push_back(static_cast<std::byte>(protocol));
    out.push_back(static_cast<std::byte>(ttl));
  }
  append(out, source.bytes());
  append(out, destination.bytes());
  return out.size();
}

// Fills in the lengths and checksums; `checksum_at` counts from the transport header, at `transport`.
void finish(Packet& out, std::size_t transport, std::size_t checksum_at, const Address& source,
            const Address& destination, std::uint8_t protocol) {
  const Bytes message = Bytes(out).subspan(transport);
  const std::uint32_t pseudo = protocol == kIcmp ? 0 : pseudo_sum(source, destination, protocol, message.size());
  std::uint16_t sum = internet_checksum(message, pseudo);
  if (protocol == kUdp && sum == 0) sum = 0xffff;  // zero means none (RFC 768)
  patch(out, transport + checksum_at, sum);
  if (source.is_v4()) {
    patch(out, 2, static_cast<std::uint16_t>(out.size()));
    patch(out, 10, internet_checksum(Bytes(out).first(kIpv4Header)));
  } else {
    patch(out, 4, static_cast<std::uint16_t>(message.size()));
  }
}

struct Segment {
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  std::uint8_t flags = 0;
  bool has_mss = false;
};

void write_tcp(Packet& out, const Request& request, const Slant& slant, const Segment& segment, Bytes data) {
  const Address& source = slant.source ? *slant.source : request.destination;
  const std::size_t transport = begin(out, source, request.source, kTcp, slant.ttl);
  append_u16(out, request.destination_port);
  append_u16(out, request.source_port);
  append_u32(out, segment.sequence);
  // An initial sequence number is what a half-open probe knows its answer by.
  append_u32(out, slant.wrong_token ? segment.acknowledgement + 1 + slant.noise % 0xffff : segment.acknowledgement);
  append_u16(out, (segment.has_mss ? 0x6000U : 0x5000U) | segment.flags);
  append_u16(out, (segment.flags & kRst) != 0 ? 0 : 65535);
  append_u32(out, 0);                                        // checksum, urgent pointer
  if (segment.has_mss) append_u32(out, 0x02040000U | 1440);  // RFC 9293, 3.7.1
  append(out, data);
  finish(out, transport, 16, source, request.source, kTcp);
}

std::uint8_t notice_code(simulate::NoticeCode code, bool is_v4) {
  using simulate::NoticeCode;
  switch (code) {  // RFC 792 and RFC 1812, 5.2.7.1; RFC 4443, 3.1
    case NoticeCode::kNetwork:
      return 0;
    case NoticeCode::kHost:
      return is_v4 ? 1 : 3;
    case NoticeCode::kProtocol:
      return is_v4 ? 2 : 4;
    case NoticeCode::kPort:
      return is_v4 ? 3 : 4;
    case NoticeCode::kAdministrative:
      return is_v4 ? 13 : 1;
  }
  return 0;
}

}  // namespace

std::uint16_t internet_checksum(Bytes message, std::uint32_t sum) {
  sum += sum_of(message);
  while ((sum >> 16U) != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum & 0xffffU);
}

std::optional<Request> read_request(Bytes packet) {
  if (packet.empty()) return std::nullopt;
  const auto version = std::to_integer<unsigned>(packet[0]) >> 4U;
  if (version != 4 && version != 6) return std::nullopt;
  const auto outline = version == 4 ? read_ipv4(packet) : read_ipv6(packet);
  if (!outline) return std::nullopt;
  Request request;
  request.source = outline->source;
  request.destination = outline->destination;
  request.whole = packet;
  if (outline->is_fragment) return request;

  const std::uint8_t icmp = version == 4 ? kIcmp : kIcmpV6;
  if (outline->protocol != icmp && outline->protocol != kTcp && outline->protocol != kUdp) return request;
  const bool is_plain = outline->protocol == kIcmp;
  const bool has_udp_checksum =
      outline->protocol != kUdp || version == 6 ||
      (outline->payload.size() >= 8 && (outline->payload[6] | outline->payload[7]) != std::byte{0});
  const std::uint32_t pseudo =
      is_plain ? 0 : pseudo_sum(outline->source, outline->destination, outline->protocol, outline->payload.size());
  if (has_udp_checksum && internet_checksum(outline->payload, pseudo) != 0) return std::nullopt;
  const bool is_read = outline->protocol == kTcp   ? read_tcp(request, *outline)
                       : outline->protocol == kUdp ? read_udp(request, *outline)
                                                   : read_icmp(request, *outline);
  if (!is_read) return std::nullopt;
  return request;
}

void write_echo_reply(Packet& out, const Request& request, const Slant& slant) {
  const Address& source = slant.source ? *slant.source : request.destination;
  const bool is_v4 = source.is_v4();
  const std::uint8_t protocol = is_v4 ? kIcmp : kIcmpV6;
  const std::size_t transport = begin(out, source, request.source, protocol, slant.ttl);
  append_u32(out, is_v4 ? 0U : 0x81000000U);  // type 0 or 129, code 0, checksum
  append_u16(out, request.identifier);
  append_u16(out, request.sequence);
  append(out, request.data);
  if (slant.wrong_token && !request.data.empty()) {
    // Somewhere in the first 16 bytes: whatever a prober keeps there to know its own by.
    const std::size_t last = std::min<std::size_t>(request.data.size(), 16) - 1;
    out[transport + 8 + last] ^= static_cast<std::byte>(1 + slant.noise % 255);
  }
  finish(out, transport, 2, source, request.source, protocol);
}

void write_syn_ack(Packet& out, const Request& request, const Slant& slant) {
  // Any initial sequence number will do; this one needs no memory and differs between connections.
  const std::uint32_t initial = request.tcp_sequence * 2654435761U + request.source_port;
  write_tcp(out, request, slant, {initial, request.tcp_sequence + 1, kSyn | kAck, true}, {});
}

void write_reset(Packet& out, const Request& request, const Slant& slant) {
  // RFC 9293, 3.10.7.1: a segment with ACK is reset with its own acknowledgement as sequence number.
  if (request.kind == Request::Kind::kSegment) {
    write_tcp(out, request, slant, {request.tcp_acknowledgement, 0, kRst, false}, {});
  } else {
    write_tcp(out, request, slant, {0, request.tcp_sequence + 1, kRst | kAck, false}, {});
  }
}

void write_segment(Packet& out, const Request& request, const Slant& slant, Bytes data, bool has_fin) {
  const auto taken = static_cast<std::uint32_t>(request.data.size()) + (request.has_fin ? 1U : 0U);
  const auto flags = static_cast<std::uint8_t>(kAck | (data.empty() ? 0 : kPsh) | (has_fin ? kFin : 0));
  write_tcp(out, request, slant, {request.tcp_acknowledgement, request.tcp_sequence + taken, flags, false}, data);
}

void write_datagram(Packet& out, const Request& request, const Slant& slant, Bytes data) {
  const Address& source = slant.source ? *slant.source : request.destination;
  const std::size_t transport = begin(out, source, request.source, kUdp, slant.ttl);
  append_u16(out, request.destination_port);
  append_u16(out, request.source_port);
  append_u16(out, static_cast<std::uint32_t>(8 + data.size()));
  append_u16(out, 0);
  append(out, data);
  if (slant.wrong_token && data.size() >= 2) out[transport + 9] ^= static_cast<std::byte>(1 + slant.noise % 255);
  finish(out, transport, 6, source, request.source, kUdp);
}

void write_notice(Packet& out, const Request& request, const Address& from, simulate::NoticeCode code,
                  std::uint8_t ttl) {
  const bool is_v4 = request.source.is_v4();
  const std::uint8_t protocol = is_v4 ? kIcmp : kIcmpV6;
  const std::size_t transport = begin(out, from, request.source, protocol, ttl);
  append_u16(out, (is_v4 ? 0x0300U : 0x0100U) | notice_code(code, is_v4));
  append_u16(out, 0);
  append_u32(out, 0);
  // As much as fits without exceeding 576 (RFC 1812, 4.3.2.3) or 1280 bytes (RFC 4443, 2.4 (c)).
  const std::size_t room = is_v4 ? 576 - kIpv4Header - 8 : 1280 - kIpv6Header - 8;
  append(out, request.whole.first(std::min(room, request.whole.size())));
  finish(out, transport, 2, from, request.source, protocol);
}

void corrupt(Packet& packet, std::uint32_t noise) {
  const bool is_v4 = (packet[0] >> 4U) == std::byte{4};
  const std::size_t transport = is_v4 ? kIpv4Header : kIpv6Header;
  const auto protocol = std::to_integer<std::uint8_t>(packet[is_v4 ? 9 : 6]);
  // TCP: window and checksum, which no probe knows its answer by; otherwise the payload, or the checksum.
  std::size_t first = transport + (protocol == kTcp ? 14 : 8);
  std::size_t end = protocol == kTcp ? transport + 18 : packet.size();
  if (first >= end) {
    first = transport + (protocol == kUdp ? 6 : 2);
    end = first + 2;
  }
  packet[first + noise / 8 % (end - first)] ^= static_cast<std::byte>(1U << (noise % 8));
}

}  // namespace blipd::lab
