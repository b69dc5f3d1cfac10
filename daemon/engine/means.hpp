// What the engine asks and listens with: the sockets and the capture, opened best first. Says which mode each part
// is in; holds them for the loop.
#pragma once

#include <memory>
#include <string>

#include "config/plan.hpp"
#include "daemon/engine/notice.hpp"
#include "daemon/engine/orders.hpp"
#include "daemon/engine/packet_source.hpp"
#include "daemon/engine/ping_socket.hpp"
#include "daemon/engine/raw_sender.hpp"
#include "daemon/engine/trace_sender.hpp"
#include "probes/base/error.hpp"

namespace blipd::engine {

struct Means {
  std::unique_ptr<RawSender> raw;         // null: no CAP_NET_RAW
  std::unique_ptr<PingSockets> pings;     // only without `raw`
  std::unique_ptr<TraceSender> traces;    // null without `raw`
  std::unique_ptr<PacketSource> packets;  // null without `raw`
  bool is_capturing = false;              // `packets` is the capture
};

// Whether somebody looks at packets of which the loop itself reads only one direction.
enum class Onlookers : std::uint8_t { kNone, kTap };

// Opens what `plan` needs. Without a capture: raw sockets for answers; without raw sockets: unprivileged ICMP,
// and connects in the place of half-open SYNs. Each step down is a notice. Fails when the plan has ICMP probes and
// nothing to ask them with.
base::Expected<Means> open_means(const config::Plan& plan, const probes::IcmpEcho& echo, const probes::TcpSyn& syn,
                                 const Marks& marks, const base::Clock& clock, const base::SipKey& key, Inbox& inbox,
                                 const Notify& notify, Onlookers onlookers = Onlookers::kNone);

// Whether every interface that the plan names exists and every source address is one of ours.
base::Expected<void> check_bindings(const config::Plan& plan);

// Whether this machine has `address` at present.
bool is_own_address(const base::Address& address);

}  // namespace blipd::engine
