#include "tests/lab/dns_server.hpp"

#include <fmt/format.h>
#include <ldns/ldns.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace blipd::lab {

namespace {

// Bounds the memory that a sweep over random names can take.
constexpr std::size_t kMaxRemembered = 4096;

struct Free {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
  void operator()(ldns_rr* record) const { ldns_rr_free(record); }
  void operator()(ldns_rdf* name) const { ldns_rdf_deep_free(name); }
  void operator()(uint8_t* bytes) const { std::free(bytes); }  // NOLINT(cppcoreguidelines-no-malloc): ldns' own
};
using PacketPtr = std::unique_ptr<ldns_pkt, Free>;
using RecordPtr = std::unique_ptr<ldns_rr, Free>;
using NamePtr = std::unique_ptr<ldns_rdf, Free>;

struct LoadedZone {
  NamePtr origin;
  std::vector<RecordPtr> records;
};

bool is_within(const ldns_rdf* name, const ldns_rdf* origin) {
  return ldns_dname_compare(name, origin) == 0 || ldns_dname_is_subdomain(name, origin);
}

// Something else of the same type, as an interfering party would say it.
void alter(ldns_rr* record) {
  const std::size_t last = ldns_rr_rd_count(record);
  if (last == 0) return;
  // The serial of a SOA, otherwise the last field: an address's or a text's last byte.
  ldns_rdf* field = ldns_rr_rdf(record, ldns_rr_get_type(record) == LDNS_RR_TYPE_SOA ? 2 : last - 1);
  if (ldns_rdf_size(field) > 0) ldns_rdf_data(field)[ldns_rdf_size(field) - 1] ^= 1U;
}

bool asks_nsid(ldns_pkt* query) {
  const ldns_edns_option_list* options = ldns_pkt_edns_get_option_list(query);
  if (options == nullptr) return false;
  for (std::size_t i = 0; i < ldns_edns_option_list_get_count(options); ++i) {
    if (ldns_edns_get_code(ldns_edns_option_list_get_option(options, i)) == LDNS_EDNS_NSID) return true;
  }
  return false;
}

void copy_edns(ldns_pkt* query, ldns_pkt* reply, std::string_view nsid) {
  if (!ldns_pkt_edns(query)) return;
  ldns_pkt_set_edns_udp_size(reply, 1232);
  ldns_pkt_set_edns_do(reply, ldns_pkt_edns_do(query));
  if (!asks_nsid(query)) return;
  ldns_edns_option_list* options = ldns_edns_option_list_new();
  ldns_edns_option* option = ldns_edns_new_from_data(LDNS_EDNS_NSID, nsid.size(), nsid.data());
  ldns_edns_option_list_push(options, option);
  ldns_pkt_set_edns_option_list(reply, options);
}

}  // namespace

struct DnsServer::Zones {
  std::vector<LoadedZone> all;

  const LoadedZone* find(const ldns_rdf* name) const {
    const LoadedZone* best = nullptr;
    for (const LoadedZone& zone : all) {
      if (!is_within(name, zone.origin.get())) continue;
      if (best == nullptr || ldns_dname_label_count(zone.origin.get()) > ldns_dname_label_count(best->origin.get())) {
        best = &zone;
      }
    }
    return best;
  }

  // Fills answer and authority sections and returns the response code.
  ldns_pkt_rcode fill(ldns_pkt* reply, const ldns_rr* question, Truth truth) const;
  std::vector<std::byte> answer(base::Bytes query, std::string_view nsid, Truth truth) const;
};

ldns_pkt_rcode DnsServer::Zones::fill(ldns_pkt* reply, const ldns_rr* question, Truth truth) const {
  const ldns_rdf* name = ldns_rr_owner(question);
  const LoadedZone* zone = find(name);
  if (zone == nullptr) return LDNS_RCODE_REFUSED;
  ldns_pkt_set_aa(reply, true);
  bool exists = ldns_dname_compare(name, zone->origin.get()) == 0;
  const ldns_rr* soa = nullptr;
  for (const RecordPtr& record : zone->records) {
    const ldns_rr_type type = ldns_rr_get_type(record.get());
    const ldns_rdf* owner = ldns_rr_owner(record.get());
    if (type == LDNS_RR_TYPE_SOA) soa = record.get();
    // A name with names below it exists without records of its own (RFC 4592, 2.2.2).
    exists = exists || is_within(owner, name);
    const bool is_wanted = type == ldns_rr_get_type(question) || type == LDNS_RR_TYPE_CNAME ||
                           ldns_rr_get_type(question) == LDNS_RR_TYPE_ANY;
    if (!is_wanted || ldns_dname_compare(owner, name) != 0) continue;
    ldns_rr* copy = ldns_rr_clone(record.get());
    if (truth == Truth::kDiffering) alter(copy);
    ldns_pkt_push_rr(reply, LDNS_SECTION_ANSWER, copy);
  }
  if (ldns_pkt_ancount(reply) == 0 && soa != nullptr) {
    ldns_pkt_push_rr(reply, LDNS_SECTION_AUTHORITY, ldns_rr_clone(soa));
  }
  return exists ? LDNS_RCODE_NOERROR : LDNS_RCODE_NXDOMAIN;
}

