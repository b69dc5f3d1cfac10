// The way back from a Configuration to YAML. Everything is written out, so nothing is left to inherit.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/detect_settings.hpp"
#include "config/load.hpp"
#include "config/size.hpp"
#include "probes/base/text.hpp"

namespace blipd::config {

namespace {

using Out = std::back_insert_iterator<std::string>;

// Plain where YAML cannot mistake it for anything else, otherwise in double quotes (YAML 1.2, 7.3.1).
std::string scalar(std::string_view text) {
  const auto is_plain_character = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-' || c == '/';
  };
  const bool is_plain = !text.empty() && text.front() != '-' && text.front() != '.' &&
                        std::ranges::all_of(text, is_plain_character) && text != "null" && text != "Null" &&
                        text != "NULL";
  if (is_plain) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string list(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  for (const std::string& text : texts) items.push_back(scalar(text));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

void write_ask(const probes::IcmpSpec& spec, Out out) {
  fmt::format_to(out, "    type: icmp\n    size: {}\n    dont_fragment: {}\n", spec.size, spec.dont_fragment);
}

void write_ask(const probes::TcpSpec& spec, Out out) {
  fmt::format_to(out, "    type: tcp\n    port: {}\n    mode: {}\n", spec.port,
                 spec.mode == probes::TcpMode::kSyn ? "syn" : "connect");
}

void write_ask(const probes::DnsSpec& spec, Out out) {
  fmt::format_to(out,
                 "    type: dns\n    query: {}\n    record: {}\n    transport: {}\n    port: {}\n"
                 "    recursion_desired: {}\n    nsid: {}\n    edns_size: {}\n    expect:\n",
                 scalar(spec.query), scalar(spec.record), spec.transport == probes::DnsTransport::kUdp ? "udp" : "tcp",
                 spec.port, spec.recursion_desired, spec.nsid, spec.edns_size);
  fmt::format_to(out, "      rcodes: {}\n      answer_matches: {}\n      answer_mismatches: {}\n",
                 list(spec.expect.rcodes), list(spec.expect.answer_matches), list(spec.expect.answer_mismatches));
}

void write_ask(const probes::HttpSpec& spec, Out out) {
  fmt::format_to(out,
                 "    type: http\n    method: {}\n    tls: {}\n    port: {}\n    path: {}\n    redirects: {}\n"
                 "    body_limit: {}\n    user_agent: {}\n",
                 spec.method == probes::HttpMethod::kGet ? "GET" : "HEAD", spec.tls, spec.port, scalar(spec.path),
                 spec.redirects, format_size(spec.body_limit), scalar(spec.user_agent));
  if (!spec.host.empty()) fmt::format_to(out, "    host: {}\n", scalar(spec.host));
  const probes::HttpExpectations& expect = spec.expect;
  fmt::format_to(out,
                 "    expect:\n      status: {}\n      body_matches: {}\n      body_mismatches: {}\n"
                 "      certificate_days: {}\n      verify: {}\n",
                 list(expect.statuses), list(expect.body_matches), list(expect.body_mismatches),
                 expect.certificate_days, expect.verify);
  if (!expect.body_sha256.empty()) fmt::format_to(out, "      body_sha256: {}\n", scalar(expect.body_sha256));
  if (!expect.ca_file.empty()) fmt::format_to(out, "      ca_file: {}\n", scalar(expect.ca_file));
}

void write_ask(const probes::TraceSpec& spec, Out out) {
  fmt::format_to(out, "    type: trace\n    method: {}\n    max_hops: {}\n    attempts: {}\n",
                 probes::kTraceMethodNames[static_cast<std::size_t>(spec.method)], spec.max_hops, spec.attempts);
  if (spec.port != 0) fmt::format_to(out, "    port: {}\n", spec.port);
}

void write_probe(const std::string& name, const probes::ProbeSpec& spec, Out out) {
  fmt::format_to(out, "  {}:\n", scalar(name));
  std::visit([out](const auto& ask) { write_ask(ask, out); }, spec.ask);
  fmt::format_to(out, "    interval: {}\n    timeout: {}\n", base::format_duration(spec.interval),
                 base::format_duration(spec.timeout));
  if (spec.source) fmt::format_to(out, "    source: {}\n", scalar(spec.source->to_string()));
  if (!spec.interface.empty()) fmt::format_to(out, "    interface: {}\n", scalar(spec.interface));
  fmt::format_to(out, "    dscp: {}\n", spec.dscp);
  if (std::holds_alternative<probes::TraceSpec>(spec.ask)) return;
  std::vector<std::string> buckets;
  for (const double bound : spec.rtt_buckets) buckets.push_back(base::format_duration(base::from_seconds(bound)));
  fmt::format_to(out, "    ttl: {}\n    rtt_buckets: {}\n", spec.ttl, list(buckets));
  if (spec.flows > 0) fmt::format_to(out, "    flows: {}\n", spec.flows);
}

// The distinct ways of asking, each under a name of its own: two that share the name of their channels
// (because some level changed a setting for its targets) become `ping` and `ping-2`.
class ProbeNames {
 public:
  explicit ProbeNames(const Configuration& configuration) {
    for (const Control& control : configuration.controls) add(control.target);
    for (const Country& country : configuration.countries) {
      for (const Network& network : country.networks) {
        for (const Target& target : network.targets) add(target);
      }
    }
    // Names that channels carry come first, so that none of the made-up ones takes one of theirs.
    for (Entry& entry : entries_) taken_.insert(entry.spec->name);
    std::set<std::string> used;
    for (Entry& entry : entries_) {
      entry.name = entry.spec->name;
      for (int i = 2; used.contains(entry.name) || (entry.name != entry.spec->name && taken_.contains(entry.name));
           ++i) {
        entry.name = fmt::format("{}-{}", entry.spec->name, i);
      }
      used.insert(entry.name);
    }
  }

  void write(Out out) const {
    for (const Entry& entry : entries_) write_probe(entry.name, *entry.spec, out);
  }

  // One item of a target's list.
  std::string use(const probes::ProbeSpec& spec) const {
    const std::string& name = find(spec)->name;
    if (name == spec.name) return scalar(name);
    return fmt::format("{{use: {}, name: {}}}", scalar(name), scalar(spec.name));
  }

 private:
  struct Entry {
    const probes::ProbeSpec* spec;
    std::string name;
  };

  // Few ways of asking are shared by many targets, so a search from the front is quick.
  std::vector<Entry>::const_iterator find(const probes::ProbeSpec& spec) const {
    return std::ranges::find_if(entries_, [&spec](const Entry& entry) { return *entry.spec == spec; });
  }

  void add(const Target& target) {
    for (const Ways* ways : {&target.probes, &target.traces}) {
      for (const probes::ProbeSpec& spec : *ways) {
        if (find(spec) == entries_.end()) entries_.push_back({&spec, {}});
      }
    }
  }

  std::vector<Entry> entries_;
  std::set<std::string> taken_;
};

std::string target_fields(const Target& target, const ProbeNames& names) {
  std::vector<std::string> uses;
  for (const Ways* ways : {&target.probes, &target.traces}) {
    for (const probes::ProbeSpec& spec : *ways) uses.push_back(names.use(spec));
  }
  return fmt::format("name: {}, host: {}, probes: [{}]", scalar(target.name), scalar(target.host),
                     fmt::join(uses, ", "));
}

void write_network(const Network& network, const ProbeNames& names, Out out) {
  fmt::format_to(out, "      - name: {}\n", scalar(network.name));
  if (network.asn) fmt::format_to(out, "        asn: {}\n", *network.asn);
  fmt::format_to(out, "        access: {}\n        upstream: {}\n        weight: {}\n        targets:\n",
                 scalar(network.access), scalar(network.upstream), network.weight);
  for (const Target& target : network.targets)
    fmt::format_to(out, "          - {{{}}}\n", target_fields(target, names));
  if (network.targets.empty()) fmt::format_to(out, "          []\n");
}

void write_rest(const Configuration& configuration, Out out) {
  const Budget& budget = configuration.budget;
  std::vector<std::string> refused;
  for (const base::Prefix& prefix : budget.do_not_probe) refused.push_back(prefix.to_string());
  fmt::format_to(out, "budget:\n  total_rate: {}\n  prefix_rate: {}\n  do_not_probe: {}\n", budget.total_rate,
                 budget.prefix_rate, list(refused));
  fmt::format_to(out, "detect:\n{}", dump_detect(configuration.detect));
  const Engine& engine = configuration.engine;
  fmt::format_to(out, "engine:\n  late_window: {}\n  max_lag: {}\n  ask_at_once: {}\n  shards: {}\n",
                 base::format_duration(engine.late_window), base::format_duration(engine.max_lag), engine.ask_at_once,
                 engine.shards);
  const Evidence& evidence = configuration.evidence;
  fmt::format_to(out, "evidence:\n  packets: {}\n  directory: {}\n  keep: {}\n  most: {}\n",
                 format_size(evidence.packets_bytes), evidence.directory.empty() ? "none" : scalar(evidence.directory),
                 base::format_duration(evidence.keep), format_size(evidence.most_bytes));
  if (!evidence.as_table.empty()) fmt::format_to(out, "  as_table: {}\n", scalar(evidence.as_table));
  fmt::format_to(out, "listen: {}\nweb:\n", scalar(configuration.listen));
  if (!configuration.web.config_file.empty()) {
    fmt::format_to(out, "  config_file: {}\n", scalar(configuration.web.config_file));
  }
  fmt::format_to(out, "  reload: {}\njournal: {}\nretention: {}\n", configuration.web.reload,
                 configuration.journal.empty() ? "none" : scalar(configuration.journal),
                 base::format_duration(configuration.retention));
  if (!configuration.record.empty()) fmt::format_to(out, "record: {}\n", scalar(configuration.record));
  fmt::format_to(out, "log:\n  level: {}\n", scalar(configuration.log_level));
}

}  // namespace

std::string dump(const Configuration& configuration) {
  std::string text;
  const Out out(text);
  const ProbeNames names(configuration);
  fmt::format_to(out, "vantage:\n  name: {}\n", scalar(configuration.vantage_name));
  if (!configuration.controls.empty()) fmt::format_to(out, "  controls:\n");
  for (const Control& control : configuration.controls) {
    fmt::format_to(out, "    - {{{}, network: {}", target_fields(control.target, names), scalar(control.network));
    if (!control.upstream.empty()) fmt::format_to(out, ", upstream: {}", scalar(control.upstream));
    fmt::format_to(out, "}}\n");
  }
  fmt::format_to(out, "probes:\n");
  names.write(out);
  fmt::format_to(out, "countries:\n");
  for (const Country& country : configuration.countries) {
    fmt::format_to(out, "  - code: {}\n    name: {}\n    networks:\n", scalar(country.code), scalar(country.name));
    for (const Network& network : country.networks) write_network(network, names, out);
  }
  write_rest(configuration, out);
  return text;
}

}  // namespace blipd::config
