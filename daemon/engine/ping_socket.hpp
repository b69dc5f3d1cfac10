// ICMP echo without privileges: the kernel's ICMP datagram sockets (icmp(7), net.ipv4.ping_group_range), for where
// raw sockets are refused. The kernel sets the identifier and gives us replies to it alone; stamps are user
// space's at the request and the kernel's at the reply.
#pragma once

#include <memory>

#include "daemon/engine/transport.hpp"
#include "probes/base/error.hpp"
#include "probes/base/siphash.hpp"

namespace blipd::engine {

class PingSockets : public Transport {
 public:
  // Fails where the group range does not include us.
  static base::Expected<std::unique_ptr<PingSockets>> open(Inbox& inbox, const base::SipKey& key);
  virtual std::uint64_t drops() const = 0;
};

}  // namespace blipd::engine
