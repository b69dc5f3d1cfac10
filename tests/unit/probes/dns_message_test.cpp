#include "probes/dns_message.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <random>

#include "tests/unit/dns_answer.hpp"
#include "tests/unit/hex.hpp"

namespace blipd::probes {
namespace {

using test::DnsAnswerBuilder;
using test::from_hex;
using test::Message;
using test::to_hex;
using Kind = DnsReading::Kind;

constexpr std::uint16_t kId = 0xabcd;

DnsSpec spec_for(std::string query, std::string record) {
  DnsSpec spec;
  spec.query = std::move(query);
  spec.record = std::move(record);
  return spec;
}

DnsQuery query_for(const DnsSpec& spec) {
  auto query = DnsQuery::make(spec);
  INFO((query ? "" : query.error().text));
  REQUIRE(query);
  return *query;
}

DnsQuery example_a() { return query_for(spec_for("example.com", "A")); }

std::string hex_of(const DnsSpec& spec, std::uint16_t id) {
  std::array<std::byte, kDnsMaxQueryLength> out{};
  return to_hex(query_for(spec).write(out, id));
}

DnsAnswerBuilder answer() {
  DnsAnswerBuilder builder;
  builder.id = kId;
  return builder;
}

DnsReading read(const DnsAnswerBuilder& builder) { return example_a().read(builder.build(), kId); }

}  // namespace

TEST_CASE("a query with EDNS and NSID has the bytes that RFC 1035, 6891 and 5001 ask for") {
  CHECK(hex_of(spec_for("example.com", "SOA"), kId) ==
        "abcd00000001000000000001"
        "076578616d706c6503636f6d0000060001"
        "00002904d0000000000004"
        "00030000");
}

TEST_CASE("a query without EDNS ends with its question and carries the recursion flag when wanted") {
  DnsSpec spec = spec_for("a.example.", "TXT");
  spec.edns_size = 0;
  spec.recursion_desired = true;
  CHECK(hex_of(spec, 0x0102) ==
        "010201000001000000000000"
        "0161076578616d706c6500"
        "00100001");
}

TEST_CASE("a query with EDNS but without NSID has an empty OPT record") {
  DnsSpec spec = spec_for(".", "NS");
  spec.nsid = false;
  spec.edns_size = 512;
  CHECK(hex_of(spec, 1) ==
        "000100000001000000000001"
        "00"
        "00020001"
        "00"
        "0029"
        "0200"
        "00000000"
        "0000");
}

TEST_CASE("any record type can be asked for, by mnemonic in any case or by number") {
  CHECK(parse_record_type("A").value() == 1);
  CHECK(parse_record_type("aaaa").value() == 28);
  CHECK(parse_record_type("TYPE1").value() == 1);
  CHECK(parse_record_type("type65535").value() == 65535);
  CHECK(parse_record_type("ANY").value() == 255);
  for (const char* bad : {"", "TYPE", "TYPE0", "TYPE65536", "TYPE12x", "TYPE-1", "AX", "OPT", "TYPE41", "AXFR", "IXFR",
                          "TSIG", "TKEY", "A A"}) {
    INFO(bad);
    CHECK_FALSE(parse_record_type(bad));
  }
  CHECK(hex_of(spec_for("a", "TYPE1234"), 0)
            .find("016100"
                  "04d2"
                  "0001") != std::string::npos);
}

TEST_CASE("query names are refused where they break the limits of RFC 1035, just beyond each") {
  const std::string label63(63, 'a');
  const std::string longest =
      label63 + "." + label63 + "." + label63 + "." + std::string(61, 'b');  // 255 bytes encoded
  CHECK(validate_query_name("."));
  CHECK(validate_query_name("kptc.kp"));
  CHECK(validate_query_name("_dns.kptc.kp."));
  CHECK(validate_query_name(label63 + ".kp"));
  CHECK(validate_query_name(longest));
  for (const std::string& bad :
       {std::string(), std::string("a..b"), std::string(".a"), std::string(64, 'a'), longest + "b", std::string("a b"),
        std::string("a\0b", 3), std::string("a\nb"), std::string("m\xc3\xbcller.de")}) {
    INFO(bad);
    CHECK_FALSE(validate_query_name(bad));
  }
  std::array<std::byte, kDnsMaxQueryLength> out{};
  CHECK(query_for(spec_for(longest, "A")).write(out, 1).size() == kDnsMaxQueryLength);
}

TEST_CASE("the EDNS size is zero or between 512 and 4096") {
  for (const auto& [size, is_valid] :
       {std::pair<unsigned, bool>{0, true}, {1, false}, {511, false}, {512, true}, {4096, true}, {4097, false}}) {
    DnsSpec spec = spec_for("a", "A");
    spec.edns_size = static_cast<std::uint16_t>(size);
    INFO(size);
    CHECK(DnsQuery::make(spec).has_value() == is_valid);
  }
}

TEST_CASE("an answer in golden bytes reads as what it says") {
  // NSD's answer to example.com SOA with compression, authority and NSID "fra1".
  const Message message = from_hex(
      "abcd 8500 0001 0001 0000 0001 07 6578616d706c65 03 636f6d 00 0006 0001"
      "c00c 0006 0001 00000e10 0022 026e73 c00c 0561646d696e c00c 78a3f174 00001c20 00000e10 00127500 0000012c"
      "00 0029 04d0 00000000 0008 0003 0004 66726131");
  const DnsReading reading = query_for(spec_for("example.com", "SOA")).read(message, kId);
  REQUIRE(reading.kind == Kind::kAnswer);
  CHECK(reading.facts.rcode == 0);
  CHECK(reading.facts.authoritative);
  CHECK_FALSE(reading.facts.truncated);
  CHECK_FALSE(reading.facts.recursion_available);
  CHECK(reading.facts.answers == 1);
  CHECK(reading.facts.authorities == 0);
  CHECK(reading.facts.additionals == 1);
  CHECK(reading.facts.soa_serial == 2024010100U);
  CHECK(reading.facts.nsid == "fra1");
  REQUIRE(reading.facts.records.size() == 1);
  CHECK(reading.facts.records[0] ==
        "example.com. 3600 IN SOA ns.example.com. admin.example.com. 2024010100 7200 3600 1209600 300");
}

TEST_CASE("the flags and the code of an answer are told apart bit by bit") {
  auto builder = answer();
  builder.flags = 0x8003;
  const DnsReading plain = read(builder);
  CHECK(plain.facts.rcode == 3);
  CHECK_FALSE(plain.facts.authoritative);
  builder.flags = 0x8200;
  CHECK(read(builder).facts.truncated);
  builder.flags = 0x8080;
  CHECK(read(builder).facts.recursion_available);
  builder.flags = 0x8400;
  CHECK(read(builder).facts.authoritative);
}

TEST_CASE("the serial of a SOA in the authority section is found when the answer has none") {
  auto builder = answer();
  builder.authorities = {test::dns_soa_record("com", 77)};
  CHECK(read(builder).facts.soa_serial == 77U);
  builder.answers = {test::dns_soa_record("example.com", 78)};
  CHECK(read(builder).facts.soa_serial == 78U);
}

TEST_CASE("a name server identifier that is no text is shown in hexadecimal") {
  auto builder = answer();
  builder.additionals = {test::dns_record(".", test::kTypeOpt, 0, from_hex("000a0002ffff 00030003 00ff41"), 1232)};
  CHECK(read(builder).facts.nsid == "00ff41");
}

TEST_CASE("an option that runs over the end of its record is no name server identifier") {
  auto builder = answer();
  builder.additionals = {test::dns_record(".", test::kTypeOpt, 0, from_hex("00030008 414243"), 1232)};
  const DnsReading reading = read(builder);
  CHECK(reading.facts.nsid.empty());
}

TEST_CASE("a message cut short at any length is malformed and never an answer") {
  auto builder = answer();
  builder.answers = {test::dns_address_record("example.com", 1), test::dns_text_record("example.com", "hello")};
  builder.additionals = {test::dns_record(".", test::kTypeOpt, 0, from_hex("00030001 41"), 1232)};
  const Message whole = builder.build();
  const DnsQuery query = example_a();
  REQUIRE(query.read(whole, kId).kind == Kind::kAnswer);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    INFO(length);
    // A copy of its own, so that the address sanitizer sees a read behind the end.
    const Message part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    CHECK(query.read(part, kId).kind == Kind::kMalformed);
    CHECK_FALSE(read_dns_addresses(part).has_value());
  }
}

