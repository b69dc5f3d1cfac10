#include "probes/dns_message.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "probes/base/siphash.hpp"
#include "probes/dns_ldns.hpp"

namespace blipd::probes {

namespace {

using detail::ldns_bytes;
using detail::LdnsOwner;

constexpr std::uint8_t kFormErr = 1, kServFail = 2, kNotImp = 4, kRefused = 5;

std::uint16_t u16_at(base::Bytes message, std::size_t at) { return base::ByteReader(message.subspan(at, 2)).u16(); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
std::byte lower(std::byte b) { return static_cast<std::byte>(lower(static_cast<char>(b))); }

LdnsOwner<ldns_rdf> to_dname(std::string_view name) {
  // Longer than any escaped form of a name: 255 bytes of four characters each.
  if (name.empty() || name.size() > 1020 || name.find('\0') != std::string_view::npos) return nullptr;
  ldns_rdf* dname = nullptr;
  if (ldns_str2rdf_dname(&dname, std::string(name).c_str()) != LDNS_STATUS_OK) return nullptr;
  return LdnsOwner<ldns_rdf>(dname);
}

using Record = LdnsOwner<ldns_rr>;

struct Sections {
  std::vector<Record> answers;
  std::vector<Record> authorities;
  std::vector<Record> additionals;
};

// Record by record and not by ldns_wire2pkt, which loses its memory of a TSIG record when a second one follows
// (1.8.3). A record takes up some of the message, so that the message bounds the loop.
std::optional<Sections> parse(base::Bytes message) {
  if (message.size() < kDnsHeaderLength) return std::nullopt;
  std::size_t at = kDnsHeaderLength;
  const auto read_section = [&](std::size_t count_at, ldns_pkt_section section, std::vector<Record>& records) {
    for (unsigned left = u16_at(message, count_at); left > 0; --left) {
      ldns_rr* rr = nullptr;
      if (ldns_wire2rr(&rr, ldns_bytes(message), message.size(), &at, section) != LDNS_STATUS_OK) return false;
      records.emplace_back(rr);
    }
    return true;
  };
  Sections sections;
  std::vector<Record> questions;
  const bool is_whole = read_section(4, LDNS_SECTION_QUESTION, questions) &&
                        read_section(6, LDNS_SECTION_ANSWER, sections.answers) &&
                        read_section(8, LDNS_SECTION_AUTHORITY, sections.authorities) &&
                        read_section(10, LDNS_SECTION_ADDITIONAL, sections.additionals);
  if (!is_whole) return std::nullopt;
  return sections;
}

// The record as a line of a zone file, its fields separated by single spaces. Tabs within data are escaped by
// libldns, so that those which are left are separators.
std::string presentation(const ldns_rr* rr, ldns_buffer* scratch) {
  ldns_buffer_clear(scratch);
  if (ldns_rr2buffer_str(scratch, rr) != LDNS_STATUS_OK) return {};
  const auto* text = reinterpret_cast<const char*>(ldns_buffer_begin(scratch));
  std::string line(text, std::min(ldns_buffer_position(scratch), kDnsJudgedCharacters));
  std::ranges::replace(line, '\t', ' ');
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  return line;
}

// A digest of the record in canonical form (RFC 4034, 6.2) with its TTL set to zero.
std::uint64_t digest(ldns_rr* rr, ldns_buffer* scratch) {
  ldns_rr_set_ttl(rr, 0);
  ldns_buffer_clear(scratch);
  if (ldns_rr2buffer_wire_canonical(scratch, rr, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK) return 0;
  return base::siphash24({}, std::as_bytes(std::span(ldns_buffer_begin(scratch), ldns_buffer_position(scratch))));
}

std::uint64_t digest(std::uint8_t rcode, std::vector<std::uint64_t>& records) {
  std::ranges::sort(records);
  records.push_back(rcode);
  return base::siphash24({}, std::as_bytes(std::span<const std::uint64_t>(records)));
}

std::optional<std::uint32_t> find_soa_serial(const std::vector<Record>& section) {
  constexpr std::size_t kSerialField = 2;  // RFC 1035, 3.3.13
  for (const Record& rr : section) {
    if (ldns_rr_get_type(rr.get()) != LDNS_RR_TYPE_SOA || ldns_rr_rd_count(rr.get()) <= kSerialField) continue;
    const ldns_rdf* serial = ldns_rr_rdf(rr.get(), kSerialField);
    if (ldns_rdf_get_type(serial) == LDNS_RDF_TYPE_INT32) return ldns_rdf2native_int32(serial);
  }
  return std::nullopt;
}

// As it is where it can be read, otherwise in hexadecimal: RFC 5001 gives it no meaning.
std::string printable(base::Bytes bytes) {
  constexpr std::size_t kShown = 128;
  bytes = bytes.first(std::min(bytes.size(), kShown));
  const bool is_text =
      std::ranges::all_of(bytes, [](std::byte b) { return b >= std::byte{0x20} && b < std::byte{0x7f}; });
  std::string text;
  for (const std::byte b : bytes) {
    if (is_text) {
      text.push_back(static_cast<char>(b));
    } else {
      text += fmt::format("{:02x}", std::to_integer<unsigned>(b));
    }
  }
  return text;
}

// Of the options of the first OPT record (RFC 6891, 6.1.2).
std::string find_nsid(const std::vector<Record>& additionals) {
  const auto opt = std::ranges::find_if(
      additionals, [](const Record& rr) { return ldns_rr_get_type(rr.get()) == LDNS_RR_TYPE_OPT; });
  if (opt == additionals.end() || ldns_rr_rd_count(opt->get()) == 0) return {};
  const ldns_rdf* options = ldns_rr_rdf(opt->get(), 0);
  base::ByteReader in(std::as_bytes(std::span(ldns_rdf_data(options), ldns_rdf_size(options))));
  while (in.remaining() >= 4) {
    const std::uint16_t code = in.u16();
    const base::Bytes value = in.take(in.u16());
    if (in.ok() && code == LDNS_EDNS_NSID) return printable(value);
  }
  return {};
}

DnsFacts facts_of_header(base::Bytes message) {
  DnsFacts facts;
  const std::uint16_t flags = u16_at(message, 2);
  facts.rcode = flags & 0x0fU;
  facts.authoritative = (flags & 0x0400U) != 0;
  facts.truncated = (flags & 0x0200U) != 0;
  facts.recursion_available = (flags & 0x0080U) != 0;
  facts.answers = u16_at(message, 6);
  facts.authorities = u16_at(message, 8);
  facts.additionals = u16_at(message, 10);
  return facts;
}

base::Expected<void> add_edns(ldns_pkt* packet, const DnsSpec& spec) {
  ldns_pkt_set_edns_udp_size(packet, spec.edns_size);
  if (!spec.nsid) return {};
  ldns_edns_option_list* options = ldns_edns_option_list_new();
  ldns_edns_option* nsid = ldns_edns_new_from_data(LDNS_EDNS_NSID, 0, nullptr);
  if (options == nullptr || nsid == nullptr || !ldns_edns_option_list_push(options, nsid)) {
    ldns_edns_deep_free(nsid);
    ldns_edns_option_list_deep_free(options);
    return base::fail("out of memory for a DNS query");
  }
  ldns_pkt_set_edns_option_list(packet, options);  // which now owns it
  return {};
}

}  // namespace

base::Expected<void> validate_query_name(std::string_view name) {
  if (name.empty()) return base::fail("a DNS query needs a name; '.' is the root");
  const bool is_plain = std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f; });
  if (!is_plain || !to_dname(name)) {
    return base::fail("'{}' is not a domain name; labels have 1 to 63 characters, the whole at most 255", name);
  }
  return {};
}

base::Expected<std::uint16_t> parse_record_type(std::string_view record) {
  std::string upper(record.substr(0, 64));
  std::ranges::transform(upper, upper.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  unsigned type = 0;
  if (upper.starts_with("TYPE")) {
    const char* end = upper.data() + upper.size();
    const auto [rest, error] = std::from_chars(upper.data() + 4, end, type);
    if (error != std::errc{} || rest != end || type > 65535) type = 0;
  } else if (!upper.empty() && upper.find('\0') == std::string::npos) {
    type = static_cast<unsigned>(ldns_get_rr_type_by_name(upper.c_str()));
  }
  if (type == 0)
    return base::fail("'{}' is not a DNS record type; write a mnemonic such as A or SOA, or TYPE123", record);
  switch (type) {
    case LDNS_RR_TYPE_OPT:
    case LDNS_RR_TYPE_TKEY:
    case LDNS_RR_TYPE_TSIG:
    case LDNS_RR_TYPE_IXFR:
    case LDNS_RR_TYPE_AXFR:
      return base::fail("{} cannot be asked for as a probe; ask for SOA, NS or A", record);
    default:
      return static_cast<std::uint16_t>(type);
  }
}

base::Expected<DnsQuery> DnsQuery::make(const DnsSpec& spec) {
  if (auto valid = validate_query_name(spec.query); !valid) return tl::unexpected(valid.error());
  const auto type = parse_record_type(spec.record);
  if (!type) return tl::unexpected(type.error());
  if (spec.edns_size != 0 && (spec.edns_size < 512 || spec.edns_size > kDnsMaxEdnsSize)) {
    return base::fail("an EDNS size of {} is out of range; use 0 (no EDNS) or 512 to {}", spec.edns_size,
                      kDnsMaxEdnsSize);
  }
  const std::uint16_t flags = spec.recursion_desired ? LDNS_RD : 0;
  // The packet takes the name over.
  const LdnsOwner<ldns_pkt> packet(
      ldns_pkt_query_new(to_dname(spec.query).release(), static_cast<ldns_rr_type>(*type), LDNS_RR_CLASS_IN, flags));
  if (!packet) return base::fail("out of memory for a DNS query");
  ldns_pkt_set_id(packet.get(), 0);
  if (spec.edns_size != 0) {
    if (auto added = add_edns(packet.get(), spec); !added) return tl::unexpected(added.error());
  }
  std::uint8_t* wire = nullptr;
  std::size_t size = 0;
  const ldns_status status = ldns_pkt2wire(&wire, packet.get(), &size);
  const LdnsOwner<std::uint8_t> owner(wire);
  if (status != LDNS_STATUS_OK || size <= kDnsHeaderLength || size > kDnsMaxQueryLength) {
    return base::fail("cannot encode a DNS query for '{}': {}", spec.query, ldns_get_errorstr_by_id(status));
  }
  DnsQuery query;
  const base::Bytes bytes = std::as_bytes(std::span(wire, size));
  query.message_.assign(bytes.begin(), bytes.end());
  // The name's length: its labels up to and with the empty one (RFC 1035, 3.1).
  std::size_t at = kDnsHeaderLength;
  while (at < bytes.size() && bytes[at] != std::byte{0}) at += 1 + std::to_integer<std::size_t>(bytes[at]);
  query.question_length_ = at + 1 + 4 - kDnsHeaderLength;
  if (kDnsHeaderLength + query.question_length_ > bytes.size()) {
    return base::fail("cannot encode a DNS query for '{}'", spec.query);
  }
  return query;
}

base::Bytes DnsQuery::write(base::MutableBytes out, std::uint16_t id) const {
  base::ByteWriter writer(out);
  writer.u16(id);
  writer.copy(base::Bytes(message_).subspan(2));
  return writer.ok() ? writer.written() : base::Bytes{};
}

DnsReading::Kind DnsQuery::match(base::Bytes message, std::uint16_t id) const {
  using Kind = DnsReading::Kind;
  if (message.size() < kDnsHeaderLength) return Kind::kMalformed;
  if (u16_at(message, 0) != id) return Kind::kOtherId;
  const std::uint16_t flags = u16_at(message, 2);
  const bool is_response = (flags & 0x8000U) != 0;
  const unsigned opcode = (flags >> 11U) & 0x0fU;
  if (!is_response) return Kind::kMalformed;
  if (opcode != LDNS_PACKET_QUERY) return Kind::kOtherQuestion;
  const std::uint16_t questions = u16_at(message, 4);
  if (questions == 0) {
    const unsigned rcode = flags & 0x0fU;
    const bool is_refusal = rcode == kFormErr || rcode == kServFail || rcode == kNotImp || rcode == kRefused;
    return is_refusal && u16_at(message, 6) == 0 ? Kind::kAnswer : Kind::kMalformed;
  }
  if (questions != 1) return Kind::kMalformed;  // RFC 9619
  const base::Bytes ours = base::Bytes(message_).subspan(kDnsHeaderLength, question_length_);
  const base::Bytes theirs = message.subspan(kDnsHeaderLength);
  const std::size_t name_length = question_length_ - 4;
  for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
    // Letter case means nothing in a name (RFC 4343), and a length byte (at most 63) is no letter.
    const bool is_equal = i < name_length ? lower(ours[i]) == lower(theirs[i]) : ours[i] == theirs[i];
    if (!is_equal) return Kind::kOtherQuestion;
  }
  return theirs.size() < ours.size() ? Kind::kMalformed : Kind::kAnswer;
}

DnsReading DnsQuery::read(base::Bytes message, std::uint16_t id) const {
  DnsReading reading;
  reading.kind = match(message, id);
  if (reading.kind != DnsReading::Kind::kAnswer) return reading;
  const std::optional<Sections> sections = parse(message);
  const LdnsOwner<ldns_buffer> scratch(ldns_buffer_new(512));
  if (!sections || !scratch) {
    reading.kind = DnsReading::Kind::kMalformed;
    return reading;
  }
  reading.facts = facts_of_header(message);
  reading.facts.soa_serial = find_soa_serial(sections->answers);
  if (!reading.facts.soa_serial) reading.facts.soa_serial = find_soa_serial(sections->authorities);
  reading.facts.nsid = find_nsid(sections->additionals);
  std::vector<std::uint64_t> digests;
  for (const Record& rr : sections->answers) {
    if (reading.records.size() < kDnsJudgedRecords) reading.records.push_back(presentation(rr.get(), scratch.get()));
    digests.push_back(digest(rr.get(), scratch.get()));
  }
  for (std::size_t i = 0; i < std::min(reading.records.size(), kDnsShownRecords); ++i) {
    reading.facts.records.push_back(reading.records[i].substr(0, kDnsShownCharacters));
  }
  reading.content = digest(reading.facts.rcode, digests);
  return reading;
}

std::optional<std::uint16_t> dns_message_id(base::Bytes message) {
  if (message.size() < kDnsHeaderLength) return std::nullopt;
  return u16_at(message, 0);
}

std::optional<DnsAddresses> read_dns_addresses(base::Bytes message) {
  constexpr std::size_t kMaxAddresses = 64;
  const std::optional<Sections> sections = parse(message);
  if (!sections) return std::nullopt;
  DnsAddresses result;
  bool is_first = true;
  for (const Record& rr : sections->answers) {
    const base::Duration ttl = std::chrono::seconds(ldns_rr_ttl(rr.get()));
    result.ttl = is_first ? ttl : std::min(result.ttl, ttl);
    is_first = false;
    if (ldns_rr_rd_count(rr.get()) != 1 || result.addresses.size() >= kMaxAddresses) continue;
    const ldns_rdf* rdf = ldns_rr_rdf(rr.get(), 0);
    const base::Bytes data = std::as_bytes(std::span(ldns_rdf_data(rdf), ldns_rdf_size(rdf)));
    if (ldns_rr_get_type(rr.get()) == LDNS_RR_TYPE_A && data.size() == 4) {
      result.addresses.push_back(base::Address::v4(data.first<4>()));
    } else if (ldns_rr_get_type(rr.get()) == LDNS_RR_TYPE_AAAA && data.size() == 16) {
      result.addresses.push_back(base::Address::v6(data.first<16>()));
    }
  }
  return result;
}

}  // namespace blipd::probes
