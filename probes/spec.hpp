// What a probe asks and how: plain values, complete once the configuration is loaded. A spec says
// nothing about whom it asks or when it was last sent.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "probes/base/address.hpp"
#include "probes/base/time.hpp"

namespace blipd::probes {

// ICMP and ICMPv6 echo (RFC 792, RFC 4443).
struct IcmpSpec {
  // Payload bytes behind the 8-byte ICMP header. At least kMinSize, since the token rides in it.
  static constexpr std::uint16_t kMinSize = 16;
  static constexpr std::uint16_t kMaxSize = 8972;  // a 9000-byte frame less both headers
  std::uint16_t size = 56;
  bool dont_fragment = false;
  bool operator==(const IcmpSpec&) const = default;
};

enum class TcpMode : std::uint8_t {
  kSyn,      // half-open: a raw SYN; the kernel resets the SYN-ACK that it did not ask for
  kConnect,  // a whole handshake by the kernel, closed with a reset (SO_LINGER 0)
};

struct TcpSpec {
  std::uint16_t port = 0;
  TcpMode mode = TcpMode::kSyn;
  bool operator==(const TcpSpec&) const = default;
};

enum class DnsTransport : std::uint8_t { kUdp, kTcp };

// What a DNS answer must look like to count as "as expected". It is judged separately from
// reachability: any well-formed answer to our question proves the path.
struct DnsExpectations {
  std::vector<std::string> rcodes;             // mnemonics (NOERROR, NXDOMAIN, …); empty: any
  std::vector<std::string> answer_matches;     // ECMAScript patterns; each must match some answer record
  std::vector<std::string> answer_mismatches;  // ECMAScript patterns; none may match any answer record
  bool operator==(const DnsExpectations&) const = default;
};

struct DnsSpec {
  std::string query;         // a domain name in presentation form (RFC 1035, 5.1)
  std::string record = "A";  // a type mnemonic or TYPE123 (RFC 3597)
  DnsTransport transport = DnsTransport::kUdp;
  std::uint16_t port = 53;
  bool recursion_desired = false;
  bool nsid = true;                // asks the server to name itself (RFC 5001)
  std::uint16_t edns_size = 1232;  // advertised UDP payload size (RFC 6891; DNS Flag Day 2020); 0: no EDNS
  DnsExpectations expect;
  bool operator==(const DnsSpec&) const = default;
};

enum class TraceMethod : std::uint8_t { kIcmp, kUdp, kTcp };
inline constexpr std::array<const char*, 3> kTraceMethodNames = {"icmp", "udp", "tcp"};

// The path to a target, hop by hop. No channel: it gives paths (probes/trace.hpp), never results.
struct TraceSpec {
  static constexpr std::uint8_t kMostHops = 64;
  static constexpr std::uint8_t kMostAttempts = 5;
  TraceMethod method = TraceMethod::kIcmp;
  std::uint16_t port = 0;  // of UDP and TCP
  std::uint8_t max_hops = 30;
  std::uint8_t attempts = 2;  // packets to a hop that stays silent
  bool operator==(const TraceSpec&) const = default;
};

struct ProbeSpec {
  std::string name;
  base::Duration interval = std::chrono::seconds(5);
  base::Duration timeout = std::chrono::seconds(3);
  std::optional<base::Address> source;  // used for targets of its family only
  std::string interface;                // empty: as the routing table says
  std::uint8_t dscp = 0;                // 0–63 (RFC 2474)
  std::uint8_t ttl = 64;                // 1–255, hop limit in IPv6
  std::vector<double> rtt_buckets;      // upper bounds in seconds of the RTT histogram, ascending
  std::variant<IcmpSpec, TcpSpec, DnsSpec, TraceSpec> ask;
  bool operator==(const ProbeSpec&) const = default;
};

}  // namespace blipd::probes
