#include "probes/tcp.hpp"

#include <array>

#include "probes/flow.hpp"
#include "probes/wire/checksum.hpp"
#include "probes/wire/icmp.hpp"

namespace blipd::probes {

namespace {

using base::ByteReader;
using base::Bytes;
using base::ByteWriter;

// RFC 9293, 3.1.
constexpr std::uint8_t kFin = 0x01;
constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kRst = 0x04;
constexpr std::uint8_t kAck = 0x10;
constexpr std::size_t kHeaderLength = 20;
constexpr std::size_t kSynLength = 24;

// What an Ethernet frame holds less both headers (RFC 9293, 3.7.1): the value that draws no attention.
constexpr std::uint16_t kMssV4 = 1460;
constexpr std::uint16_t kMssV6 = 1440;
constexpr std::uint16_t kWindow = 64240;  // what Linux opens with at that segment size: 44 of them

constexpr bool is_ours(std::uint16_t port) { return port >= kFirstSourcePort; }
static_assert(kLastSourcePort == 65535, "is_ours has no upper bound to check");

// A segment, whole or quoted, as far as it goes.
struct Segment {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t sequence_number = 0;
  std::uint32_t acknowledgement = 0;
  std::size_t header_length = 0;
  std::uint8_t flags = 0;
  bool has_ports = false;
  bool has_sequence_number = false;
  bool has_flags = false;

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

Segment read_segment(Bytes bytes) {
  ByteReader in(bytes);
  Segment segment;
  segment.source_port = in.u16();
  segment.destination_port = in.u16();
  segment.has_ports = in.ok();
  segment.sequence_number = in.u32();
  segment.has_sequence_number = in.ok();
  segment.acknowledgement = in.u32();
  segment.header_length = (in.u8() >> 4U) * 4U;
  segment.flags = in.u8();
  segment.has_flags = in.ok();
  return segment;
}

bool is_tcp(const wire::IpPacket& packet) {
  return packet.protocol == wire::kTcp && (!packet.is_fragment || packet.is_first_fragment);
}

// A header that is all there, or that the capture cut off behind its flags.
bool is_whole(const Segment& segment, const wire::IpPacket& packet) {
  return segment.has_flags && segment.header_length >= kHeaderLength &&
         (packet.is_truncated || packet.is_fragment || segment.header_length <= packet.payload.size());
}

// A reading of whom we had asked, on which flow.
SynReading asked(SynReading::Kind kind, const base::Address& target, std::uint16_t target_port,
                 std::uint16_t source_port, std::uint8_t ttl) {
  SynReading reading;
  reading.kind = kind;
  reading.target = target;
  reading.target_port = target_port;
  reading.source_port = source_port;
  reading.ttl = ttl;
  return reading;
}

// No SYN of ours goes with FIN, nor any answer with SYN and RST at once; and RST answers a SYN only when
// it acknowledges it (RFC 9293, 3.10.7.3), so a bare one proves nothing about who sent it.
SynReading::Kind kind_of_answer(const Segment& segment) {
  using Kind = SynReading::Kind;
  const bool is_syn = segment.has(kSyn);
  const bool is_reset = segment.has(kRst);
  if (!is_syn && !is_reset) return Kind::kForeign;
  if (is_syn && (is_reset || segment.has(kFin))) return Kind::kMalformed;
  if (!segment.has(kAck)) return Kind::kMalformed;
  return is_syn ? Kind::kSynAck : Kind::kReset;
}

SynReading read_own(const Segment& segment, const wire::IpPacket& packet) {
  SynReading reading =
      asked(SynReading::Kind::kRequest, packet.destination, segment.destination_port, segment.source_port, packet.ttl);
  reading.initial_sequence = segment.sequence_number;
  return reading;
}

SynReading read_tcp(const wire::IpPacket& packet) {
  using Kind = SynReading::Kind;
  const Segment segment = read_segment(packet.payload);
  if (!segment.has_ports) return {};
  const bool is_from_our_port = is_ours(segment.source_port);
  const bool is_to_our_port = is_ours(segment.destination_port);
  if (!is_from_our_port && !is_to_our_port) return {};

  const bool is_readable = is_whole(segment, packet);
  const bool is_plain_syn = (segment.flags & (kSyn | kAck | kRst | kFin)) == kSyn;
  if (is_from_our_port && is_readable && is_plain_syn) return read_own(segment, packet);
  // What else leaves from our ports is the kernel turning down a SYN-ACK that it never asked for.
  if (!is_to_our_port) return {};
  const bool is_bare_reset = is_readable && segment.has(kRst) && !segment.has(kAck);
  if (is_from_our_port && is_bare_reset) return {};

  const Kind kind = is_readable ? kind_of_answer(segment) : Kind::kMalformed;
  if (kind == Kind::kForeign) return {};
  SynReading reading = asked(kind, packet.source, segment.source_port, segment.destination_port, packet.ttl);
  reading.initial_sequence = segment.acknowledgement - 1;
  return reading;
}

SynReading read_error(const wire::IpPacket& packet) {
  using Kind = SynReading::Kind;
  const auto error = wire::read_icmp_error(packet);
  if (!error || !is_tcp(error->quoted)) return {};
  const Segment segment = read_segment(error->quoted.payload);
  if (!segment.has_ports || !is_ours(segment.source_port)) return {};
  if (segment.has_flags && (segment.flags & (kSyn | kAck | kRst)) != kSyn) return {};  // the kernel's own reset
  const bool is_sound = segment.has_sequence_number && error->is_checksum_plausible;
  SynReading reading = asked(is_sound ? Kind::kError : Kind::kMalformed, error->quoted.destination,
                             segment.destination_port, segment.source_port, packet.ttl);
  reading.initial_sequence = segment.sequence_number;
  reading.notice = IcmpNotice{error->type, error->code, error->sender};
  return reading;
}

}  // namespace

std::uint32_t TcpSyn::initial_sequence(ChannelIndex channel, Sequence sequence, const base::Address& target,
                                       std::uint16_t port) const {
  std::array<std::byte, 26> message{};
  ByteWriter out(message);
  out.u32(channel);
  out.u32(sequence);
  out.u16(port);
  out.copy(target.bytes());
  return static_cast<std::uint32_t>(base::siphash24(key_, out.written()));
}

// The salt is a hash, so that the ports that everybody sees say nothing about the key.
TcpSyn::TcpSyn(const base::SipKey& key, PortRange ports)
    : key_(key), ports_(ports), port_salt_(static_cast<std::uint32_t>(base::siphash24(key, "source ports"))) {}

std::uint16_t TcpSyn::source_port(ChannelIndex channel, Sequence sequence) const {
  const std::uint32_t count = ports_.size();
  // Channels start far apart, so that two of them that ask one host do not walk through its ports in step.
  const std::uint32_t start = ((channel + port_salt_) * 2654435761U) >> 16U;  // Knuth's multiplicative hash
  return static_cast<std::uint16_t>(ports_.first + (start + sequence % count) % count);
}

std::uint16_t TcpSyn::source_port(ChannelIndex channel, Sequence sequence, const base::Address& target,
                                  std::uint8_t flows) const {
  const auto flow = flow_of(flows, sequence);
  if (!flow) return source_port(channel, sequence);
  return static_cast<std::uint16_t>(ports_.first + flow_identifier(target, *flow) % ports_.size());
}

base::Bytes TcpSyn::write_syn(base::MutableBytes out, const base::Address& source, const base::Address& target,
                              std::uint16_t target_port, ChannelIndex channel, Sequence sequence,
                              std::uint8_t flows) const {
  ByteWriter writer(out);
  writer.u16(source_port(channel, sequence, target, flows));
  writer.u16(target_port);
  writer.u32(initial_sequence(channel, sequence, target, target_port));
  writer.u32(0);
  writer.u8(kSynLength / 4 << 4);
  writer.u8(kSyn);
  writer.u16(kWindow);
  writer.u16(0);
  writer.u16(0);
  writer.u8(2);  // maximum segment size (RFC 9293, 3.2)
  writer.u8(4);
  writer.u16(target.is_v4() ? kMssV4 : kMssV6);
  if (!source.is_unspecified()) {
    writer.patch_u16(16, wire::checksum(writer.written(), source, target, wire::kTcp));
  }
  return writer.written();
}

SynReading TcpSyn::read(const wire::IpPacket& packet) {
  if (is_tcp(packet)) return read_tcp(packet);
  return read_error(packet);
}

}  // namespace blipd::probes
