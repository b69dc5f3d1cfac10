// Reads the input as an answer to a fixed question, with whatever id it carries, so that everything behind the
// id is within reach.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "probes/dns.hpp"

namespace {

blipd::probes::DnsProbe make_probe() {
  blipd::probes::DnsSpec spec;
  spec.query = "example.com";
  spec.record = "SOA";
  spec.expect.rcodes = {"NOERROR"};
  spec.expect.answer_matches = {"SOA [a-z.]+ .*[0-9]+$"};
  spec.expect.answer_mismatches = {"(a+)+b"};
  return std::move(*blipd::probes::DnsProbe::make(spec));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace blipd::probes;
  static const DnsProbe probe = make_probe();
  const auto message = std::as_bytes(std::span(data, size));
  const std::uint16_t id = dns_message_id(message).value_or(0);
  const DnsProbe::Judged judged = probe.read(message, id);
  const DnsReading& reading = judged.reading;
  if (reading.kind == DnsReading::Kind::kOtherId) std::abort();
  if (reading.kind != DnsReading::Kind::kAnswer && judged.service != Service::kNotJudged) std::abort();
  if (reading.facts.records.size() > kDnsShownRecords || reading.records.size() > kDnsJudgedRecords) std::abort();
  // The same bytes always say the same.
  if (probe.read(message, id).reading.content != reading.content) std::abort();
  read_dns_addresses(message);
  return 0;
}
