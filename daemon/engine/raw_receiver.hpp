// Where the capture cannot be had: raw sockets that show what arrives, with the kernel's receive stamps. Our own
// requests are not seen, so round trips begin with a user-space stamp and say so.
#pragma once

#include <memory>

#include "daemon/engine/packet_source.hpp"
#include "probes/base/error.hpp"
#include "probes/tcp.hpp"

namespace blipd::engine {

// Fails without CAP_NET_RAW.
base::Expected<std::unique_ptr<PacketSource>> open_raw_receiver(const probes::PortRange& ports);

}  // namespace blipd::engine
