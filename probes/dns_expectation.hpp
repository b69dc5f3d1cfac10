// What a DNS answer is expected to look like, compiled once, and the verdict on an answer. Patterns run in
// time and stack that do not explode with what a server sends: an answer may be hostile, a pattern is ours.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "probes/base/error.hpp"
#include "probes/dns_message.hpp"
#include "probes/result.hpp"
#include "probes/spec.hpp"

namespace blipd::probes {

// A mnemonic in any case: NOERROR, NXDOMAIN, … (RFC 1035, 4.1.1; RFC 2136, 2.2).
base::Expected<std::uint8_t> parse_rcode(std::string_view mnemonic);

// The mnemonic of the low four bits, RCODE11 and the like where there is none.
std::string rcode_name(std::uint8_t rcode);

// An ECMAScript pattern without back-references, which would allow patterns of exponential time.
base::Expected<void> validate_pattern(std::string_view pattern);

class DnsExpectation {
 public:
  static base::Expected<DnsExpectation> compile(const DnsExpectations& expectations);

  DnsExpectation();
  DnsExpectation(DnsExpectation&&) noexcept;
  DnsExpectation& operator=(DnsExpectation&&) noexcept;
  ~DnsExpectation();

  // Nothing is expected: every answer is kNotJudged.
  bool is_empty() const;

  struct Verdict {
    Service service = Service::kNotJudged;
    std::string unmet;  // the first expectation that was not met
  };
  Verdict judge(const DnsReading& answer) const;

 private:
  struct Patterns;
  std::vector<std::uint8_t> rcodes_;
  std::unique_ptr<Patterns> patterns_;
};

}  // namespace blipd::probes
