// Where packets that concern us are seen. Two kinds: the libpcap ring, which shows both directions with the
// kernel's stamps, and raw sockets for where it cannot be had, which show only what arrives.
#pragma once

#include <cstdint>
#include <functional>

#include "daemon/engine/transport.hpp"
#include "probes/wire/ip.hpp"

namespace blipd::engine {

enum class Heading : std::uint8_t { kUnknown, kIn, kOut };

struct SeenPacket {
  wire::IpPacket packet;
  Stamp stamp;
  std::uint32_t interface = 0;  // index; 0: not known
  // Of the capture alone: the packet as it was seen, from the IP header on, and how long it was on the wire.
  base::Bytes bytes{};
  std::uint32_t length = 0;
  Heading heading = Heading::kUnknown;
};

class PacketSource {
 public:
  virtual ~PacketSource() = default;

  // Calls `seen` for each packet that is ready, and returns. The packet's bytes live during the call only.
  virtual void drain(const std::function<void(const SeenPacket&)>& seen) = 0;

  // Packets that found no room, since the start. Grows only.
  virtual std::uint64_t drops() = 0;

  // Bytes that were handed over and were no IP packet, since the start.
  virtual std::uint64_t malformed() const = 0;
};

}  // namespace blipd::engine
