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
  static constexpr std::uint16_t kMinSizeInFlow = 18;  // and two bytes that make the checksum what the flow has
  static constexpr std::uint16_t kMaxSize = 8972;      // a 9000-byte frame less both headers
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

enum class HttpMethod : std::uint8_t { kGet, kHead };

// What an HTTP exchange must be like, beyond a whole answer, to count as "as expected". Judged separately from
// reachability: a TCP handshake that stood, or its refusal, proves the path.
struct HttpExpectations {
  std::vector<std::string> statuses;         // "200", "3xx"; empty: any
  std::vector<std::string> body_matches;     // patterns of RE2; each must match something in the body
  std::vector<std::string> body_mismatches;  // patterns of RE2; none may
  std::string body_sha256;                   // hexadecimal; empty: any
  std::uint16_t certificate_days = 0;        // for which the certificate must still be good
  bool verify = true;                        // the certificate's chain and name
  std::string ca_file;                       // roots in PEM; empty: the system's
  bool operator==(const HttpExpectations&) const = default;
};

// One request (RFC 9112), over TLS or not.
struct HttpSpec {
  static constexpr std::uint8_t kMostRedirects = 5;
  static constexpr std::uint64_t kMostBody = 1024 * 1024;
  HttpMethod method = HttpMethod::kGet;
  bool tls = false;
  std::uint16_t port = 0;  // never 0 once the configuration is loaded
  std::string host;        // in the Host header and in SNI; empty: as the target's host is written
  std::string path = "/";
  std::uint8_t redirects = 0;            // how many are followed, and never to another host
  std::uint64_t body_limit = 64 * 1024;  // bytes, after which no more is read
  std::string user_agent = "blipd";
  HttpExpectations expect;
  bool operator==(const HttpSpec&) const = default;
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
  // Over how many flows (probes/flow.hpp) its probes rotate: 1 keeps to one, 0 gives each its own. Of ICMP, half-open
  // TCP and DNS over UDP only: the ports of others are the kernel's choice.
  static constexpr std::uint8_t kMostFlows = 64;
  std::uint8_t flows = 0;
  std::vector<double> rtt_buckets;  // upper bounds in seconds of the RTT histogram, ascending
  std::variant<IcmpSpec, TcpSpec, DnsSpec, HttpSpec, TraceSpec> ask;
  bool operator==(const ProbeSpec&) const = default;
};

}  // namespace blipd::probes
