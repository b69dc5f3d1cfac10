// The packets of a trace, in the manner of Paris traceroute (Augustin et al., "Avoiding traceroute anomalies with Paris
// traceroute", IMC 2006): whatever a router may choose a path by is the same in all packets of a trace, so that all
// take one path. Writes whole IP packets, and says what a packet that was seen means. Owns the token; no socket, no
// clock, no state.
//
// What tells the packets of one trace apart is a keyed token where routers quote it (the first eight bytes of the
// transport header, RFC 792) and choose no path by it:
//   ICMP  the sequence number; the checksum stays the same, since two bytes of the payload make up for it
//   UDP   the checksum itself, for which two bytes of the payload make up
//   TCP   the sequence number of a SYN, which an answer acknowledges
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "probes/base/address.hpp"
#include "probes/base/bytes.hpp"
#include "probes/base/siphash.hpp"
#include "probes/result.hpp"
#include "probes/spec.hpp"
#include "probes/wire/icmp_extensions.hpp"
#include "probes/wire/ip.hpp"

namespace blipd::probes {

// What is the same in all packets of a trace.
struct TraceFlow {
  TraceMethod method = TraceMethod::kIcmp;
  base::Address source, target;
  std::uint16_t source_port = 0;  // of ICMP the identifier
  std::uint16_t target_port = 0;  // of ICMP 0
  std::uint16_t checksum = 0;     // of ICMP: the one that all have; neither 0 nor 0xffff
  std::uint32_t label = 0;        // IPv6 flow label, 20 bits
  std::uint8_t traffic_class = 0;
  bool operator==(const TraceFlow&) const = default;
};

// Packet number `number` of a trace. Keyed: nobody who has not seen the packet knows it. Of ICMP and UDP 16 bits,
// neither 0 nor 0xffff.
std::uint32_t trace_token(const base::SipKey& key, const TraceFlow& flow, std::uint32_t number);

inline constexpr std::size_t kLongestTracePacket = 64;  // over IPv6

// The whole packet, IP header included. `out` has kLongestTracePacket bytes.
base::Bytes write_trace(base::MutableBytes out, const TraceFlow& flow, std::uint8_t ttl, std::uint16_t identification,
                        std::uint32_t token);

struct TraceReading {
  enum class Kind : std::uint8_t {
    kForeign,      // nothing that a trace would send or get
    kRequest,      // on its way out
    kExpired,      // a router says that its time was exceeded: a hop
    kUnreachable,  // a router, or the target itself, says that it goes no further
    kAnswer,       // the target's own: an echo reply, a SYN-ACK, a reset
  };
  Kind kind = Kind::kForeign;
  TraceMethod method = TraceMethod::kIcmp;
  base::Address target;  // who was asked
  std::uint16_t source_port = 0;
  std::uint16_t target_port = 0;
  std::uint32_t token = 0;  // to be compared with those that were sent
  base::Address from;       // who says so
  IcmpNotice notice;        // of kExpired and kUnreachable
  std::optional<wire::IcmpExtensions> extensions;
};

// What a packet, in either direction, may mean for a trace. Believed only when flow and token are those of a packet
// that was sent.
TraceReading read_trace(const wire::IpPacket& packet);

}  // namespace blipd::probes
