// Half-open TCP (RFC 9293) as a probe: writes SYNs, and says what a segment that was seen on the wire
// means for us. Owns the token; no socket, no clock, no per-probe state.
//
// The initial sequence number of a SYN is a keyed hash of channel, sequence and the target's address and
// port, so that an answer (which acknowledges it plus one) cannot be made up by anyone who did not see
// the SYN. Each probe uses the next source port of a range outside the kernel's ephemeral one
// (ip_local_port_range ends at 60999 by default), so that no two probes in flight share a flow, or one of those that
// its channel rotates over (probes/flow.hpp).
#pragma once

#include <cstdint>

#include "probes/base/address.hpp"
#include "probes/base/bytes.hpp"
#include "probes/base/siphash.hpp"
#include "probes/result.hpp"
#include "probes/wire/ip.hpp"

namespace blipd::probes {

// The source ports of half-open probes and DNS sockets: outside Linux's default ephemeral range.
inline constexpr std::uint16_t kFirstSourcePort = 61000;
inline constexpr std::uint16_t kLastSourcePort = 65535;

// A part of them, both ends included: two who ask in one process tell their packets apart by it.
struct PortRange {
  std::uint16_t first = kFirstSourcePort;
  std::uint16_t last = kLastSourcePort;

  constexpr bool has(std::uint16_t port) const { return first <= port && port <= last; }
  constexpr std::uint32_t size() const { return last - first + 1U; }
};

struct SynReading {
  enum class Kind : std::uint8_t {
    kForeign,    // no port of ours, or neither SYN nor RST
    kRequest,    // our own SYN on its way out
    kSynAck,     // an answer: the port is open
    kReset,      // an answer: the host is there, the port is not
    kError,      // an ICMP error that quotes our SYN
    kMalformed,  // a port of ours, but cut short or impossible flags (SYN and RST together, SYN without ACK)
  };
  Kind kind = Kind::kForeign;
  base::Address target;  // who was asked
  std::uint16_t target_port = 0;
  std::uint16_t source_port = 0;  // ours
  // The initial sequence number that the packet shows or acknowledges (ack − 1): believed only when it
  // equals TcpSyn::initial_sequence of a probe in flight on this flow.
  std::uint32_t initial_sequence = 0;
  std::uint8_t ttl = 0;
  IcmpNotice notice;  // of kError
};

class TcpSyn {
 public:
  explicit TcpSyn(const base::SipKey& key, PortRange ports = {});

  // Where its source ports lie. What read() finds may be from another part of kFirstSourcePort..kLastSourcePort.
  const PortRange& ports() const { return ports_; }

  std::uint32_t initial_sequence(ChannelIndex channel, Sequence sequence, const base::Address& target,
                                 std::uint16_t port) const;
  // Within ports(); consecutive sequences of a channel get different ports. Depends on the key:
  // two daemons on one machine, or two starts of one, do not walk through a host's ports in step.
  std::uint16_t source_port(ChannelIndex channel, Sequence sequence) const;
  // That of a channel which rotates over so many flows; as above where these are 0.
  std::uint16_t source_port(ChannelIndex channel, Sequence sequence, const base::Address& target,
                            std::uint8_t flows) const;

  // Writes the segment (24 bytes: header and an MSS option) and returns it. With `source` the checksum
  // is filled in; for IPv6 the kernel does it (IPV6_CHECKSUM) and `source` may be unspecified.
  base::Bytes write_syn(base::MutableBytes out, const base::Address& source, const base::Address& target,
                        std::uint16_t target_port, ChannelIndex channel, Sequence sequence,
                        std::uint8_t flows = 0) const;

  // What a packet, in either direction, means. The TCP checksum is not verified: an answer from this very
  // machine or over a virtual link carries only part of it (checksum offload), and the token is stronger.
  static SynReading read(const wire::IpPacket& packet);

 private:
  base::SipKey key_;
  PortRange ports_;
  std::uint32_t port_salt_;
};

}  // namespace blipd::probes
