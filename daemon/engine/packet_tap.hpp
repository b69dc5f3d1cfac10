// Who is shown the packets of probes as the capture sees them, in both directions, with the network that each is about.
// One for each loop, on its thread. What it does with a packet is on the hot path: some hundred nanoseconds at most,
// and nothing that waits.
#pragma once

#include <functional>
#include <memory>

#include "config/plan.hpp"
#include "daemon/engine/packet_source.hpp"
#include "daemon/engine/share.hpp"

namespace blipd::engine {

class PacketTap {
 public:
  virtual ~PacketTap() = default;

  // From now on networks have their positions in this plan, and this share of its targets is asked.
  virtual void adopt(const config::Plan& plan, const Share& share) = 0;

  // The packet's bytes live during the call only.
  virtual void on_packet(config::NetworkIndex network, const SeenPacket& seen) = 0;

  // With each tick of the loop, after the packets that were seen in it.
  virtual void tick(const base::Moment& now) = 0;
};

// Called for each loop once, before it opens anything. What it gives may be kept by whoever made it, too.
using MakeTap = std::function<std::shared_ptr<PacketTap>()>;

}  // namespace blipd::engine
