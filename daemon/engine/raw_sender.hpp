// Puts echo requests and SYNs on the wire: raw sockets, shared by all channels, and sendmmsg in batches. Knows
// nothing of what becomes of them. One IPv4 socket with our own IP header (raw(7), IP_HDRINCL) serves ICMP and
// TCP; IPv6 has one socket a protocol (ipv6(7)), since the kernel writes its header and checksum. Probes that
// ask for an interface name it with each packet (IP_PKTINFO, RFC 3542), so that an interface which comes later or comes
// back needs no new socket: the privilege to open one is given up after the start.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "daemon/engine/transport.hpp"
#include "probes/base/error.hpp"
#include "probes/icmp.hpp"
#include "probes/tcp.hpp"

namespace blipd::engine {

class RawSender {
 public:
  // Opens all of its sockets. Fails without CAP_NET_RAW; without IPv6 only probes over IPv6 do. The three live
  // longer than the sender.
  static base::Expected<std::unique_ptr<RawSender>> open(const probes::IcmpEcho& echo, const probes::TcpSyn& syn,
                                                         const base::Clock& clock);
  ~RawSender();

  // How an ask ended: 0, or the errno of its failed send. `at` is when it was sent, by our own clock, interpolated
  // across its batch.
  using Done = std::function<void(const Ask& ask, int error, const base::Moment& at)>;

  // Queues one packet; sends when a batch is full. The ask's spec must live until flush().
  void add(const Ask& ask, const Done& done);

  // Sends what is queued.
  void flush(const Done& done);

  // Routes or addresses changed: source addresses are looked up anew.
  void forget_sources();

 private:
  class Impl;
  explicit RawSender(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace blipd::engine