TEST_CASE("an answer with another id is not ours, whatever it says") {
  auto builder = answer();
  builder.id = kId + 1;
  CHECK(read(builder).kind == Kind::kOtherId);
}

TEST_CASE("our own query sent back is malformed, not an answer") {
  std::array<std::byte, kDnsMaxQueryLength> out{};
  const DnsQuery query = example_a();
  CHECK(query.read(query.write(out, kId), kId).kind == Kind::kMalformed);
}

TEST_CASE("a response to another opcode, name, type or class answers another question") {
  auto builder = answer();
  builder.flags = 0x8400 | 4U << 11U;
  CHECK(read(builder).kind == Kind::kOtherQuestion);
  builder = answer();
  builder.name = "example.con";
  CHECK(read(builder).kind == Kind::kOtherQuestion);
  builder = answer();
  builder.name = "example.com.kp";
  CHECK(read(builder).kind == Kind::kOtherQuestion);
  builder = answer();
  builder.type = test::kTypeAaaa;
  CHECK(read(builder).kind == Kind::kOtherQuestion);
  builder = answer();
  builder.klass = 3;
  CHECK(read(builder).kind == Kind::kOtherQuestion);
}

TEST_CASE("the letter case of a name does not matter, that of a type's number does") {
  auto builder = answer();
  builder.name = "eXaMPLE.cOM";
  CHECK(read(builder).kind == Kind::kAnswer);
  // Types 65 and 97 would be 'A' and 'a'.
  const DnsQuery https = query_for(spec_for("example.com", "TYPE65"));
  builder = answer();
  builder.type = 65;
  CHECK(https.read(builder.build(), kId).kind == Kind::kAnswer);
  builder.type = 97;
  CHECK(https.read(builder.build(), kId).kind == Kind::kOtherQuestion);
}

