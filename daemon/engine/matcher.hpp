// From a packet that was seen to what it says about a probe of ours, or to nothing. Believes only what carries
// our token: echo by its payload, SYN by the sequence number that is acknowledged, ICMP errors by the packet
// that they quote. Remembers only the SYNs that other programs of this machine sent from our range of ports, so
// that their answers are not taken for forgeries of ours.
#pragma once

#include <array>
#include <cstdint>

#include "daemon/engine/flights.hpp"
#include "daemon/engine/packet_source.hpp"
#include "daemon/engine/roster.hpp"
#include "daemon/engine/transport.hpp"
#include "probes/icmp.hpp"
#include "probes/tcp.hpp"

namespace blipd::engine {

class Matcher {
 public:
  Matcher(const probes::IcmpEcho& echo, const probes::TcpSyn& syn, const Roster& roster, Flights& flights)
      : echo_(echo), syn_(syn), roster_(roster), flights_(flights) {}

  // Calls `inbox` at most once. UDP is none of its business.
  void match(const SeenPacket& seen, Inbox& inbox);

 private:
  void match_echo(const probes::EchoReading& reading, Learned& learned, Inbox& inbox) const;
  void match_syn(const probes::SynReading& reading, Learned& learned, Inbox& inbox);
  void match_stranger(const probes::SynReading& reading, Learned& learned, bool is_awaited, Inbox& inbox);
  bool find_short_quote(const probes::EchoReading& reading, Learned& learned) const;

  const probes::IcmpEcho& echo_;
  const probes::TcpSyn& syn_;
  const Roster& roster_;
  Flights& flights_;
  // By source port: the initial sequence number of the last SYN that was not ours.
  std::array<std::uint32_t, probes::kLastSourcePort - probes::kFirstSourcePort + 1> strangers_{};
};

}  // namespace blipd::engine
