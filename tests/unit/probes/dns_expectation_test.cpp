#include "probes/dns_expectation.hpp"

#include <catch2/catch.hpp>

#include "probes/dns.hpp"
#include "tests/unit/dns_answer.hpp"

namespace blipd::probes {
namespace {

DnsExpectation compiled(const DnsExpectations& expectations) {
  auto expectation = DnsExpectation::compile(expectations);
  INFO((expectation ? "" : expectation.error().text));
  REQUIRE(expectation);
  return std::move(*expectation);
}

DnsReading answer(std::uint8_t rcode, std::vector<std::string> records) {
  DnsReading reading;
  reading.kind = DnsReading::Kind::kAnswer;
  reading.facts.rcode = rcode;
  reading.records = std::move(records);
  return reading;
}

DnsExpectations expecting(std::vector<std::string> rcodes, std::vector<std::string> matches,
                          std::vector<std::string> mismatches) {
  return {std::move(rcodes), std::move(matches), std::move(mismatches)};
}

}  // namespace

TEST_CASE("without expectations no answer is judged") {
  const auto verdict = compiled({}).judge(answer(2, {}));
  CHECK(verdict.service == Service::kNotJudged);
  CHECK(verdict.unmet.empty());
}

TEST_CASE("the response code must be one of those expected") {
  const DnsExpectation expectation = compiled(expecting({"NOERROR", "nxdomain"}, {}, {}));
  CHECK(expectation.judge(answer(0, {})).service == Service::kAsExpected);
  CHECK(expectation.judge(answer(3, {})).service == Service::kAsExpected);
  const auto refused = expectation.judge(answer(5, {}));
  CHECK(refused.service == Service::kNotAsExpected);
  CHECK(refused.unmet == "the response code is REFUSED");
  CHECK(expectation.judge(answer(11, {})).unmet == "the response code is RCODE11");
}

TEST_CASE("each wanted pattern must match some record, not all of them one record") {
  const DnsExpectation expectation = compiled(expecting({}, {"A 192\\.0\\.2\\.1$", "A 192\\.0\\.2\\.2$"}, {}));
  const std::string one = "kp. 300 IN A 192.0.2.1";
  const std::string two = "kp. 300 IN A 192.0.2.2";
  CHECK(expectation.judge(answer(0, {one, two})).service == Service::kAsExpected);
  const auto verdict = expectation.judge(answer(0, {one}));
  CHECK(verdict.service == Service::kNotAsExpected);
  CHECK(verdict.unmet == "nothing in the answer matches 'A 192\\.0\\.2\\.2$'");
  CHECK(expectation.judge(answer(0, {})).unmet == "nothing in the answer matches 'A 192\\.0\\.2\\.1$'");
}

TEST_CASE("no record may match an unwanted pattern") {
  const DnsExpectation expectation = compiled(expecting({}, {}, {"A 10\\."}));
  CHECK(expectation.judge(answer(0, {"kp. 300 IN A 192.0.2.1"})).service == Service::kAsExpected);
  CHECK(expectation.judge(answer(0, {})).service == Service::kAsExpected);
  const auto verdict = expectation.judge(answer(0, {"kp. 300 IN A 192.0.2.1", "kp. 300 IN A 10.0.0.1"}));
  CHECK(verdict.service == Service::kNotAsExpected);
  CHECK(verdict.unmet == "something in the answer matches 'A 10\\.'");
}

TEST_CASE("the first unmet expectation is told, the response code first") {
  const DnsExpectation expectation = compiled(expecting({"NOERROR"}, {"x"}, {"y"}));
  CHECK(expectation.judge(answer(3, {"y"})).unmet == "the response code is NXDOMAIN");
  CHECK(expectation.judge(answer(0, {"y"})).unmet == "nothing in the answer matches 'x'");
  CHECK(expectation.judge(answer(0, {"x", "y"})).unmet == "something in the answer matches 'y'");
}

TEST_CASE(
    "a pattern is searched for anywhere in a record, anchors mean the record's ends, alternatives stay together") {
  const auto matches = [](const std::string& pattern, const std::string& record) {
    return compiled(expecting({}, {pattern}, {})).judge(answer(0, {record})).service == Service::kAsExpected;
  };
  const std::string record = "kp. 300 IN A 192.0.2.1";
  for (const char* pattern : {"", "^", "$", "IN", "^kp", "\\.1$", "^kp\\. \\d+ IN A 192\\.0\\.2\\.1$", "x|IN", "^x|1$",
                              "A (?=192)", "\\bA\\b", "(a|A) [0-9.]{9}"}) {
    INFO(pattern);
    CHECK(matches(pattern, record));
  }
  for (const char* pattern : {"^IN", "IN$", "x|y", "^1|p$", "A (?!192)", "\\bP", "[0-9.]{10}"}) {
    INFO(pattern);
    CHECK_FALSE(matches(pattern, record));
  }
}

TEST_CASE("a truncated answer says so where a pattern found nothing") {
  DnsReading reading = answer(0, {});
  reading.facts.truncated = true;
  CHECK(compiled(expecting({}, {"x"}, {})).judge(reading).unmet ==
        "nothing in the answer (it was truncated) matches 'x'");
}

TEST_CASE("bad response codes and patterns are errors that quote them") {
  CHECK(DnsExpectation::compile(expecting({"NOERRROR"}, {}, {})).error().text.find("'NOERRROR'") == 0);
  CHECK(DnsExpectation::compile(expecting({""}, {}, {})).error().text.find("''") == 0);
  CHECK(DnsExpectation::compile(expecting({}, {"a("}, {})).error().text.find("'a('") == 0);
  CHECK(DnsExpectation::compile(expecting({}, {}, {"[z-a]"})).error().text.find("'[z-a]'") == 0);
  CHECK_FALSE(validate_pattern("a)|(b"));
  CHECK(validate_pattern("(a)\\1").error().text.find("back-references") != std::string::npos);
  CHECK(validate_pattern(std::string(1024, 'a')));
  CHECK_FALSE(validate_pattern(std::string(1025, 'a')));
}

TEST_CASE("a pattern that would backtrack for ever judges a hostile record of full length in bounded steps") {
  // The default engine would need 2^4096 steps for the first, and a stack frame a character for the second.
  const std::string hostile(kDnsJudgedCharacters, 'a');
  CHECK(compiled(expecting({}, {"(a+)+b"}, {})).judge(answer(0, {hostile})).service == Service::kNotAsExpected);
  CHECK(compiled(expecting({}, {"^(.|x)*$"}, {})).judge(answer(0, {hostile})).service == Service::kAsExpected);
}

TEST_CASE("a whole spec is checked at once and says its first fault") {
  DnsSpec spec;
  spec.query = "kptc.kp";
  spec.record = "SOA";
  CHECK(validate(spec));
  spec.record = "SOAP";
  CHECK(validate(spec).error().text.find("'SOAP'") == 0);
  spec.record = "SOA";
  spec.query = "";
  CHECK_FALSE(validate(spec));
  spec.query = "kptc.kp";
  spec.expect.rcodes = {"FINE"};
  CHECK(validate(spec).error().text.find("'FINE'") == 0);
}

TEST_CASE("a probe judges the answer that it reads, and says in its facts what was not met") {
  DnsSpec spec;
  spec.query = "example.com";
  spec.expect.answer_matches = {"IN A 192\\.0\\.2\\.9"};
  const auto probe = DnsProbe::make(spec);
  REQUIRE(probe);
  test::DnsAnswerBuilder builder;
  builder.answers = {test::dns_address_record("example.com", 9)};
  CHECK(probe->read(builder.build(), 0).service == Service::kAsExpected);
  builder.answers = {test::dns_address_record("example.com", 8)};
  const auto judged = probe->read(builder.build(), 0);
  CHECK(judged.service == Service::kNotAsExpected);
  CHECK(judged.reading.facts.unmet == "nothing in the answer matches 'IN A 192\\.0\\.2\\.9'");
  CHECK(probe->read(builder.build(), 1).service == Service::kNotJudged);
  CHECK(probe->judge_refusal() == Service::kNotAsExpected);
  spec.expect = {};
  CHECK(DnsProbe::make(spec)->judge_refusal() == Service::kNotJudged);
}

}  // namespace blipd::probes
