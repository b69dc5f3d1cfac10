#include "daemon/recorded/plain_json.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "daemon/recorded/json_rows.hpp"

namespace blipd::recorded {
namespace {

const std::string kPlain =
    R"({"time":1417392000.244371304,"country":"KP","network":"star-176","target":"airline","probe":"web","type":"tcp",)"
    R"("upstream":"AS4837","outcome":"aborted","rtt":null,"settled":3.050000000,"reason":"clock","sent":true})";

constexpr std::size_t kLongest = 19;  // two words of the processor, and some more

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

TEST_CASE("Of a number every byte is looked at, wherever it stands", "[recorded]") {
  for (std::size_t size = 1; size <= kLongest; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string number(size, '1');
        number[at] = static_cast<char>(byte);
        const bool is_digit = byte >= '0' && byte <= '9';
        const bool is_point = byte == '.' && at > 0 && at + 1 < size;
        const std::string line = "{\"time\":" + number + "}";  // which the row looks into
        Row row;
        const bool is_read = read_plain_json(line, row);
        if (is_read != (is_digit || is_point)) FAIL("size " << size << ", byte " << byte << " at " << at);
        if (is_read && row[Field::kTime] != number) FAIL(number << " was read as " << row[Field::kTime]);
      }
    }
  }
}

TEST_CASE("Of a text every byte is looked at, wherever it stands", "[recorded]") {
  for (std::size_t size = 1; size <= kLongest; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(byte);
        const bool is_fine = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
        // A quote ends the text: what follows it is then no line of ours.
        Row row;
        const bool is_read = read_plain_json(R"({"target":")" + text + "\"}", row);
        if (is_read != is_fine) FAIL("size " << size << ", byte " << byte << " at " << at);
      }
    }
  }
  Row row;
  const std::string line = R"({"target":"twenty bytes of text","probe":"ping"})";
  REQUIRE(read_plain_json(line, row));
  CHECK(row[Field::kTarget] == "twenty bytes of text");
  CHECK(row[Field::kProbe] == "ping");
}

}  // namespace
}  // namespace blipd::recorded
