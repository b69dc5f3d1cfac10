#include "config/probe_book.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "config/names.hpp"

namespace blipd::config {

namespace {

constexpr std::string_view kBuiltIn = "ping";

constexpr auto kTypes = std::to_array<std::pair<std::string_view, ProbeType>>({{"icmp", ProbeType::kIcmp},
                                                                               {"tcp", ProbeType::kTcp},
                                                                               {"dns", ProbeType::kDns},
                                                                               {"http", ProbeType::kHttp},
                                                                               {"trace", ProbeType::kTrace}});

// The keys of a type; of all types where it is not known, so that one mistake is one fault.
std::array<Keys, 5> keys_of(std::optional<ProbeType> type) {
  if (!type) return {keys::kIcmp, keys::kTcp, keys::kDns, keys::kHttp, keys::kTrace};
  if (*type == ProbeType::kIcmp) return {keys::kIcmp};
  if (*type == ProbeType::kTcp) return {keys::kTcp};
  if (*type == ProbeType::kHttp) return {keys::kHttp};
  if (*type == ProbeType::kTrace) return {keys::kTrace};
  return {keys::kDns};
}

// Finds a word by hand, before it is known which keys the mapping may hold.
std::optional<std::string_view> peek(const Node& map, std::string_view key) {
  const auto found = std::ranges::find(map.keys, key, &Key::text);
  if (found == map.keys.end()) return std::nullopt;
  const Node& value = map.items[static_cast<std::size_t>(found - map.keys.begin())];
  if (value.kind != Node::Kind::kScalar) return std::nullopt;
  return std::string_view(value.text);
}

void set_type(probes::ProbeSpec& spec, ProbeType type) {
  if (type == ProbeType::kIcmp) spec.ask = probes::IcmpSpec{};
  if (type == ProbeType::kTcp) spec.ask = probes::TcpSpec{};
  if (type == ProbeType::kDns) spec.ask = probes::DnsSpec{};
  if (type == ProbeType::kHttp) {
    spec.ask = probes::HttpSpec{};
    spec.interval = kUsualHttpInterval;
    spec.timeout = kUsualHttpTimeout;
  }
  if (type != ProbeType::kTrace) return;
  spec.ask = probes::TraceSpec{};
  spec.interval = kUsualTraceInterval;
  spec.timeout = kUsualTraceTimeout;
}

// The port that is usually asked; by traces over UDP the first of traceroute's (1988), which nobody serves.
void complete_port(probes::ProbeSpec& spec) {
  if (auto* const http = std::get_if<probes::HttpSpec>(&spec.ask); http != nullptr && http->port == 0) {
    http->port = http->tls ? 443 : 80;
  }
  auto* const trace = std::get_if<probes::TraceSpec>(&spec.ask);
  if (trace == nullptr) return;
  if (trace->method == probes::TraceMethod::kIcmp) trace->port = 0;
  if (trace->port != 0 || trace->method == probes::TraceMethod::kIcmp) return;
  trace->port = trace->method == probes::TraceMethod::kUdp ? 33434 : 80;
}

// A use may cover what the probe says: flows are those of whoever has any.
void complete_flows(probes::ProbeSpec& spec) {
  const auto* const tcp = std::get_if<probes::TcpSpec>(&spec.ask);
  const auto* const dns = std::get_if<probes::DnsSpec>(&spec.ask);
  const bool is_of_kernel = (tcp != nullptr && tcp->mode == probes::TcpMode::kConnect) ||
                            (dns != nullptr && dns->transport == probes::DnsTransport::kTcp);
  if (is_of_kernel) spec.flows = 0;
  if (auto* const icmp = std::get_if<probes::IcmpSpec>(&spec.ask); icmp != nullptr && spec.flows > 0) {
    icmp->size = std::max(icmp->size, probes::IcmpSpec::kMinSizeInFlow);
  }
}

// Two channels of one name could not be told apart.
void add_use(ProbeList& list, ProbeUse use, Place place, const Path& path, Faults& faults) {
  if (std::ranges::find(list.uses, use.name, &ProbeUse::name) == list.uses.end()) {
    list.uses.push_back(std::move(use));
    return;
  }
  faults.fault(place, path,
               fmt::format("probe {} stands twice in this list; remove one, or name it with {{use: {}, name: …}}",
                           cited(use.name), use.probe));
}

}  // namespace

ProbeBook::ProbeBook(const Reader& top) {
  read_named(top);
  if (!named_.contains(kBuiltIn)) named_.emplace(kBuiltIn, Named{ProbeType::kIcmp, {}, {}, true});
  default_list_.uses.push_back({std::string(kBuiltIn), std::string(kBuiltIn), {}});
  if (const Node* node = top.map("defaults")) {
    const Reader reader(*node, top.path().child("defaults"), top.faults(), {keys::kDefaults, keys::kSettings});
    defaults_ = read_settings(reader);
    if (auto list = read_list(reader, ProbeList::Level::kDefaults)) default_list_ = std::move(*list);
  }
}

void ProbeBook::read_named(const Reader& top) {
  const Node* probes = top.map("probes");
  if (!probes) return;
  const Path path = top.path().child("probes");
  for (std::size_t i = 0; i < probes->keys.size(); ++i) {
    const Key& key = probes->keys[i];
    const Path here = path.child(key.text);
    if (auto problem = name_problem(key.text)) {
      top.faults().fault(key.place, here, std::move(*problem));
      continue;
    }
    const auto [probe, is_new] = named_.try_emplace(key.text, Named{{}, {}, key.place, false});
    if (is_new) {
      read_probe(probe->second, probes->items[i], here, top.faults());
    } else {
      top.faults().fault(key.place, here,
                         fmt::format("given twice, first on line {}; keep one", probe->second.place.line));
    }
  }
}

void ProbeBook::read_probe(Named& probe, const Node& node, const Path& path, Faults& faults) {
  std::optional<ProbeType> known;
  if (const auto word = peek(node, "type")) {
    const auto found = std::ranges::find(kTypes, *word, &std::pair<std::string_view, ProbeType>::first);
    if (found != kTypes.end()) known = found->second;
  }
  const auto of_type = keys_of(known);
  const Reader reader(node, path, faults,
                      {keys::kProbe, keys::kSettings, of_type[0], of_type[1], of_type[2], of_type[3], of_type[4]});
  if (node.kind != Node::Kind::kMap) return;
  if (!reader.has("type")) {
    faults.fault(node.place, path,
                 "no type; add 'type: icmp', 'type: tcp', 'type: dns', 'type: http' or 'type: trace'");
  }
  probe.type = reader.choice<ProbeType>("type", kTypes);
  probe.settings = read_settings(reader, probe.type);
  if (probe.type == ProbeType::kTcp && !reader.has("port")) {
    faults.fault(node.place, path, "a tcp probe without a port; add one, such as 'port: 80'");
  }
  if (probe.type == ProbeType::kDns && !reader.has("query")) {
    faults.fault(node.place, path,
                 "a dns probe without a query; add the name to ask for, such as 'query: example.net'");
  }
  // A redirect may lead to TLS.
  const auto& http = probe.settings;
  const bool may_be_tls = http.tls.value_or(false) || http.redirects.value_or(0) > 0;
  if (http.http_expect && http.http_expect->certificate_days > 0 && !may_be_tls) {
    reader.fault("expect", "a certificate is expected, but not asked for; add 'tls: true', or remove certificate_days");
  }
}

ProbeBook::Named* ProbeBook::find(const std::string& name, Place place, const Path& path, Faults& faults) {
  const auto found = named_.find(name);
  if (found != named_.end()) {
    found->second.is_used = true;
    return &found->second;
  }
  std::vector<std::string_view> names;
  for (const auto& entry : named_) names.push_back(entry.first);
  faults.fault(place, path, fmt::format("unknown probe {}{}", cited(name), meant(name, names)));
  return nullptr;
}

std::optional<ProbeUse> ProbeBook::read_use(const Node& node, const Path& path, Faults& faults) {
  if (node.kind == Node::Kind::kMap) return read_changed_use(node, path, faults);
  if (node.kind != Node::Kind::kScalar) {
    faults.fault(node.place, path, "neither a probe's name nor a mapping; write 'ping' or '{use: ping, interval: 1s}'");
    return std::nullopt;
  }
  if (!find(node.text, node.place, path, faults)) return std::nullopt;
  return ProbeUse{node.text, node.text, {}};
}

std::optional<ProbeUse> ProbeBook::read_changed_use(const Node& node, const Path& path, Faults& faults) {
  const auto word = peek(node, "use");
  const auto found = word ? named_.find(*word) : named_.end();
  const auto type = found == named_.end() ? std::nullopt : found->second.type;
  const auto of_type = keys_of(type);
  const Reader reader(node, path, faults,
                      {keys::kUse, keys::kSettings, of_type[0], of_type[1], of_type[2], of_type[3], of_type[4]});
  if (!reader.has("use")) {
    faults.fault(node.place, path, "no probe; add 'use:' with the name of one");
    return std::nullopt;
  }
  const auto probe = reader.text("use");
  if (!probe || !find(*probe, reader.place("use"), path.child("use"), faults)) return std::nullopt;
  ProbeUse use{*probe, *probe, read_settings(reader, type)};
  if (const auto name = reader.text("name")) {
    if (auto problem = name_problem(*name)) reader.fault("name", std::move(*problem));
    use.name = *name;
  }
  return use;
}

std::optional<ProbeList> ProbeBook::read_list(const Reader& reader, ProbeList::Level level) {
  const Node* node = reader.list("probes");
  if (!node) return std::nullopt;
  if (node->items.empty()) reader.fault("probes", "an empty list; name at least one probe or leave the key out");
  ProbeList list{level, {}};
  const Path path = reader.path().child("probes");
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    const Path here = path.item(i);
    if (auto use = read_use(node->items[i], here, reader.faults())) {
      add_use(list, std::move(*use), node->items[i].place, here, reader.faults());
    }
  }
  return list;
}

