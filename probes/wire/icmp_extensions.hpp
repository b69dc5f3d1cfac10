// What routers add to an ICMP error behind the packet that it quotes (RFC 4884): the MPLS labels that the packet
// carried (RFC 4950) and the interface that it came by (RFC 5837). Told by whoever sent the error, and believed no
// further than for being shown.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/wire/ip.hpp"

namespace blipd::wire {

struct MplsEntry {
  std::uint32_t label = 0;  // 20 bits
  std::uint8_t traffic_class = 0;
  bool is_bottom = false;
  std::uint8_t ttl = 0;
};

struct InterfaceInformation {
  // RFC 5837, 4.1.
  enum class Role : std::uint8_t { kIncoming = 0, kSubIp = 1, kOutgoing = 2, kNextHop = 3 };
  Role role = Role::kIncoming;
  std::optional<std::uint32_t> index;
  std::optional<base::Address> address;
  std::string name;  // without control characters; empty: not told
  std::optional<std::uint32_t> mtu;
};

struct IcmpExtensions {
  static constexpr std::size_t kMostLabels = 16;
  static constexpr std::size_t kMostInterfaces = 4;
  std::vector<MplsEntry> labels;  // outermost first
  std::vector<InterfaceInformation> interfaces;
};

// Of an ICMP error of either family (read_icmp_error has found it to be one). Empty when it has none, or when their
// version, checksum or any length is wrong. Also those of routers from before RFC 4884, which begin at the 128th byte
// of the quote without saying so, where their checksum is there and right.
std::optional<IcmpExtensions> read_icmp_extensions(const IpPacket& packet);

}  // namespace blipd::wire
