// The settings of a probe as one level of the file says them (defaults, a named probe, a network, a
// target, a use of a probe): each may be absent. Owns the reading of these keys and their ranges; in
// which order levels cover each other is config/probe_book.hpp's affair.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/reader.hpp"
#include "probes/spec.hpp"

namespace blipd::config {

enum class ProbeType : std::uint8_t { kIcmp, kTcp, kDns, kHttp, kTrace };

inline constexpr base::Duration kShortestInterval = std::chrono::milliseconds(10);
inline constexpr base::Duration kLongestInterval = std::chrono::hours(24);
inline constexpr base::Duration kShortestTimeout = std::chrono::milliseconds(1);
inline constexpr base::Duration kLongestTimeout = std::chrono::minutes(5);
// A trace asks every router on its way, and paths change rarely.
inline constexpr base::Duration kShortestTraceInterval = std::chrono::seconds(10);
inline constexpr base::Duration kUsualTraceInterval = std::chrono::minutes(10);
inline constexpr base::Duration kUsualTraceTimeout = std::chrono::seconds(1);
// An HTTP exchange is some ten packets and a line in somebody's log.
inline constexpr base::Duration kUsualHttpInterval = std::chrono::minutes(1);
inline constexpr base::Duration kUsualHttpTimeout = std::chrono::seconds(10);
inline constexpr std::size_t kMaxBuckets = 64;

// From a millisecond (the same exchange) to five seconds (a satellite behind a full queue), finest where
// round trips between continents lie.
const std::vector<double>& default_rtt_buckets();

// What one level says.
struct Settings {
  std::optional<base::Duration> interval, timeout;
  std::optional<base::Address> source;
  std::optional<std::string> interface;
  std::optional<std::uint8_t> dscp, ttl;
  std::optional<std::vector<double>> rtt_buckets;
  // icmp, tcp and dns
  std::optional<std::uint8_t> flows;
  // icmp
  std::optional<std::uint16_t> size;
  std::optional<bool> dont_fragment;
  // tcp
  std::optional<probes::TcpMode> mode;
  // tcp, dns, http and trace
  std::optional<std::uint16_t> port;
  // dns
  std::optional<std::string> query, record;
  std::optional<probes::DnsTransport> transport;
  std::optional<bool> recursion_desired, nsid;
  std::optional<std::uint16_t> edns_size;
  std::optional<probes::DnsExpectations> expect;
  // http
  std::optional<probes::HttpMethod> http_method;
  std::optional<bool> tls;
  std::optional<std::string> host, path, user_agent;
  std::optional<std::uint8_t> redirects;
  std::optional<std::uint64_t> body_limit;
  std::optional<probes::HttpExpectations> http_expect;
  // trace
  std::optional<probes::TraceMethod> method;
  std::optional<std::uint8_t> max_hops, attempts;
};

// The keys of `keys::kSettings`.
Settings read_settings(const Reader& reader);
// Also those of the type, where that is known.
Settings read_settings(const Reader& reader, std::optional<ProbeType> type);

void apply(const Settings& settings, probes::ProbeSpec& spec);

// Of a level that speaks of all probes below it (defaults, network, target): how often hosts are asked with a packet
// says nothing of how often paths are traced and pages fetched.
void apply_to_all(const Settings& settings, probes::ProbeSpec& spec);

}  // namespace blipd::config
