#include "daemon/engine/system_lookup.hpp"

#include <fmt/format.h>
#include <ldns/ldns.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

#include "daemon/engine/name_server.hpp"
#include "probes/dns_expectation.hpp"

namespace blipd::engine {

namespace {

// resolv.conf(5): more name servers or search domains than these are not used.
constexpr std::size_t kMaxServers = 3, kMaxSearch = 6;
constexpr int kRounds = 2;
// The hosts file has no TTL; it is read again this often.
constexpr base::Duration kHostsLife = std::chrono::minutes(1);

std::string comparable(std::string_view name) {
  std::string text(name);
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (text.size() > 1 && text.back() == '.') text.pop_back();
  return text;
}

std::vector<base::Address> addresses_in_hosts(const std::string& file, const std::string& name) {
  std::vector<base::Address> addresses;
  const std::string wanted = comparable(name);
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line.substr(0, line.find('#')));
    std::string field;
    if (!(fields >> field)) continue;
    const auto address = base::Address::parse(field);
    while (address && fields >> field) {
      if (comparable(field) == wanted) addresses.push_back(*address);
    }
  }
  return addresses;
}

struct ResolvConf {
  std::vector<NameServer> servers;
  std::vector<std::string> search;
};

base::Expected<ResolvConf> read_resolv_conf(const SystemLookupOptions& options) {
  ldns_resolver* made = nullptr;
  const ldns_status status = ldns_resolver_new_frm_file(&made, options.resolv_conf.c_str());
  const std::unique_ptr<ldns_resolver, decltype(&ldns_resolver_deep_free)> resolver(made, &ldns_resolver_deep_free);
  if (status != LDNS_STATUS_OK || !resolver) {
    return base::fail("cannot read {}: {}; it names the servers that resolve names", options.resolv_conf,
                      ldns_get_errorstr_by_id(status));
  }
  ResolvConf conf;
  ldns_rdf** const servers = ldns_resolver_nameservers(resolver.get());
  for (std::size_t i = 0; i < std::min(ldns_resolver_nameserver_count(resolver.get()), kMaxServers); ++i) {
    const auto bytes = std::as_bytes(std::span(ldns_rdf_data(servers[i]), ldns_rdf_size(servers[i])));
    if (bytes.size() == 4) conf.servers.push_back({base::Address::v4(bytes.first<4>()), options.port});
    if (bytes.size() == 16) conf.servers.push_back({base::Address::v6(bytes.first<16>()), options.port});
  }
  ldns_rdf** const domains = ldns_resolver_searchlist(resolver.get());
  for (std::size_t i = 0; i < std::min(ldns_resolver_searchlist_count(resolver.get()), kMaxSearch); ++i) {
    const std::unique_ptr<char, decltype(&std::free)> text(ldns_rdf2str(domains[i]), &std::free);
    if (text) conf.search.emplace_back(text.get());
  }
  if (conf.servers.empty()) return base::fail("{} names no server that resolves names", options.resolv_conf);
  return conf;
}

std::vector<std::string> candidates(const std::string& name, const ResolvConf& conf) {
  std::vector<std::string> names;
  if (name.find('.') == std::string::npos) {
    for (const std::string& domain : conf.search) {
      names.push_back(domain == "." ? name : fmt::format("{}.{}", name, domain));
    }
  }
  names.push_back(name);
  return names;
}

// From the first server that gives a usable answer. NXDOMAIN is one.
base::Expected<ServerAnswer> ask_servers(const ResolvConf& conf, const std::string& name, const char* type,
                                         base::Duration patience, const std::stop_token& stop) {
  constexpr std::uint8_t kNoError = 0, kNxDomain = 3;
  probes::DnsSpec spec;
  spec.query = name;
  spec.record = type;
  spec.recursion_desired = true;
  spec.edns_size = 0;
  const auto query = probes::DnsQuery::make(spec);
  if (!query) return tl::unexpected(query.error());
  base::Error last{"no name server answers"};
  for (int round = 0; round < kRounds; ++round) {
    for (const NameServer& server : conf.servers) {
      if (stop.stop_requested()) return base::fail("looking up {} was called off", name);
      auto answer = ask_name_server(server, *query, patience * (round + 1), stop);
      if (answer && (answer->rcode == kNoError || answer->rcode == kNxDomain)) return answer;
      last.text = answer ? fmt::format("name server {} cannot resolve it ({})", server.address.to_string(),
                                       probes::rcode_name(answer->rcode))
                         : answer.error().text;
    }
  }
  return tl::unexpected(last);
}

base::Expected<Lookup> ask_both_families(const ResolvConf& conf, const std::string& name, base::Duration patience,
                                         const std::stop_token& stop) {
  const auto v4 = ask_servers(conf, name, "A", patience, stop);
  const auto v6 = ask_servers(conf, name, "AAAA", patience, stop);
  Lookup lookup;
  lookup.ttl = NameBook::kLongestLife;
  for (const auto* answer : {&v4, &v6}) {
    if (!*answer || (*answer)->found.addresses.empty()) continue;
    const auto& found = (*answer)->found;
    lookup.addresses.insert(lookup.addresses.end(), found.addresses.begin(), found.addresses.end());
    lookup.ttl = std::min(lookup.ttl, found.ttl);
  }
  if (lookup.addresses.empty()) {
    if (!v4) return tl::unexpected(v4.error());
    if (!v6) return tl::unexpected(v6.error());
    return base::fail("{} has no address; check the name", name);
  }
  if (!v4) lookup.failed_family = base::Family::kIpv4;
  if (!v6) lookup.failed_family = base::Family::kIpv6;
  return lookup;
}

}  // namespace

LookupFunction system_lookup(SystemLookupOptions options) {
  return
      [options = std::move(options)](const std::string& name, const std::stop_token& stop) -> base::Expected<Lookup> {
        auto local = addresses_in_hosts(options.hosts_file, name);
        if (!local.empty()) return Lookup{std::move(local), kHostsLife, std::nullopt};
        const auto conf = read_resolv_conf(options);
        if (!conf) return tl::unexpected(conf.error());
        base::Expected<Lookup> last = base::fail("{} has no address; check the name", name);
        for (const std::string& candidate : candidates(name, *conf)) {
          last = ask_both_families(*conf, candidate, options.first_patience, stop);
          if (last) break;
        }
        return last;
      };
}

}  // namespace blipd::engine
