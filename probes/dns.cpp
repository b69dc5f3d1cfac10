#include "probes/dns.hpp"

namespace blipd::probes {

base::Expected<void> validate(const DnsSpec& spec) {
  const auto probe = DnsProbe::make(spec);
  if (!probe) return tl::unexpected(probe.error());
  return {};
}

base::Expected<DnsProbe> DnsProbe::make(const DnsSpec& spec) {
  auto query = DnsQuery::make(spec);
  if (!query) return tl::unexpected(query.error());
  auto expectation = DnsExpectation::compile(spec.expect);
  if (!expectation) return tl::unexpected(expectation.error());
  return DnsProbe(std::move(*query), std::move(*expectation));
}

DnsProbe::Judged DnsProbe::read(base::Bytes message, std::uint16_t id) const {
  Judged judged{query_.read(message, id), Service::kNotJudged};
  if (judged.reading.kind != DnsReading::Kind::kAnswer) return judged;
  DnsExpectation::Verdict verdict = expectation_.judge(judged.reading);
  judged.service = verdict.service;
  judged.reading.facts.unmet = std::move(verdict.unmet);
  return judged;
}

Service DnsProbe::judge_refusal() const {
  return expectation_.is_empty() ? Service::kNotJudged : Service::kNotAsExpected;
}

}  // namespace blipd::probes