TEST_CASE("a bare header is an answer only when it reports an error") {
  for (unsigned rcode = 0; rcode < 16; ++rcode) {
    auto builder = answer();
    builder.flags = static_cast<std::uint16_t>(0x8000U | rcode);
    builder.has_question = false;
    const bool is_error = rcode == 1 || rcode == 2 || rcode == 4 || rcode == 5;
    INFO(rcode);
    CHECK(read(builder).kind == (is_error ? Kind::kAnswer : Kind::kMalformed));
    builder.answers = {test::dns_address_record("example.com", 1)};
    CHECK(read(builder).kind == Kind::kMalformed);
  }
}

TEST_CASE("two questions in an answer are malformed") {
  Message message = answer().build();
  message[5] = std::byte{2};
  CHECK(example_a().read(message, kId).kind == Kind::kMalformed);
}

TEST_CASE("the digest of an answer ignores order, TTL and letter case of names, and nothing else") {
  const auto content = [](std::vector<Message> records, std::uint16_t flags = test::kAuthoritative) {
    auto builder = answer();
    builder.flags = flags;
    builder.answers = std::move(records);
    const DnsReading reading = read(builder);
    REQUIRE(reading.kind == Kind::kAnswer);
    return reading.content;
  };
  const Message one = test::dns_address_record("example.com", 1, 300);
  const Message two = test::dns_address_record("example.com", 2, 300);
  const std::uint64_t both = content({one, two});
  CHECK(content({two, one}) == both);
  CHECK(content({test::dns_address_record("example.com", 1, 299), two}) == both);
  CHECK(content({test::dns_address_record("EXAMPLE.com", 1), two}) == both);
  CHECK(content({one}) != both);
  CHECK(content({one, two, two}) != both);
  CHECK(content({one, test::dns_address_record("example.com", 3)}) != both);
  CHECK(content({one, test::dns_address_record("example.org", 2)}) != both);
  CHECK(content({one, two}, 0x8403) != both);
  CHECK(content({one, two}, 0x8000) == both);
  CHECK(content({}) != content({}, 0x8403));
  CHECK(content({test::dns_text_record("example.com", "a")}) != content({test::dns_text_record("example.com", "A")}));
}

