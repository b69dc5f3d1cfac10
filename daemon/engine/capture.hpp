// The clock: one libpcap capture of our own packets in both directions. Round trip = answer's stamp −
// request's stamp, both taken by the kernel at the same place, so no delay of ours is in it.
//
// It captures on Linux's "any" pseudo device, because that outlives links that go down and come up, sees
// answers that return on another interface, and needs no knowledge of routes. The kernel's filter lets through
// only our own identifiers.
#pragma once

#include <memory>

#include "daemon/engine/packet_source.hpp"
#include "probes/base/error.hpp"
#include "probes/tcp.hpp"

namespace blipd::engine {

struct CaptureOptions {
  std::uint16_t echo_identifier = 0;
  std::uint16_t trace_identifier = 0;
  probes::PortRange ports;  // our TCP source ports. DNS leaves from any port of ours: see DnsUdpSockets
  // Answers to our UDP ports, too, which nothing but a tap has a use for.
  bool has_udp_answers = false;
  int ring_bytes = 16 << 20;
};

// Fails without CAP_NET_RAW or without memory for the ring.
base::Expected<std::unique_ptr<PacketSource>> open_capture(const CaptureOptions& options);

// The filter in pcap-filter(7) syntax.
std::string capture_filter(const CaptureOptions& options);

}  // namespace blipd::engine
