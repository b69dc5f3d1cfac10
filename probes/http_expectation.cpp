#include "probes/http_expectation.hpp"

#include <openssl/evp.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "probes/base/text.hpp"

namespace blipd::probes {

namespace {

constexpr std::size_t kLongestPattern = 1024;
// What a pattern may take for its automata. Beyond it matching gets slower, never wrong.
constexpr std::int64_t kPatternMemory = 1 << 20;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

base::Expected<std::unique_ptr<re2::RE2>> compile_pattern(std::string_view pattern) {
  if (pattern.size() > kLongestPattern) return base::fail("a pattern has at most {} characters", kLongestPattern);
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(kPatternMemory);
  auto compiled = std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!compiled->ok()) return base::fail("'{}' is not a pattern of RE2: {}", pattern, compiled->error());
  return compiled;
}

using Compiled = std::vector<std::unique_ptr<re2::RE2>>;

base::Expected<Compiled> compile_patterns(const std::vector<std::string>& texts) {
  Compiled all;
  for (const std::string& text : texts) {
    auto pattern = compile_pattern(text);
    if (!pattern) return tl::unexpected(pattern.error());
    all.push_back(std::move(*pattern));
  }
  return all;
}

bool matches(std::string_view body, const re2::RE2& pattern) {
  return re2::RE2::PartialMatch(re2::StringPiece(body.data(), body.size()), pattern);
}

bool is_of(std::uint16_t status, std::string_view expected) {
  const std::string text = std::to_string(status);
  return text.size() == 3 && text[0] == expected[0] && (expected.substr(1) == "xx" || text == expected);
}

std::string sha256_of(std::string_view body) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(body.data(), body.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) return {};
  std::string hex;
  for (unsigned i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

}  // namespace

struct HttpExpectation::Patterns {
  Compiled must;
  Compiled must_not;
};

base::Expected<void> validate_status(std::string_view status) {
  const bool is_status = status.size() == 3 && status[0] >= '1' && status[0] <= '5' &&
                         (status.substr(1) == "xx" || (is_digit(status[1]) && is_digit(status[2])));
  if (!is_status) return base::fail("'{}' is not an HTTP status; use one such as 200, or a class such as 2xx", status);
  return {};
}

base::Expected<void> validate_body_pattern(std::string_view pattern) {
  const auto compiled = compile_pattern(pattern);
  if (!compiled) return tl::unexpected(compiled.error());
  return {};
}

base::Expected<void> validate_sha256(std::string_view digest) {
  const bool is_digest = digest.size() == 64 && std::ranges::all_of(digest, [](char c) {
                           return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
                         });
  if (!is_digest) return base::fail("not a SHA-256; give its 64 hexadecimal digits, as sha256sum prints them");
  return {};
}

HttpExpectation::HttpExpectation() : patterns_(std::make_unique<Patterns>()) {}
HttpExpectation::HttpExpectation(HttpExpectation&&) noexcept = default;
HttpExpectation& HttpExpectation::operator=(HttpExpectation&&) noexcept = default;
HttpExpectation::~HttpExpectation() = default;

base::Expected<HttpExpectation> HttpExpectation::compile(const HttpExpectations& expectations) {
  HttpExpectation compiled;
  compiled.expected_ = expectations;
  for (const std::string& status : expectations.statuses) {
    if (auto valid = validate_status(status); !valid) return tl::unexpected(valid.error());
  }
  if (!expectations.body_sha256.empty()) {
    if (auto valid = validate_sha256(expectations.body_sha256); !valid) return tl::unexpected(valid.error());
  }
  std::ranges::transform(compiled.expected_.body_sha256, compiled.expected_.body_sha256.begin(),
                         [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  auto must = compile_patterns(expectations.body_matches);
  if (!must) return tl::unexpected(must.error());
  auto must_not = compile_patterns(expectations.body_mismatches);
  if (!must_not) return tl::unexpected(must_not.error());
  compiled.patterns_->must = std::move(*must);
  compiled.patterns_->must_not = std::move(*must_not);
  return compiled;
}

bool HttpExpectation::wants_body() const {
  return !patterns_->must.empty() || !patterns_->must_not.empty() || !expected_.body_sha256.empty();
}

std::string HttpExpectation::judge_certificate(const HttpFacts& facts, base::WallTime now) const {
  if (!facts.certificate) return {};
  const CertificateFacts& certificate = *facts.certificate;
  if (expected_.verify && !certificate.fault.empty()) return "the certificate " + certificate.fault;
  const std::chrono::days expected(expected_.certificate_days);
  const base::Duration left = certificate.not_after - now;
  if (expected.count() == 0 || left >= expected) return {};
  if (left < base::Duration::zero()) return "the certificate has expired";
  const auto days = std::chrono::floor<std::chrono::days>(left).count();
  return fmt::format("the certificate expires in {} day{}, {} are expected", days, days == 1 ? "" : "s",
                     expected.count());
}

std::string HttpExpectation::judge_body(const HttpFacts& facts, std::string_view body) const {
  const char* const cut = facts.is_cut ? " as far as it was read" : "";
  for (const auto& pattern : patterns_->must_not) {
    if (matches(body, *pattern)) return fmt::format("something in the body matches '{}'", pattern->pattern());
  }
  for (const auto& pattern : patterns_->must) {
    if (!matches(body, *pattern)) return fmt::format("nothing in the body{} matches '{}'", cut, pattern->pattern());
  }
  if (expected_.body_sha256.empty()) return {};
  if (facts.is_cut) {
    return fmt::format("the body is longer than the {} bytes that are read of it", with_commas(facts.body_bytes));
  }
  const std::string digest = sha256_of(body);
  return digest == expected_.body_sha256 ? std::string() : "the SHA-256 of the body is " + digest;
}

HttpExpectation::Verdict HttpExpectation::judge(const HttpFacts& facts, std::string_view body, base::WallTime now,
                                                base::Duration timeout) const {
  if (facts.end == HttpEnd::kOverrun) return {};
  Verdict verdict{Service::kNotAsExpected, judge_certificate(facts, now)};
  if (!verdict.unmet.empty()) return verdict;
  if (facts.end != HttpEnd::kWhole) {
    verdict.unmet = http_end_in_words(facts, timeout);
    return verdict;
  }
  const bool is_expected =
      expected_.statuses.empty() ||
      std::ranges::any_of(expected_.statuses, [&](const std::string& status) { return is_of(facts.status, status); });
  if (!is_expected) {
    verdict.unmet = fmt::format("the status is {}", facts.status);
    return verdict;
  }
  verdict.unmet = judge_body(facts, body);
  if (verdict.unmet.empty()) verdict.service = Service::kAsExpected;
  return verdict;
}

}  // namespace blipd::probes