TEST_CASE("at most sixteen records are shown, and all of a reasonable answer are judged") {
  auto builder = answer();
  for (unsigned i = 0; i < 300; ++i) builder.answers.push_back(test::dns_address_record("example.com", i % 256));
  const DnsReading reading = read(builder);
  REQUIRE(reading.kind == Kind::kAnswer);
  CHECK(reading.facts.answers == 300);
  CHECK(reading.facts.records.size() == kDnsShownRecords);
  CHECK(reading.records.size() == kDnsJudgedRecords);
}

TEST_CASE("a very long record is cut for people and for patterns") {
  auto builder = answer();
  builder.answers = {test::dns_text_record("example.com", std::string(20000, 'x'))};
  const DnsReading reading = read(builder);
  REQUIRE(reading.kind == Kind::kAnswer);
  CHECK(reading.facts.records.at(0).size() == kDnsShownCharacters);
  CHECK(reading.records.at(0).size() == kDnsJudgedCharacters);
}

TEST_CASE("control characters in an answer are escaped before anyone reads them") {
  auto builder = answer();
  builder.answers = {test::dns_text_record("example.com", "a\tb\x1b[31m\nc")};
  const DnsReading reading = read(builder);
  REQUIRE(reading.facts.records.size() == 1);
  for (const char c : reading.facts.records[0]) CHECK((c >= ' ' && c < 0x7f));
}

TEST_CASE("random damage to an answer is read without harm") {
  auto builder = answer();
  builder.answers = {test::dns_address_record("example.com", 1), test::dns_soa_record("example.com", 5),
                     test::dns_text_record("example.com", "hello")};
  builder.additionals = {test::dns_record(".", test::kTypeOpt, 0, from_hex("00030001 41"), 1232)};
  const Message whole = builder.build();
  const DnsQuery query = example_a();
  std::mt19937 random(20141222);  // fixed seed
  for (int round = 0; round < 3000; ++round) {
    Message damaged = whole;
    for (int i = 0; i < 3; ++i) {
      damaged[random() % damaged.size()] = static_cast<std::byte>(random() & 0xffU);
    }
    const DnsReading reading = query.read(damaged, kId);
    CHECK(reading.facts.records.size() <= kDnsShownRecords);
  }
}

TEST_CASE("addresses of both families and the lowest TTL are read for name resolution") {
  auto builder = answer();
  builder.answers = {
      test::dns_record("example.com", test::kTypeCname, 60, test::dns_name("a.example")),
      test::dns_address_record("a.example", 7, 300),
      test::dns_record("a.example", test::kTypeAaaa, 300, from_hex("20010db8 00000000 00000000 00000001"))};
  const auto addresses = read_dns_addresses(builder.build());
  REQUIRE(addresses);
  REQUIRE(addresses->addresses.size() == 2);
  CHECK(addresses->addresses[0].to_string() == "192.0.2.7");
  CHECK(addresses->addresses[1].to_string() == "2001:db8::1");
  CHECK(addresses->ttl == std::chrono::seconds(60));
}

}  // namespace blipd::probes
