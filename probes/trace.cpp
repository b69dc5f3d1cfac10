#include "probes/trace.hpp"

#include <array>

#include "probes/wire/checksum.hpp"
#include "probes/wire/icmp.hpp"

namespace blipd::probes {

namespace {

using base::ByteReader;
using base::Bytes;
using base::ByteWriter;
using Kind = TraceReading::Kind;

// RFC 792; RFC 4443, 4.1 and 4.2.
constexpr std::uint8_t kEchoRequestV4 = 8;
constexpr std::uint8_t kEchoReplyV4 = 0;
constexpr std::uint8_t kEchoRequestV6 = 128;
constexpr std::uint8_t kEchoReplyV6 = 129;
constexpr std::uint8_t kTimeExceededV4 = 11;
constexpr std::uint8_t kTimeExceededV6 = 3;

// RFC 9293, 3.1.
constexpr std::uint8_t kFin = 0x01;
constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kRst = 0x04;
constexpr std::uint8_t kAck = 0x10;
constexpr std::uint16_t kWindow = 64240;

// Behind the transport header of ICMP and UDP: two bytes that make up for the token, then zeros. As long as a ping's
// headers would be bare looks odd to some filters; 16 is the least that ours have elsewhere.
constexpr std::size_t kPayload = 16;

std::uint8_t protocol_of(const TraceFlow& flow) {
  if (flow.method == TraceMethod::kUdp) return wire::kUdp;
  if (flow.method == TraceMethod::kTcp) return wire::kTcp;
  return flow.target.is_v4() ? wire::kIcmp : wire::kIcmpV6;
}

std::size_t transport_length(TraceMethod method) { return method == TraceMethod::kTcp ? 24 : 8 + kPayload; }

std::uint16_t checksum_of(Bytes message, const TraceFlow& flow) {
  if (protocol_of(flow) == wire::kIcmp) return wire::checksum(message);
  return wire::checksum(message, flow.source, flow.target, protocol_of(flow));
}

void write_ipv6(ByteWriter& out, const TraceFlow& flow, std::uint8_t ttl) {
  // RFC 8200, 3.
  out.u32((6U << 28U) | (std::uint32_t{flow.traffic_class} << 20U) | (flow.label & 0xfffffU));
  out.u16(static_cast<std::uint16_t>(transport_length(flow.method)));
  out.u8(protocol_of(flow));
  out.u8(ttl);
  out.copy(flow.source.bytes());
  out.copy(flow.target.bytes());
}

void write_ip(ByteWriter& out, const TraceFlow& flow, std::uint8_t ttl, std::uint16_t identification) {
  if (flow.target.is_v6()) return write_ipv6(out, flow, ttl);
  wire::Ipv4Fields fields;
  fields.source = flow.source;
  fields.destination = flow.target;
  fields.protocol = protocol_of(flow);
  fields.ttl = ttl;
  fields.traffic_class = flow.traffic_class;
  fields.identification = identification;
  fields.payload_length = static_cast<std::uint16_t>(transport_length(flow.method));
  wire::write_ipv4(out, fields);
}

// With the checksum field as wanted, two bytes of payload become what the sum lacks.
void write_balanced(base::MutableBytes out, const TraceFlow& flow, std::size_t header_length, auto&& write_header) {
  ByteWriter writer(out);
  write_header(writer);
  writer.fill(std::byte{0}, kPayload);
  writer.patch_u16(header_length, checksum_of(writer.written(), flow));
}

void write_echo(base::MutableBytes out, const TraceFlow& flow, std::uint32_t token) {
  write_balanced(out, flow, 8, [&](ByteWriter& writer) {
    writer.u8(flow.target.is_v4() ? kEchoRequestV4 : kEchoRequestV6);
    writer.u8(0);
    writer.u16(flow.checksum);
    writer.u16(flow.source_port);
    writer.u16(static_cast<std::uint16_t>(token));
  });
}

void write_udp(base::MutableBytes out, const TraceFlow& flow, std::uint32_t token) {
  write_balanced(out, flow, 8, [&](ByteWriter& writer) {
    writer.u16(flow.source_port);
    writer.u16(flow.target_port);
    writer.u16(static_cast<std::uint16_t>(8 + kPayload));
    writer.u16(static_cast<std::uint16_t>(token));
  });
}

void write_syn(base::MutableBytes out, const TraceFlow& flow, std::uint32_t token) {
  ByteWriter writer(out);
  writer.u16(flow.source_port);
  writer.u16(flow.target_port);
  writer.u32(token);
  writer.u32(0);
  writer.u8(24 / 4 << 4);
  writer.u8(kSyn);
  writer.u16(kWindow);
  writer.u16(0);
  writer.u16(0);
  writer.u8(2);  // maximum segment size (RFC 9293, 3.2)
  writer.u8(4);
  writer.u16(flow.target.is_v4() ? 1460 : 1440);
  writer.patch_u16(16, checksum_of(writer.written(), flow));
}

// The eight bytes that every quote has, read as the protocol says.
bool read_quoted(const wire::IpPacket& quoted, TraceReading& reading) {
  ByteReader in(quoted.payload);
  reading.target = quoted.destination;
  if (wire::is_icmp(quoted)) {
    reading.method = TraceMethod::kIcmp;
    const std::uint8_t type = in.u8();
    in.skip(3);
    reading.source_port = in.u16();
    reading.token = in.u16();
    return in.ok() && type == (quoted.source.is_v4() ? kEchoRequestV4 : kEchoRequestV6);
  }
  reading.source_port = in.u16();
  reading.target_port = in.u16();
  if (quoted.protocol == wire::kUdp) {
    reading.method = TraceMethod::kUdp;
    in.skip(2);
    reading.token = in.u16();
    return in.ok();
  }
  reading.method = TraceMethod::kTcp;
  reading.token = in.u32();
  return in.ok() && quoted.protocol == wire::kTcp;
}

TraceReading read_error(const wire::IpPacket& packet, const wire::IcmpError& error) {
  TraceReading reading;
  if (!error.is_checksum_plausible || (error.quoted.is_fragment && !error.quoted.is_first_fragment)) return reading;
  if (!read_quoted(error.quoted, reading)) return reading;
  // Code 0: in transit. Code 1 is of reassembly (RFC 792), which has nothing to do with distance.
  const bool is_expired = error.type == (packet.source.is_v4() ? kTimeExceededV4 : kTimeExceededV6) && error.code == 0;
  reading.kind = is_expired ? Kind::kExpired : Kind::kUnreachable;
  reading.from = error.sender;
  reading.notice = {error.type, error.code, error.sender};
  reading.extensions = wire::read_icmp_extensions(packet);
  return reading;
}

TraceReading read_echo(const wire::IpPacket& packet) {
  ByteReader in(packet.payload);
  TraceReading reading;
  const std::uint8_t type = in.u8();
  in.skip(3);
  reading.source_port = in.u16();
  reading.token = in.u16();
  if (!in.ok() || !wire::is_icmp_checksum_plausible(packet)) return {};
  const bool is_v4 = packet.source.is_v4();
  const bool is_request = type == (is_v4 ? kEchoRequestV4 : kEchoRequestV6);
  if (!is_request && type != (is_v4 ? kEchoReplyV4 : kEchoReplyV6)) return {};
  reading.method = TraceMethod::kIcmp;
  reading.kind = is_request ? Kind::kRequest : Kind::kAnswer;
  reading.target = is_request ? packet.destination : packet.source;
  reading.from = packet.source;
  return reading;
}

TraceReading read_udp_request(const wire::IpPacket& packet) {
  ByteReader in(packet.payload);
  TraceReading reading;
  reading.method = TraceMethod::kUdp;
  reading.source_port = in.u16();
  reading.target_port = in.u16();
  in.skip(2);
  reading.token = in.u16();
  if (!in.ok()) return {};
  reading.kind = Kind::kRequest;
  reading.target = packet.destination;
  reading.from = packet.source;
  return reading;
}

TraceReading read_segment(const wire::IpPacket& packet) {
  ByteReader in(packet.payload);
  TraceReading reading;
  reading.method = TraceMethod::kTcp;
  const std::uint16_t from_port = in.u16();
  const std::uint16_t to_port = in.u16();
  const std::uint32_t sequence = in.u32();
  const std::uint32_t acknowledged = in.u32();
  in.skip(1);
  const std::uint8_t flags = in.u8() & (kFin | kSyn | kRst | kAck);
  if (!in.ok()) return {};
  reading.from = packet.source;
  if (flags == kSyn) {
    reading.kind = Kind::kRequest;
    reading.target = packet.destination;
    reading.source_port = from_port;
    reading.target_port = to_port;
    reading.token = sequence;
  } else if (flags == (kSyn | kAck) || flags == (kRst | kAck)) {
    reading.kind = Kind::kAnswer;
    reading.target = packet.source;
    reading.source_port = to_port;
    reading.target_port = from_port;
    reading.token = acknowledged - 1;
  }
  return reading;
}

}  // namespace

std::uint32_t trace_token(const base::SipKey& key, const TraceFlow& flow, std::uint32_t number) {
  std::array<std::byte, 64> message{};
  ByteWriter out(message);
  out.u8(static_cast<std::uint8_t>(flow.method));
  out.u16(flow.source_port);
  out.u16(flow.target_port);
  out.u32(number);
  out.copy(flow.source.bytes());
  out.copy(flow.target.bytes());
  const std::uint64_t hash = base::siphash24(key, out.written());
  if (flow.method == TraceMethod::kTcp) return static_cast<std::uint32_t>(hash);
  // A UDP checksum of zero is none (RFC 768), and ones' complement has two zeros.
  return static_cast<std::uint32_t>(hash % 0xfffeU) + 1U;
}

base::Bytes write_trace(base::MutableBytes out, const TraceFlow& flow, std::uint8_t ttl, std::uint16_t identification,
                        std::uint32_t token) {
  ByteWriter header(out);
  write_ip(header, flow, ttl, identification);
  const std::size_t header_length = header.position();
  const base::MutableBytes transport = out.subspan(header_length, transport_length(flow.method));
  switch (flow.method) {
    case TraceMethod::kIcmp:
      write_echo(transport, flow, token);
      break;
    case TraceMethod::kUdp:
      write_udp(transport, flow, token);
      break;
    case TraceMethod::kTcp:
      write_syn(transport, flow, token);
      break;
  }
  return base::Bytes(out).first(header_length + transport.size());
}

TraceReading read_trace(const wire::IpPacket& packet) {
  if (packet.is_fragment && !packet.is_first_fragment) return {};
  if (wire::is_icmp(packet)) {
    if (const auto error = wire::read_icmp_error(packet)) return read_error(packet, *error);
    return read_echo(packet);
  }
  if (packet.protocol == wire::kUdp) return read_udp_request(packet);
  if (packet.protocol == wire::kTcp) return read_segment(packet);
  return {};
}

}  // namespace blipd::probes