std::vector<std::byte> DnsServer::Zones::answer(base::Bytes query, std::string_view nsid, Truth truth) const {
  ldns_pkt* parsed = nullptr;
  const auto* wire = reinterpret_cast<const uint8_t*>(query.data());
  if (ldns_wire2pkt(&parsed, wire, query.size()) != LDNS_STATUS_OK) return {};
  const PacketPtr request(parsed);
  if (ldns_pkt_qr(parsed) || ldns_pkt_qdcount(parsed) != 1) return {};
  const ldns_rr* question = ldns_rr_list_rr(ldns_pkt_question(parsed), 0);

  const PacketPtr reply(ldns_pkt_new());
  ldns_pkt_set_id(reply.get(), ldns_pkt_id(parsed));
  ldns_pkt_set_qr(reply.get(), true);
  ldns_pkt_set_rd(reply.get(), ldns_pkt_rd(parsed));
  ldns_pkt_push_rr(reply.get(), LDNS_SECTION_QUESTION, ldns_rr_clone(question));
  ldns_pkt_rcode rcode = LDNS_RCODE_NOTIMPL;
  if (ldns_pkt_get_opcode(parsed) == LDNS_PACKET_QUERY) rcode = fill(reply.get(), question, truth);
  if (truth == Truth::kDiffering && ldns_pkt_ancount(reply.get()) == 0) rcode = LDNS_RCODE_SERVFAIL;
  ldns_pkt_set_rcode(reply.get(), static_cast<uint8_t>(rcode));
  copy_edns(parsed, reply.get(), nsid);

  uint8_t* out = nullptr;
  std::size_t size = 0;
  if (ldns_pkt2wire(&out, reply.get(), &size) != LDNS_STATUS_OK) return {};
  const std::unique_ptr<uint8_t, Free> owner(out);
  const auto* bytes = reinterpret_cast<const std::byte*>(out);
  return {bytes, bytes + size};
}

DnsServer::DnsServer(std::unique_ptr<Zones> zones) : zones_(std::move(zones)) {}
DnsServer::DnsServer(DnsServer&&) noexcept = default;
DnsServer& DnsServer::operator=(DnsServer&&) noexcept = default;
DnsServer::~DnsServer() = default;

base::Expected<DnsServer> DnsServer::make(const simulate::Scenario& scenario) {
  auto zones = std::make_unique<Zones>();
  for (const simulate::Zone& zone : scenario.zones) {
    LoadedZone loaded;
    loaded.origin.reset(ldns_dname_new_frm_str(zone.origin.c_str()));
    if (!loaded.origin) return base::fail("{}: zone '{}': not a domain name", scenario.file, zone.origin);
    for (const simulate::ZoneRecord& record : zone.records) {
      ldns_rr* made = nullptr;
      const ldns_status status = ldns_rr_new_frm_str(&made, record.text.c_str(), 300, loaded.origin.get(), nullptr);
      if (status != LDNS_STATUS_OK) {
        return base::fail("{}:{}: record '{}': {}; write it as in a zone file", scenario.file, record.line, record.text,
                          ldns_get_errorstr_by_id(status));
      }
      loaded.records.emplace_back(made);
      if (!is_within(ldns_rr_owner(made), loaded.origin.get())) {
        return base::fail("{}:{}: record '{}' lies outside zone '{}'; move it to its own", scenario.file, record.line,
                          record.text, zone.origin);
      }
    }
    zones->all.push_back(std::move(loaded));
  }
  return DnsServer(std::move(zones));
}

base::Bytes DnsServer::answer(base::Bytes query, std::string_view nsid, Truth truth) {
  if (query.size() < 12) return {};
  std::string key = fmt::format("{}\n{}\n", nsid, truth == Truth::kPlain ? '=' : '!');
  key.append(reinterpret_cast<const char*>(query.data()) + 2, query.size() - 2);
  auto found = remembered_.find(key);
  if (found == remembered_.end()) {
    if (remembered_.size() >= kMaxRemembered) remembered_.clear();
    found = remembered_.emplace(std::move(key), zones_->answer(query, nsid, truth)).first;
  }
  answer_ = found->second;
  if (answer_.size() < 12) return {};
  std::ranges::copy(query.first(2), answer_.begin());
  return answer_;
}

}  // namespace blipd::lab