ProbeList ProbeBook::list_of(const std::vector<std::string>& names, Place place, const Path& path, Faults& faults) {
  ProbeList list{ProbeList::Level::kTarget, {}};
  for (const std::string& name : names) {
    if (find(name, place, path, faults)) add_use(list, {name, name, {}}, place, path, faults);
  }
  return list;
}

std::vector<probes::ProbeSpec> ProbeBook::specs(const Settings* network, const Settings* target,
                                                const ProbeList* list) const {
  if (!list) list = &default_list_;
  std::vector<probes::ProbeSpec> specs;
  for (const ProbeUse& use : list->uses) {
    const auto found = named_.find(use.probe);
    if (found == named_.end() || !found->second.type) continue;
    probes::ProbeSpec spec;
    spec.name = use.name;
    spec.rtt_buckets = default_rtt_buckets();
    set_type(spec, *found->second.type);
    apply_to_all(defaults_, spec);
    apply(found->second.settings, spec);
    if (list->level == ProbeList::Level::kDefaults) apply(use.settings, spec);
    if (network) apply_to_all(*network, spec);
    if (list->level == ProbeList::Level::kNetwork) apply(use.settings, spec);
    if (target) apply_to_all(*target, spec);
    if (list->level == ProbeList::Level::kTarget) apply(use.settings, spec);
    complete_port(spec);
    complete_flows(spec);
    specs.push_back(std::move(spec));
  }
  return specs;
}

void ProbeBook::warn_of_unused(Faults& faults) const {
  const Path root;
  const Path path = root.child("probes");
  for (const auto& [name, probe] : named_) {
    if (probe.is_used || name == kBuiltIn) continue;  // the built-in list mentions that one
    faults.warn(probe.place, path.child(name), "no target uses this probe; name it in a list or remove it");
  }
}

}  // namespace blipd::config
