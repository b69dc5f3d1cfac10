// How far away an answer came from, by its TTL (hop limit). Systems start from 64 (Linux, the BSDs, macOS), 128
// (Windows) or 255 (many routers, and some systems for ICMP or for resets only), and paths of the Internet have well
// below 64 routers, so the start is the lowest of these that is not below what arrived. By comparing distances and not
// TTLs a host that starts ICMP from 255 and TCP from 64 is no riddle. Started from 30, 32 or 60, as old systems did, a
// distance comes out some 30 too long, for all answers of a host alike.
#pragma once

#include <cstdint>

namespace blipd::detect {

// `ttl` is not 0, which stands for one that was not seen.
constexpr int hops_of(std::uint8_t ttl) { return ttl <= 64 ? 64 - ttl : ttl <= 128 ? 128 - ttl : 255 - ttl; }

// Answers of one host come from distances that differ by so many hops without anybody else's doing: one or two for a
// port that a router in front passes on, or for a front that answers on the host's behalf; one for paths of unequal
// length that share a load.
inline constexpr int kHostSpan = 3;
// So many where one way of asking takes the same path again.
inline constexpr int kPathSpan = 1;

constexpr int hops_apart(std::uint8_t a, std::uint8_t b) {
  const int difference = hops_of(a) - hops_of(b);
  return difference < 0 ? -difference : difference;
}
constexpr bool is_elsewhere(std::uint8_t ttl, std::uint8_t of_host) { return hops_apart(ttl, of_host) > kHostSpan; }
constexpr bool is_nearer(std::uint8_t ttl, std::uint8_t of_host) { return hops_of(ttl) < hops_of(of_host); }

}  // namespace blipd::detect
