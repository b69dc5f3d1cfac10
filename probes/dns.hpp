// DNS as a probe: a spec made ready to be asked and judged. The door to dns_message and dns_expectation. No
// socket, no clock, no per-probe state; immutable, so one serves every channel that asks the same.
#pragma once

#include "probes/base/error.hpp"
#include "probes/dns_expectation.hpp"
#include "probes/dns_message.hpp"
#include "probes/spec.hpp"

namespace blipd::probes {

// The first fault of a spec: its name, record type, EDNS size or expectations.
base::Expected<void> validate(const DnsSpec& spec);

class DnsProbe {
 public:
  static base::Expected<DnsProbe> make(const DnsSpec& spec);

  const DnsQuery& query() const { return query_; }

  struct Judged {
    DnsReading reading;  // facts.unmet is filled in
    Service service = Service::kNotJudged;
  };
  Judged read(base::Bytes message, std::uint16_t id) const;

  // What a refused connection is worth: it cannot meet any expectation.
  Service judge_refusal() const;

 private:
  DnsProbe(DnsQuery query, DnsExpectation expectation)
      : query_(std::move(query)), expectation_(std::move(expectation)) {}

  DnsQuery query_;
  DnsExpectation expectation_;
};

}  // namespace blipd::probes
