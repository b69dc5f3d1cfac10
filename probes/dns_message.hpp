// DNS messages (RFC 1035, RFC 6891) as a probe needs them: writes one question, and says whether a message
// answers exactly that question and what it says. libldns builds and parses; nothing of it shows here. Owns
// no socket, no clock and no randomness: the message id is an argument.
//
// A message is believed to be an answer only when it is a response to a standard query with our id and our
// question. Whether it came from the right place is for the caller to know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/base/address.hpp"
#include "probes/base/bytes.hpp"
#include "probes/base/error.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"
#include "probes/spec.hpp"

namespace blipd::probes {

inline constexpr std::size_t kDnsHeaderLength = 12;
// Header, the longest name (RFC 1035, 2.3.4), type and class, and an OPT record with an empty NSID.
inline constexpr std::size_t kDnsMaxQueryLength = kDnsHeaderLength + 255 + 4 + 15;
// The largest EDNS size that may be advertised: what a receive buffer holds. RFC 6891, 6.2.5 names it as a
// good maximum.
inline constexpr std::uint16_t kDnsMaxEdnsSize = 4096;
// How much of an answer is shown to people (DnsFacts::records).
inline constexpr std::size_t kDnsShownRecords = 16;
inline constexpr std::size_t kDnsShownCharacters = 1024;
// How much of an answer the patterns of expectations see. A TCP message may hold some 5,000 records.
inline constexpr std::size_t kDnsJudgedRecords = 256;
inline constexpr std::size_t kDnsJudgedCharacters = 4096;

// A domain name in presentation form; "." is the root, a missing dot at the end is supplied.
base::Expected<void> validate_query_name(std::string_view name);

// A type mnemonic in any case, or TYPE123 (RFC 3597). Types that are no question about data (OPT, TSIG, TKEY)
// or that ask for a whole zone (AXFR, IXFR) are refused.
base::Expected<std::uint16_t> parse_record_type(std::string_view record);

struct DnsReading {
  enum class Kind : std::uint8_t {
    kAnswer,         // to our question
    kMalformed,      // cut short, no response, or does not parse
    kOtherId,        // well-formed as far as looked at, but not with our id
    kOtherQuestion,  // a response with our id to something that we did not ask
  };
  Kind kind = Kind::kMalformed;
  DnsFacts facts;  // of kAnswer, as are the rest; `unmet` is empty
  // The answer section in presentation form with single spaces between fields, at most kDnsJudgedRecords of at
  // most kDnsJudgedCharacters each.
  std::vector<std::string> records;
  // Over the rcode and the answer section, whatever its order, TTLs and letter case of names: differs between two
  // answers that say something different.
  std::uint64_t content = 0;
};

// One question, encoded once and asked many times.
class DnsQuery {
 public:
  static base::Expected<DnsQuery> make(const DnsSpec& spec);

  // The message without TCP length prefix. Never longer than kDnsMaxQueryLength.
  std::size_t size() const { return message_.size(); }

  // Writes the message with `id` into `out`, which holds size() bytes, and returns it.
  base::Bytes write(base::MutableBytes out, std::uint16_t id) const;

  // What `message` is to the question asked with `id`. A response without any question is taken as an answer when
  // it reports an error: some servers send the bare header of a query that they could not or would not read.
  DnsReading read(base::Bytes message, std::uint16_t id) const;

 private:
  DnsQuery() = default;
  DnsReading::Kind match(base::Bytes message, std::uint16_t id) const;

  std::vector<std::byte> message_;   // with id 0
  std::size_t question_length_ = 0;  // behind the header; never compressed
};

// The id of a message; none when there is no whole header.
std::optional<std::uint16_t> dns_message_id(base::Bytes message);

struct DnsAddresses {
  std::vector<base::Address> addresses;  // of the A and AAAA records of the answer section, in its order
  base::Duration ttl{};                  // the lowest of the answer section; zero when it is empty
};

// For resolving names. Empty when the message does not parse. At most 64 addresses.
std::optional<DnsAddresses> read_dns_addresses(base::Bytes message);

}  // namespace blipd::probes
