#include "config/settings.hpp"

#include <array>
#include <limits>
#include <type_traits>
#include <utility>

#include "config/ca_file.hpp"
#include "config/names.hpp"
#include "probes/base/text.hpp"
#include "probes/dns_expectation.hpp"
#include "probes/dns_message.hpp"
#include "probes/http.hpp"

namespace blipd::config {

namespace {

using std::chrono::milliseconds;

// A word at fault is noted under its key and reads as absent.
template <class Check>
std::optional<std::string> checked_text(const Reader& reader, std::string_view key, Check check) {
  auto word = reader.text(key);
  if (!word) return std::nullopt;
  if (auto problem = check(*word)) {
    reader.fault(key, std::move(*problem));
    return std::nullopt;
  }
  return word;
}

template <class T>
Problem problem_of(const base::Expected<T>& expected) {
  return expected ? Problem{} : Problem{expected.error().text};
}

std::optional<std::vector<double>> read_buckets(const Reader& reader) {
  const auto texts = reader.texts("rtt_buckets");
  if (!texts) return std::nullopt;
  std::vector<double> bounds;
  for (const std::string& text : *texts) {
    const auto bound = base::parse_duration(text);
    if (!bound || *bound <= base::Duration::zero()) {
      reader.fault("rtt_buckets",
                   fmt::format("{} is no bucket's bound; write durations above zero, such as 50ms", cited(text)));
      return std::nullopt;
    }
    if (!bounds.empty() && base::to_seconds(*bound) <= bounds.back()) {
      reader.fault("rtt_buckets",
                   fmt::format("{} does not rise above the bound before it; sort them, each once", cited(text)));
      return std::nullopt;
    }
    bounds.push_back(base::to_seconds(*bound));
  }
  if (bounds.empty() || bounds.size() > kMaxBuckets) {
    reader.fault("rtt_buckets", fmt::format("{} bounds; give 1 to {}", bounds.size(), kMaxBuckets));
    return std::nullopt;
  }
  return bounds;
}

// The items of one list of expectations; the first that `check` objects to is noted with its place.
template <class Check>
std::vector<std::string> read_expected(const Reader& reader, std::string_view key, Check check) {
  auto texts = reader.texts(key);
  if (!texts) return {};
  const Node& list = *reader.find(key);
  const Path path = reader.path().child(key);
  if (texts->size() != list.items.size()) return {};
  for (std::size_t i = 0; i < texts->size(); ++i) {
    if (auto problem = problem_of(check((*texts)[i]))) {
      reader.faults().fault(list.items[i].place, path.item(i),
                            with_remedy(std::move(*problem), "correct or remove this item"));
    }
  }
  return std::move(*texts);
}

std::optional<probes::DnsExpectations> read_expect(const Reader& reader) {
  const Node* node = reader.map("expect");
  if (!node) return std::nullopt;
  const Reader inner(*node, reader.path().child("expect"), reader.faults(), {keys::kExpect});
  return probes::DnsExpectations{read_expected(inner, "rcodes", probes::parse_rcode),
                                 read_expected(inner, "answer_matches", probes::validate_pattern),
                                 read_expected(inner, "answer_mismatches", probes::validate_pattern)};
}

std::optional<std::uint8_t> read_flows(const Reader& reader) {
  return reader.whole<std::uint8_t>("flows", 0, probes::ProbeSpec::kMostFlows);
}

std::optional<probes::HttpExpectations> read_http_expect(const Reader& reader) {
  const Node* node = reader.map("expect");
  if (!node) return std::nullopt;
  const Reader inner(*node, reader.path().child("expect"), reader.faults(), {keys::kHttpExpect});
  probes::HttpExpectations expected;
  expected.statuses = read_expected(inner, "status", probes::validate_status);
  expected.body_matches = read_expected(inner, "body_matches", probes::validate_body_pattern);
  expected.body_mismatches = read_expected(inner, "body_mismatches", probes::validate_body_pattern);
  const auto sha256 = checked_text(
      inner, "body_sha256", [](const std::string& digest) { return problem_of(probes::validate_sha256(digest)); });
  expected.body_sha256 = sha256.value_or("");
  constexpr std::uint16_t kMostDays = 3650;
  expected.certificate_days = inner.whole<std::uint16_t>("certificate_days", 0, kMostDays).value_or(0);
  expected.verify = inner.flag("verify").value_or(true);
  expected.ca_file = checked_text(inner, "ca_file", ca_file_problem).value_or("");
  return expected;
}

void read_icmp(const Reader& reader, Settings& settings) {
  settings.flows = read_flows(reader);
  settings.size = reader.whole<std::uint16_t>("size", probes::IcmpSpec::kMinSize, probes::IcmpSpec::kMaxSize);
  settings.dont_fragment = reader.flag("dont_fragment");
}

std::optional<std::uint16_t> read_port(const Reader& reader) {
  return reader.whole<std::uint16_t>("port", 1, std::numeric_limits<std::uint16_t>::max());
}

void read_tcp(const Reader& reader, Settings& settings) {
  constexpr auto kModes = std::to_array<std::pair<std::string_view, probes::TcpMode>>(
      {{"syn", probes::TcpMode::kSyn}, {"connect", probes::TcpMode::kConnect}});
  settings.port = read_port(reader);
  settings.mode = reader.choice<probes::TcpMode>("mode", kModes);
  settings.flows = read_flows(reader);
  if (settings.flows && settings.mode == probes::TcpMode::kConnect) {
    reader.fault("flows", "the kernel chooses the ports of 'mode: connect'; remove it, or give 'mode: syn'");
  }
}

void read_dns(const Reader& reader, Settings& settings) {
  constexpr auto kTransports = std::to_array<std::pair<std::string_view, probes::DnsTransport>>(
      {{"udp", probes::DnsTransport::kUdp}, {"tcp", probes::DnsTransport::kTcp}});
  settings.query = checked_text(reader, "query",
                                [](const std::string& name) { return problem_of(probes::validate_query_name(name)); });
  settings.record = checked_text(
      reader, "record", [](const std::string& record) { return problem_of(probes::parse_record_type(record)); });
  settings.transport = reader.choice<probes::DnsTransport>("transport", kTransports);
  settings.flows = read_flows(reader);
  if (settings.flows && settings.transport == probes::DnsTransport::kTcp) {
    reader.fault("flows", "the kernel chooses the ports of 'transport: tcp'; remove it, or give 'transport: udp'");
  }
  settings.port = read_port(reader);
  settings.recursion_desired = reader.flag("recursion_desired");
  settings.nsid = reader.flag("nsid");
  settings.edns_size = reader.whole<std::uint16_t>("edns_size", 0, probes::kDnsMaxEdnsSize);
  constexpr std::uint16_t kLeastEdnsSize = 512;  // RFC 6891, 6.2.3
  if (settings.edns_size && *settings.edns_size != 0 && *settings.edns_size < kLeastEdnsSize) {
    reader.fault("edns_size", fmt::format("'{}' is out of range; give {} to {}, or 0 for no EDNS", *settings.edns_size,
                                          kLeastEdnsSize, probes::kDnsMaxEdnsSize));
    settings.edns_size.reset();
  }
  settings.expect = read_expect(reader);
}

void read_http(const Reader& reader, Settings& settings) {
  constexpr auto kMethods = std::to_array<std::pair<std::string_view, probes::HttpMethod>>(
      {{"GET", probes::HttpMethod::kGet}, {"HEAD", probes::HttpMethod::kHead}});
  const auto checked = [&](std::string_view key, auto validate) {
    return checked_text(reader, key, [&](const std::string& text) { return problem_of(validate(text)); });
  };
  settings.http_method = reader.choice<probes::HttpMethod>("method", kMethods);
  settings.tls = reader.flag("tls");
  settings.port = read_port(reader);
  settings.host = checked("host", probes::validate_http_host);
  settings.path = checked("path", probes::validate_http_path);
  settings.user_agent = checked("user_agent", probes::validate_user_agent);
  settings.redirects = reader.whole<std::uint8_t>("redirects", 0, probes::HttpSpec::kMostRedirects);
  settings.body_limit = reader.size("body_limit", 0, probes::HttpSpec::kMostBody);
  settings.http_expect = read_http_expect(reader);
  if (!settings.http_expect || settings.http_method != probes::HttpMethod::kHead) return;
  const probes::HttpExpectations& expect = *settings.http_expect;
  if (!expect.body_matches.empty() || !expect.body_mismatches.empty() || !expect.body_sha256.empty()) {
    reader.fault("method", "an answer to HEAD has no body; use GET, or remove what is expected of the body");
  }
}

void read_trace(const Reader& reader, Settings& settings) {
  constexpr auto kMethods = std::to_array<std::pair<std::string_view, probes::TraceMethod>>(
      {{"icmp", probes::TraceMethod::kIcmp}, {"udp", probes::TraceMethod::kUdp}, {"tcp", probes::TraceMethod::kTcp}});
  settings.method = reader.choice<probes::TraceMethod>("method", kMethods);
  settings.port = read_port(reader);
  settings.max_hops = reader.whole<std::uint8_t>("max_hops", 1, probes::TraceSpec::kMostHops);
  settings.attempts = reader.whole<std::uint8_t>("attempts", 1, probes::TraceSpec::kMostAttempts);
  if (settings.interval && *settings.interval < kShortestTraceInterval) {
    reader.fault("interval",
                 fmt::format("a trace every {} asks each router on the way as often; give {} or more",
                             base::format_duration(*settings.interval), base::format_duration(kShortestTraceInterval)));
  }
  if (reader.has("ttl")) reader.fault("ttl", "a trace sets that itself; remove it, or say how far by 'max_hops'");
}

template <class T, class U>
void cover(const std::optional<T>& from, U& to) {
  if (from) to = *from;
}

void cover_ask(const Settings& from, probes::IcmpSpec& to) {
  cover(from.size, to.size);
  cover(from.dont_fragment, to.dont_fragment);
}

void cover_ask(const Settings& from, probes::TcpSpec& to) {
  cover(from.port, to.port);
  cover(from.mode, to.mode);
}

void cover_ask(const Settings& from, probes::DnsSpec& to) {
  cover(from.query, to.query);
  cover(from.record, to.record);
  cover(from.transport, to.transport);
  cover(from.port, to.port);
  cover(from.recursion_desired, to.recursion_desired);
  cover(from.nsid, to.nsid);
  cover(from.edns_size, to.edns_size);
  cover(from.expect, to.expect);
}

void cover_ask(const Settings& from, probes::HttpSpec& to) {
  cover(from.http_method, to.method);
  cover(from.tls, to.tls);
  cover(from.port, to.port);
  cover(from.host, to.host);
  cover(from.path, to.path);
  cover(from.user_agent, to.user_agent);
  cover(from.redirects, to.redirects);
  cover(from.body_limit, to.body_limit);
  cover(from.http_expect, to.expect);
}

void cover_ask(const Settings& from, probes::TraceSpec& to) {
  cover(from.method, to.method);
  cover(from.port, to.port);
  cover(from.max_hops, to.max_hops);
  cover(from.attempts, to.attempts);
}

}  // namespace

const std::vector<double>& default_rtt_buckets() {
  static const std::vector<double> kBuckets = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15,
                                               0.2,   0.3,   0.4,   0.6,  0.8,  1.2,  2.5, 5.0};
  return kBuckets;
}

