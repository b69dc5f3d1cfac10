#include "daemon/recorded/plain_json.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "daemon/recorded/json_rows.hpp"

namespace blipd::recorded {
namespace {

const std::string kPlain =
    R"({"time":1417392000.244371304,"country":"KP","network":"star-176","target":"airline","probe":"web","type":"tcp",)"
    R"("upstream":"AS4837","outcome":"aborted","rtt":null,"settled":3.050000000,"reason":"clock","sent":true})";

bool is_plain(const std::string& line) {
  Row row;
  return read_plain_json(line, row);
}

TEST_CASE("What we write is read as a parser of any JSON reads it", "[recorded]") {
  Row plain;
  REQUIRE(read_plain_json(kPlain, plain));
  // A blank takes it to the parser.
  std::string other = "{ " + kPlain.substr(1);
  REQUIRE_FALSE(is_plain(other));
  other.append(JsonRows::kPadding, ' ');
  JsonRows rows;
  Row parsed;
  REQUIRE(rows.read(std::string_view(other).substr(0, kPlain.size() + 1), parsed));
  for (std::size_t i = 0; i < kFields; ++i) {
    CAPTURE(kFieldNames[i]);
    CHECK(plain.has(static_cast<Field>(i)) == parsed.has(static_cast<Field>(i)));
    CHECK(plain[static_cast<Field>(i)] == parsed[static_cast<Field>(i)]);
  }
  CHECK(plain[Field::kTime] == "1417392000.244371304");
  CHECK(plain[Field::kSent] == "true");
}

TEST_CASE("A line that is cut anywhere is not plain", "[recorded]") {
  for (std::size_t size = 0; size < kPlain.size(); ++size) CHECK_FALSE(is_plain(kPlain.substr(0, size)));
}

TEST_CASE("What is broken or written otherwise is left to the parser", "[recorded]") {
  for (const char* line : {R"({})",
                           R"({"time":1}x)",
                           R"({"time":1},)",
                           R"({"time":1 })",
                           R"({"time":-1})",
                           R"({"time":1e5})",
                           R"({"time":1.})",
                           R"({"time":.5})",
                           R"({"time":[1]})",
                           R"({"time":nul})",
                           R"({"time":1,"time":2})",
                           R"({"target":"a","time":1})",
                           R"({"more":1})",
                           R"({"target":"a\"b"})",
                           "{\"target\":\"\xc3\xa4\"}",
                           "{\"target\":\"a\tb\"}",
                           R"({"t\u0069me":1})",
                           R"({"time":1,})",
                           R"({"time"1})",
                           R"(["time"])"}) {
    CAPTURE(line);
    CHECK_FALSE(is_plain(line));
  }
  CHECK(is_plain(R"({"time":1})"));
  CHECK(is_plain(R"({"time":"","sent":false})"));
}

}  // namespace
}  // namespace blipd::recorded
