#include "probes/http_expectation.hpp"

#include <catch2/catch.hpp>

#include "probes/base/text.hpp"

namespace blipd::probes {
namespace {

using std::chrono::days;
using std::chrono::seconds;

const base::WallTime kNow = base::parse_time("2025-03-01T00:00:00Z").value();

HttpFacts whole(std::uint16_t status) {
  HttpFacts facts;
  facts.status = status;
  return facts;
}

HttpFacts with_certificate(base::Duration left, std::string fault = "") {
  HttpFacts facts = whole(200);
  facts.certificate = CertificateFacts{kNow + left, "CN=a", "CN=b", std::move(fault)};
  return facts;
}

HttpExpectation::Verdict judge(const HttpExpectations& expected, const HttpFacts& facts, std::string_view body = "") {
  const auto compiled = HttpExpectation::compile(expected);
  REQUIRE(compiled);
  return compiled->judge(facts, body, kNow, seconds(3));
}

HttpExpectations statuses(std::vector<std::string> list) {
  HttpExpectations expected;
  expected.statuses = std::move(list);
  return expected;
}

}  // namespace

TEST_CASE("HTTP: any whole answer is as expected where nothing more is") {
  for (const int status : {200, 301, 404, 503}) {
    const auto verdict = judge({}, whole(static_cast<std::uint16_t>(status)));
    CHECK(verdict.service == Service::kAsExpected);
    CHECK(verdict.unmet.empty());
  }
}

TEST_CASE("HTTP: a status is expected by itself or by its class") {
  CHECK(judge(statuses({"200", "3xx"}), whole(200)).service == Service::kAsExpected);
  CHECK(judge(statuses({"200", "3xx"}), whole(308)).service == Service::kAsExpected);
  const auto verdict = judge(statuses({"200", "3xx"}), whole(201));
  CHECK(verdict.service == Service::kNotAsExpected);
  CHECK(verdict.unmet == "the status is 201");
  CHECK(judge(statuses({"3xx"}), whole(299)).service == Service::kNotAsExpected);
  CHECK(judge(statuses({"3xx"}), whole(300)).service == Service::kAsExpected);
  CHECK(judge(statuses({"3xx"}), whole(399)).service == Service::kAsExpected);
  CHECK(judge(statuses({"3xx"}), whole(400)).service == Service::kNotAsExpected);
}

TEST_CASE("HTTP: statuses, digests and patterns that are none are refused") {
  for (const char* bad : {"", "20", "2000", "600", "099", "2x0", "xx", "abc"}) CHECK_FALSE(validate_status(bad));
  for (const char* good : {"100", "599", "1xx", "5xx"}) CHECK(validate_status(good));
  CHECK_FALSE(validate_sha256("e3b0"));
  CHECK_FALSE(validate_sha256(std::string(63, 'a') + "g"));
  CHECK(validate_sha256(std::string(64, 'A')));
  CHECK_FALSE(validate_body_pattern("(open"));
  CHECK_FALSE(validate_body_pattern("(a)\\1"));
  CHECK_FALSE(validate_body_pattern(std::string(1025, 'a')));
  CHECK(validate_body_pattern(std::string(1024, 'a')));
}

TEST_CASE("HTTP: a block page is told by what must not be in the body, and comes before what is missing") {
  HttpExpectations expected;
  expected.body_matches = {"(?i)welcome"};
  expected.body_mismatches = {"access (denied|restricted)"};
  CHECK(judge(expected, whole(200), "<h1>Welcome</h1>").service == Service::kAsExpected);
  const auto blocked = judge(expected, whole(200), "<h1>access restricted</h1>");
  CHECK(blocked.service == Service::kNotAsExpected);
  CHECK(blocked.unmet == "something in the body matches 'access (denied|restricted)'");
  CHECK(judge(expected, whole(200), "").unmet == "nothing in the body matches '(?i)welcome'");
  HttpFacts cut = whole(200);
  cut.is_cut = true;
  CHECK(judge(expected, cut, "<html>").unmet == "nothing in the body as far as it was read matches '(?i)welcome'");
}

TEST_CASE("HTTP: a pattern that explodes elsewhere does not on a hostile body") {
  HttpExpectations expected;
  expected.body_matches = {"(a*)*(a*)*(a*)*b$"};
  CHECK(judge(expected, whole(200), std::string(64 * 1024, 'a')).service == Service::kNotAsExpected);
}

TEST_CASE("HTTP: the body's digest is compared, in any case, unless the body was cut") {
  HttpExpectations expected;
  // sha256sum of "abc" (FIPS 180-4, example)
  expected.body_sha256 = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
  CHECK(judge(expected, whole(200), "abc").service == Service::kAsExpected);
  const auto other = judge(expected, whole(200), "abd");
  CHECK(other.service == Service::kNotAsExpected);
  CHECK(other.unmet.starts_with("the SHA-256 of the body is a52d159f"));
  HttpFacts cut = whole(200);
  cut.is_cut = true;
  cut.body_bytes = 65536;
  CHECK(judge(expected, cut, "abc").unmet == "the body is longer than the 65,536 bytes that are read of it");
}

TEST_CASE("HTTP: a certificate must be good for so many days, to the moment") {
  HttpExpectations expected;
  expected.certificate_days = 14;
  CHECK(judge(expected, with_certificate(days(14))).service == Service::kAsExpected);
  const auto soon = judge(expected, with_certificate(days(14) - seconds(1)));
  CHECK(soon.service == Service::kNotAsExpected);
  CHECK(soon.unmet == "the certificate expires in 13 days, 14 are expected");
  CHECK(judge(expected, with_certificate(days(1))).unmet == "the certificate expires in 1 day, 14 are expected");
  CHECK(judge(expected, with_certificate(-seconds(1))).unmet == "the certificate has expired");
  CHECK(judge({}, with_certificate(seconds(1))).service == Service::kAsExpected);
}

TEST_CASE("HTTP: a certificate that does not hold is not as expected, unless nobody asks") {
  const HttpFacts facts = with_certificate(days(90), "is for another name (other.example)");
  const auto verdict = judge({}, facts);
  CHECK(verdict.service == Service::kNotAsExpected);
  CHECK(verdict.unmet == "the certificate is for another name (other.example)");
  HttpExpectations careless;
  careless.verify = false;
  CHECK(judge(careless, facts).service == Service::kAsExpected);
}

TEST_CASE("HTTP: what did not end as a whole answer is not as expected, and says how it ended") {
  HttpFacts facts;
  facts.end = HttpEnd::kReset;
  facts.phase = HttpPhase::kBody;
  facts.body_bytes = 1024;
  facts.announced_bytes = 8192;
  const auto verdict = judge({}, facts);
  CHECK(verdict.service == Service::kNotAsExpected);
  CHECK(verdict.unmet == "reset while the body was read, after 1,024 of 8,192 bytes");
  facts.end = HttpEnd::kOverrun;
  CHECK(judge({}, facts).service == Service::kNotJudged);
  CHECK(judge({}, facts).unmet.empty());
}

TEST_CASE("HTTP: every end in every phase has words") {
  HttpFacts facts;
  const auto words = [&](HttpEnd end, HttpPhase phase) {
    facts.end = end;
    facts.phase = phase;
    return http_end_in_words(facts, seconds(3));
  };
  CHECK(words(HttpEnd::kWhole, HttpPhase::kBody) == "a whole answer");
  CHECK(words(HttpEnd::kRefused, HttpPhase::kConnect) == "the connection was refused");
  CHECK(words(HttpEnd::kReset, HttpPhase::kTls) == "reset during the TLS handshake");
  CHECK(words(HttpEnd::kClosed, HttpPhase::kFirstByte) == "closed before the first byte of the answer");
  CHECK(words(HttpEnd::kSilent, HttpPhase::kFirstByte) ==
        "nothing more within 3s, before the first byte of the answer");
  CHECK(words(HttpEnd::kSilent, HttpPhase::kConnect) == "nothing more within 3s, while connecting");
  facts.body_bytes = 7;
  CHECK(words(HttpEnd::kClosed, HttpPhase::kBody) == "closed while the body was read, after 7 bytes");
  facts.note = "wrong version number";
  CHECK(words(HttpEnd::kTls, HttpPhase::kTls) == "TLS failed during the TLS handshake: wrong version number");
  CHECK(with_commas(0) == "0");
  CHECK(with_commas(999) == "999");
  CHECK(with_commas(1000) == "1,000");
  CHECK(with_commas(1234567) == "1,234,567");
}

}  // namespace blipd::probes
