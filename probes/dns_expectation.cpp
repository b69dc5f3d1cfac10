#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 takes std::regex's own swap of parser states for a use before initialization when it optimizes under a
// sanitizer. Above the includes, because the places that it names lie in them.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "probes/dns_expectation.hpp"

#include <algorithm>
#include <array>
#include <regex>

namespace blipd::probes {

namespace {

struct Rcode {
  std::string_view name;
  std::uint8_t value;
};
// RFC 1035, 4.1.1 and RFC 2136, 2.2. The first name of a value is the one that is shown.
constexpr std::array kRcodes = {
    Rcode{"NOERROR", 0}, Rcode{"FORMERR", 1}, Rcode{"SERVFAIL", 2}, Rcode{"NXDOMAIN", 3},
    Rcode{"NOTIMP", 4},  Rcode{"NOTIMPL", 4}, Rcode{"REFUSED", 5},  Rcode{"YXDOMAIN", 6},
    Rcode{"YXRRSET", 7}, Rcode{"NXRRSET", 8}, Rcode{"NOTAUTH", 9},  Rcode{"NOTZONE", 10},
};

// libstdc++'s other engine, which std::regex uses by default, backtracks: exponential in time and recursing once
// a character, so that an answer could stop or crash us. This one is bounded by pattern × text, if asked to match
// the whole text: a search would start it anew at each character. Nobody asks for sub-matches.
constexpr auto kFlavour = std::regex::ECMAScript | std::regex::nosubs | std::regex_constants::__polynomial;

base::Expected<std::regex> compile_pattern(std::string_view pattern) {
  constexpr std::size_t kMaxPattern = 1024;
  if (pattern.size() > kMaxPattern) return base::fail("a pattern has at most {} characters", kMaxPattern);
  try {
    // By itself first: what is put around it must not mend its parentheses.
    const std::regex alone(pattern.begin(), pattern.end(), kFlavour);
    return std::regex(fmt::format("[\\s\\S]*(?:{})[\\s\\S]*", pattern), kFlavour);
  } catch (const std::regex_error& error) {
    if (error.code() == std::regex_constants::error_complexity || error.code() == std::regex_constants::error_backref) {
      return base::fail("the pattern '{}' is too complex; back-references such as \\1 are not supported", pattern);
    }
    return base::fail("'{}' is not an ECMAScript pattern: {}", pattern, error.what());
  }
}

struct Pattern {
  std::string text;
  std::regex regex;

  bool matches_any(const std::vector<std::string>& records) const {
    return std::ranges::any_of(records, [this](const std::string& r) { return std::regex_match(r, regex); });
  }
};

base::Expected<std::vector<Pattern>> compile_patterns(const std::vector<std::string>& texts) {
  std::vector<Pattern> patterns;
  for (const std::string& text : texts) {
    auto regex = compile_pattern(text);
    if (!regex) return tl::unexpected(regex.error());
    patterns.push_back(Pattern{text, std::move(*regex)});
  }
  return patterns;
}

}  // namespace

struct DnsExpectation::Patterns {
  std::vector<Pattern> must;
  std::vector<Pattern> must_not;
};

base::Expected<std::uint8_t> parse_rcode(std::string_view mnemonic) {
  std::string upper(mnemonic.substr(0, 64));
  std::ranges::transform(upper, upper.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  const auto* const found = std::ranges::find(kRcodes, std::string_view(upper), &Rcode::name);
  if (found == kRcodes.end()) {
    return base::fail(
        "'{}' is not a DNS response code; use NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, "
        "YXDOMAIN, YXRRSET, NXRRSET, NOTAUTH or NOTZONE",
        mnemonic);
  }
  return found->value;
}

std::string rcode_name(std::uint8_t rcode) {
  const auto* const found = std::ranges::find(kRcodes, rcode, &Rcode::value);
  return found == kRcodes.end() ? fmt::format("RCODE{}", rcode) : std::string(found->name);
}

base::Expected<void> validate_pattern(std::string_view pattern) {
  const auto regex = compile_pattern(pattern);
  if (!regex) return tl::unexpected(regex.error());
  return {};
}

DnsExpectation::DnsExpectation() : patterns_(std::make_unique<Patterns>()) {}
DnsExpectation::DnsExpectation(DnsExpectation&&) noexcept = default;
DnsExpectation& DnsExpectation::operator=(DnsExpectation&&) noexcept = default;
DnsExpectation::~DnsExpectation() = default;

base::Expected<DnsExpectation> DnsExpectation::compile(const DnsExpectations& expectations) {
  DnsExpectation compiled;
  for (const std::string& mnemonic : expectations.rcodes) {
    const auto rcode = parse_rcode(mnemonic);
    if (!rcode) return tl::unexpected(rcode.error());
    compiled.rcodes_.push_back(*rcode);
  }
  auto must = compile_patterns(expectations.answer_matches);
  if (!must) return tl::unexpected(must.error());
  auto must_not = compile_patterns(expectations.answer_mismatches);
  if (!must_not) return tl::unexpected(must_not.error());
  compiled.patterns_->must = std::move(*must);
  compiled.patterns_->must_not = std::move(*must_not);
  return compiled;
}

bool DnsExpectation::is_empty() const {
  return rcodes_.empty() && patterns_->must.empty() && patterns_->must_not.empty();
}

DnsExpectation::Verdict DnsExpectation::judge(const DnsReading& answer) const {
  if (is_empty()) return {};
  Verdict verdict{Service::kNotAsExpected, {}};
  const std::uint8_t rcode = answer.facts.rcode;
  if (!rcodes_.empty() && std::ranges::find(rcodes_, rcode) == rcodes_.end()) {
    verdict.unmet = fmt::format("the response code is {}", rcode_name(rcode));
    return verdict;
  }
  const char* const cut = answer.facts.truncated ? " (it was truncated)" : "";
  for (const Pattern& pattern : patterns_->must) {
    if (pattern.matches_any(answer.records)) continue;
    verdict.unmet = fmt::format("nothing in the answer{} matches '{}'", cut, pattern.text);
    return verdict;
  }
  for (const Pattern& pattern : patterns_->must_not) {
    if (!pattern.matches_any(answer.records)) continue;
    verdict.unmet = fmt::format("something in the answer matches '{}'", pattern.text);
    return verdict;
  }
  verdict.service = Service::kAsExpected;
  return verdict;
}

}  // namespace blipd::probes
