// Which flow a probe rides. Routers that share load over several paths (ECMP, link bundles) choose one by what
// identifies a flow: the ports of TCP and UDP, the first bytes of an ICMP message (its checksum among them), the flow
// label of IPv6 (RFC 2992, RFC 6437, RFC 6438). A probe that keeps these rides one path; one that rotates over some
// flows rides that many at most, and loss on one of them shows a broken member.
//
// Identifiers depend on nothing but target and number, so that flow 3 is the same flow after a restart.
#pragma once

#include <cstdint>
#include <optional>

#include "probes/base/address.hpp"
#include "probes/result.hpp"
#include "probes/spec.hpp"

namespace blipd::probes {

// Counts the flows of a channel from 0.
using FlowNumber = std::uint8_t;

// None: the probe has a flow of its own.
constexpr std::optional<FlowNumber> flow_of(std::uint8_t flows, Sequence sequence) {
  if (flows == 0) return std::nullopt;
  return static_cast<FlowNumber>(sequence % flows);
}

// A number for a flow toward a target, evenly spread over targets, 0 to 2^24 + 254; flows of one target follow each
// other.
std::uint32_t flow_identifier(const base::Address& target, FlowNumber flow);

// The flow label of IPv6: 20 bits, never 0, which would mean that there is none.
std::uint32_t flow_label(const base::Address& target, FlowNumber flow);

// The ICMP checksum: never 0 nor 0xffff, which are one number in its arithmetic.
std::uint16_t flow_checksum(const base::Address& target, FlowNumber flow);

}  // namespace blipd::probes
