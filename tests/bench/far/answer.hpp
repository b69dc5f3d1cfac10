// What a host of the far end says to a packet: ICMP echo, TCP to any port as far as a handshake and its end go, and the
// answer to a DNS question. Keeps nothing between packets.
#pragma once

#include "tests/lab/packet.hpp"

namespace blipd::bench {

// Writes the answer into `out`. False when no host would answer; then `out` holds anything.
bool write_answer(lab::Packet& out, const lab::Request& request);

}  // namespace blipd::bench