Settings read_settings(const Reader& reader) {
  Settings settings;
  settings.interval = reader.duration("interval", kShortestInterval, kLongestInterval);
  settings.timeout = reader.duration("timeout", kShortestTimeout, kLongestTimeout);
  if (const auto source = reader.text("source")) {
    const auto address = base::Address::parse(*source);
    if (address) {
      settings.source = *address;
    } else {
      reader.fault("source", fmt::format("{} is not an IP address; give one of this machine's own", cited(*source)));
    }
  }
  settings.interface = checked_text(reader, "interface", interface_problem);
  settings.dscp = reader.whole<std::uint8_t>("dscp", 0, 63);
  settings.ttl = reader.whole<std::uint8_t>("ttl", 1, 255);
  settings.rtt_buckets = read_buckets(reader);
  return settings;
}

Settings read_settings(const Reader& reader, std::optional<ProbeType> type) {
  Settings settings = read_settings(reader);
  if (type == ProbeType::kIcmp) read_icmp(reader, settings);
  if (type == ProbeType::kTcp) read_tcp(reader, settings);
  if (type == ProbeType::kDns) read_dns(reader, settings);
  if (type == ProbeType::kHttp) read_http(reader, settings);
  if (type == ProbeType::kTrace) read_trace(reader, settings);
  return settings;
}

void apply(const Settings& settings, probes::ProbeSpec& spec) {
  cover(settings.interval, spec.interval);
  cover(settings.timeout, spec.timeout);
  cover(settings.source, spec.source);
  cover(settings.interface, spec.interface);
  cover(settings.dscp, spec.dscp);
  cover(settings.ttl, spec.ttl);
  cover(settings.flows, spec.flows);
  cover(settings.rtt_buckets, spec.rtt_buckets);
  std::visit([&settings](auto& ask) { cover_ask(settings, ask); }, spec.ask);
}

void apply_to_all(const Settings& settings, probes::ProbeSpec& spec) {
  const bool is_trace = std::holds_alternative<probes::TraceSpec>(spec.ask);
  if (!is_trace && !std::holds_alternative<probes::HttpSpec>(spec.ask)) {
    apply(settings, spec);
    return;
  }
  cover(settings.source, spec.source);
  cover(settings.interface, spec.interface);
  cover(settings.dscp, spec.dscp);
  if (is_trace) return;  // it sets the TTL itself, and has no round trips
  cover(settings.ttl, spec.ttl);
  cover(settings.rtt_buckets, spec.rtt_buckets);
}

}  // namespace blipd::config
