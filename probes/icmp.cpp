#include "probes/icmp.hpp"

#include <algorithm>
#include <array>

#include "probes/spec.hpp"
#include "probes/wire/checksum.hpp"
#include "probes/wire/icmp.hpp"

namespace blipd::probes {

namespace {

using base::ByteReader;
using base::Bytes;
using base::ByteWriter;

// RFC 792; RFC 4443, 4.1 and 4.2.
constexpr std::uint8_t kEchoRequestV4 = 8;
constexpr std::uint8_t kEchoReplyV4 = 0;
constexpr std::uint8_t kEchoRequestV6 = 128;
constexpr std::uint8_t kEchoReplyV6 = 129;

constexpr std::uint8_t request_type(base::Family family) {
  return family == base::Family::kIpv4 ? kEchoRequestV4 : kEchoRequestV6;
}
constexpr std::uint8_t reply_type(base::Family family) {
  return family == base::Family::kIpv4 ? kEchoReplyV4 : kEchoReplyV6;
}

std::uint64_t token(const base::SipKey& key, ChannelIndex channel, Sequence sequence, const base::Address& target) {
  std::array<std::byte, 24> message{};
  ByteWriter out(message);
  out.u32(channel);
  out.u32(sequence);
  out.copy(target.bytes());
  return base::siphash24(key, out.written());
}

// What fills a request behind the token: bytes that count up, as ping's do.
constexpr auto kPattern = [] {
  std::array<std::byte, 256> pattern{};
  for (std::size_t i = 0; i < pattern.size(); ++i) pattern[i] = static_cast<std::byte>(i);
  return pattern;
}();

// An echo message, ours or quoted, as far as it goes.
struct Echo {
  std::uint8_t type = 0;
  std::uint16_t identifier = 0;
  std::uint16_t short_sequence = 0;
  ChannelIndex channel = 0;
  Sequence sequence = 0;
  std::uint64_t token = 0;
  bool has_identifier = false;
  bool has_header = false;
  bool has_claim = false;  // channel and sequence
  bool has_token = false;
};

Echo read_echo(Bytes message) {
  ByteReader in(message);
  Echo echo;
  echo.type = in.u8();
  in.skip(3);
  echo.identifier = in.u16();
  echo.has_identifier = in.ok();
  echo.short_sequence = in.u16();
  echo.has_header = in.ok();
  echo.channel = in.u32();
  echo.sequence = in.u32();
  echo.has_claim = in.ok();
  echo.token = in.u64();
  echo.has_token = in.ok();
  return echo;
}

EchoReading start_reading(const Echo& echo, const base::Address& target, std::uint8_t ttl) {
  EchoReading reading;
  reading.target = target;
  reading.ttl = ttl;
  reading.has_claim = echo.has_claim;
  reading.channel = echo.channel;
  reading.sequence = echo.sequence;
  return reading;
}

}  // namespace

bool is_icmp_error(base::Family family, std::uint8_t type) { return wire::is_icmp_error(family, type); }

base::Bytes IcmpEcho::write_request(base::MutableBytes out, const base::Address& target, ChannelIndex channel,
                                    Sequence sequence, std::uint16_t size, std::optional<FlowNumber> flow) const {
  ByteWriter writer(out);
  writer.u8(request_type(target.family()));
  writer.u8(0);
  writer.u16(0);
  writer.u16(identifier_);
  writer.u16(static_cast<std::uint16_t>(sequence & 0xffffU));
  writer.u32(channel);
  writer.u32(sequence);
  writer.u64(token(key_, channel, sequence, target));
  const std::size_t in_flow = writer.written().size();
  if (flow) writer.u16(0);
  const std::size_t smallest = flow ? IcmpSpec::kMinSizeInFlow : IcmpSpec::kMinSize;
  for (std::size_t left = std::max<std::size_t>(size, smallest) - smallest; left > 0;) {
    const std::size_t piece = std::min(left, kPattern.size());
    writer.copy(Bytes(kPattern).first(piece));
    left -= piece;
  }
  if (flow) {
    // The checksum is the complement of a sum: what is missing to the flow's own is added to what is summed up.
    const std::uint16_t wanted = flow_checksum(target, *flow);
    const std::uint32_t missing = static_cast<std::uint16_t>(~wanted) + std::uint32_t{wire::checksum(writer.written())};
    writer.patch_u16(in_flow, static_cast<std::uint16_t>((missing & 0xffffU) + (missing >> 16U)));
  }
  if (target.is_v4()) writer.patch_u16(2, wire::checksum(writer.written()));
  return writer.written();
}

EchoReading IcmpEcho::read(const wire::IpPacket& packet) const {
  if (!wire::is_icmp(packet) || packet.payload.empty()) return {};
  const auto family = packet.source.family();
  const auto type = std::to_integer<std::uint8_t>(packet.payload.front());
  if (type == request_type(family)) return read_request(packet);
  if (type == reply_type(family)) return read_reply(packet);
  if (is_icmp_error(family, type)) return read_error(packet);
  return {};
}

// A request is ours by its token alone. One that does not fit is somebody else's ping with our identifier, not
// an attempt at an answer. No checksum: on its way out it may not have been filled in yet.
EchoReading IcmpEcho::read_request(const wire::IpPacket& packet) const {
  const Echo echo = read_echo(packet.payload);
  if (!echo.has_token || echo.identifier != identifier_) return {};
  if (echo.token != token(key_, echo.channel, echo.sequence, packet.destination)) return {};
  EchoReading reading = start_reading(echo, packet.destination, packet.ttl);
  reading.kind = EchoReading::Kind::kRequest;
  return reading;
}

EchoReading IcmpEcho::read_reply(const wire::IpPacket& packet) const {
  const Echo echo = read_echo(packet.payload);
  if (!echo.has_identifier || echo.identifier != identifier_) return {};
  EchoReading reading = start_reading(echo, packet.source, packet.ttl);
  if (!echo.has_token || !wire::is_icmp_checksum_plausible(packet)) {
    reading.kind = EchoReading::Kind::kMalformed;
  } else if (echo.token != token(key_, echo.channel, echo.sequence, packet.source)) {
    reading.kind = EchoReading::Kind::kForged;
  } else {
    reading.kind = EchoReading::Kind::kReply;
  }
  return reading;
}

EchoReading IcmpEcho::read_error(const wire::IpPacket& packet) const {
  const auto error = wire::read_icmp_error(packet);
  if (!error || !wire::is_icmp(error->quoted)) return {};
  const wire::IpPacket& quoted = error->quoted;
  const Echo echo = read_echo(quoted.payload);
  if (!echo.has_identifier || echo.identifier != identifier_ || echo.type != request_type(quoted.source.family())) {
    return {};
  }
  EchoReading reading = start_reading(echo, quoted.destination, packet.ttl);
  reading.notice = IcmpNotice{error->type, error->code, error->sender};
  if (!echo.has_header || !error->is_checksum_plausible) {
    reading.kind = EchoReading::Kind::kMalformed;
  } else if (!echo.has_token) {
    reading.kind = EchoReading::Kind::kError;
    reading.is_short_quote = true;
    reading.has_claim = false;
    reading.channel = 0;
    reading.sequence = echo.short_sequence;
  } else if (echo.token != token(key_, echo.channel, echo.sequence, quoted.destination)) {
    reading.kind = EchoReading::Kind::kForged;
  } else {
    reading.kind = EchoReading::Kind::kError;
  }
  return reading;
}

}  // namespace blipd::probes
