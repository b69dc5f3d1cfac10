#include "probes/base/text.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace blipd::base;
using namespace std::chrono_literals;

namespace {
constexpr Duration kLongest = Duration::max();
Duration at(std::string_view text) { return parse_time(text).value().time_since_epoch(); }
}  // namespace

TEST_CASE("every unit of a duration is understood") {
  const auto [text, duration] = GENERATE(table<const char*, Duration>({
      {"1y", 365 * 24h},
      {"1w", 7 * 24h},
      {"1d", 24h},
      {"1h", 1h},
      {"1m", 1min},
      {"1s", 1s},
      {"1ms", 1ms},
      {"1us", 1us},
      {"1ns", 1ns},
      {"0", 0s},
      {"0s", 0s},
      {"007s", 7s},
      {"500ms", 500ms},
      {"1m30s", 90s},
      {"90s", 90s},
      {"1h500ms", 1h + 500ms},
      {"1y2w3d4h5m6s7ms8us9ns", 365 * 24h + 14 * 24h + 72h + 4h + 5min + 6s + 7ms + 8us + 9ns},
  }));
  INFO(text);
  CHECK(parse_duration(text).value() == duration);
}

TEST_CASE("what is no duration is refused with an example of one") {
  const auto text = GENERATE(as<std::string>{}, "", " ", "5", "00", "s", "ms5", "5 s", " 5s", "5s ", "-5s", "+5s",
                             "1.5h", "5S", "5sec", "5min", "5\xc2\xb5s", "30s1m", "1ms1s", "1s1s", "1m1h", "1s5", "1s0",
                             "0x5s", "1e3s", std::string("5s\0", 3));
  INFO(text);
  const auto parsed = parse_duration(text);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().text == "'" + text + "' is not a duration; write one like 500ms, 5s or 1m30s");
}

TEST_CASE("the longest duration is read, one nanosecond more is refused") {
  CHECK(parse_duration("9223372036854775807ns").value() == kLongest);
  CHECK_FALSE(parse_duration("9223372036854775808ns"));
  CHECK(parse_duration("106751d23h47m16s854ms775us807ns").value() == kLongest);
  CHECK_FALSE(parse_duration("106751d23h47m16s854ms775us808ns"));
  CHECK(parse_duration("292y"));
  CHECK_FALSE(parse_duration("293y"));
  CHECK(parse_duration("292y171d"));
  CHECK_FALSE(parse_duration("292y172d"));
  CHECK(parse_duration("15250w1d"));
  CHECK_FALSE(parse_duration("15250w2d"));
  const auto parsed = parse_duration("99999999999999999999999999s");
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().text == "'99999999999999999999999999s' is too long a duration; the longest is 292y");
}

TEST_CASE("durations are written in the form in which people give them") {
  const auto [duration, text] = GENERATE(table<Duration, const char*>({
      {0s, "0s"},         {1ns, "1ns"},      {999us, "999us"},    {500ms, "500ms"}, {1500ms, "1s500ms"},
      {59s, "59s"},       {60s, "1m"},       {90s, "1m30s"},      {1h, "1h"},       {1h + 1ns, "1h1ns"},
      {24h, "1d"},        {6 * 24h, "6d"},   {7 * 24h, "1w"},     {8 * 24h, "8d"},  {30 * 24h, "30d"},
      {364 * 24h, "52w"}, {365 * 24h, "1y"}, {366 * 24h, "366d"}, {-90s, "-1m30s"},
  }));
  CHECK(format_duration(duration) == text);
}

TEST_CASE("a written duration reads back as itself") {
  constexpr unsigned kSeed = 1419;
  INFO("seed " << kSeed);
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 10'000; ++i) {
    const Duration duration(static_cast<Duration::rep>(random() >> (1U + random() % 63U)));
    INFO(duration.count());
    REQUIRE(parse_duration(format_duration(duration)).value() == duration);
  }
  CHECK(parse_duration(format_duration(kLongest)).value() == kLongest);
}

TEST_CASE("even the most negative duration has a text") {
  CHECK(format_duration(Duration::min()) == "-106751d23h47m16s854ms775us808ns");
}

TEST_CASE("RFC 3339 times are understood") {
  const auto [text, time] = GENERATE(table<const char*, Duration>({
      {"2014-12-22T16:15:00Z", 1419264900s},
      {"1970-01-01T00:00:00Z", 0s},
      {"1969-12-31T23:59:59.999Z", -1ms},
      // The examples of RFC 3339, 5.8.
      {"1985-04-12T23:20:50.52Z", 482196050s + 520ms},
      {"1996-12-19T16:39:57-08:00", 851042397s},
      {"1990-12-31T23:59:60Z", 662688000s},
      {"1990-12-31T15:59:60-08:00", 662688000s},
      {"1937-01-01T12:00:27.87+00:20", -1041337173s + 870ms},
      // Letters in lower case and a blank (5.6), an unknown local offset (4.3), Pyongyang's own time.
      {"2014-12-22t16:15:00z", 1419264900s},
      {"2014-12-22 16:15:00Z", 1419264900s},
      {"2014-12-22T16:15:00-00:00", 1419264900s},
      {"2014-12-23T01:15:00+09:00", 1419264900s},
      {"2014-12-21T16:16:00-23:59", 1419264900s},
      {"2014-12-22T16:15:00.123456789Z", 1419264900s + 123456789ns},
      {"2014-12-22T16:15:00.1234567899Z", 1419264900s + 123456789ns},
      {"2000-02-29T00:00:00Z", 951782400s},
      {"2262-04-11T23:47:15Z", 9223372035s},
      {"1677-09-21T00:12:45Z", -9223372035s},
  }));
  INFO(text);
  CHECK(at(text) == time);
}

TEST_CASE("Unix times are understood, with their fraction") {
  CHECK(at("0") == 0s);
  CHECK(at("1419264900") == 1419264900s);
  CHECK(at("1419264900.5") == 1419264900s + 500ms);
  CHECK(at("1419264900.000000001") == 1419264900s + 1ns);
  CHECK(at("1419264900.0000000019") == 1419264900s + 1ns);
  CHECK(at("9223372035.999999999") == 9223372035s + 999999999ns);
}

TEST_CASE("a date is the moment at which it begins, in UTC") {
  CHECK(at("2014-12-22") == at("2014-12-22T00:00:00Z"));
  CHECK(at("2000-02-29") == at("951782400"));
}

TEST_CASE("what is no time is refused with an example of one") {
  const auto text = GENERATE(
      as<std::string>{}, "", "now", "2014-12-2", "2014-12-32", "2014-12-22T", "2014-12-22T16:15:00",
      "2014-12-22T16:15Z", "2014-12-22T16:15:00.Z", "2014-12-22T16:15:00Z ", " 2014-12-22T16:15:00Z",
      "2014-12-22T16:15:00+0900", "2014-12-22T16:15:00+09", "2014-12-22T16:15:00+24:00", "2014-12-22T16:15:00+09:60",
      "2014-12-22_16:15:00Z", "14-12-22T16:15:00Z", "2014-1-22T16:15:00Z", "2014-00-22T16:15:00Z",
      "2014-13-22T16:15:00Z", "2014-12-00T16:15:00Z", "2014-12-32T16:15:00Z", "2014-11-31T16:15:00Z",
      "2015-02-29T16:15:00Z", "1900-02-29T16:15:00Z", "2014-12-22T24:00:00Z", "2014-12-22T16:60:00Z",
      "2014-12-22T16:15:61Z", "2014-12-22T16:15:60Z", "2014-12-22T-6:15:00Z", "2014-12-22T16:15:00ZZ",
      "0000-00-00T00:00:00Z", "9999-12-31T23:59:59Z", "2262-04-11T23:47:16Z", "1677-09-21T00:12:44Z", "-1", "+1", "1e9",
      ".5", "5.", ".", "1.2.3", "9223372036", "99999999999999999999", "0x10");
  INFO(text);
  const auto parsed = parse_time(text);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().text == "'" + text + "' is not a time; write one like 2014-12-22T16:15:00Z or 1419264900");
}

TEST_CASE("times are written in UTC, cut to milliseconds") {
  CHECK(format_time(WallTime(1419264900s)) == "2014-12-22T16:15:00.000Z");
  CHECK(format_time(WallTime(1419264900s + 999'999'999ns)) == "2014-12-22T16:15:00.999Z");
  CHECK(format_time(WallTime{}) == "1970-01-01T00:00:00.000Z");
  CHECK(format_time(WallTime(-1ns)) == "1969-12-31T23:59:59.999Z");
  CHECK(format_time(WallTime(951782400s)) == "2000-02-29T00:00:00.000Z");
  CHECK(format_time(WallTime::max()) == "2262-04-11T23:47:16.854Z");
  CHECK(format_time(WallTime::min()) == "1677-09-21T00:12:43.145Z");
}

TEST_CASE("a written time reads back as itself") {
  constexpr unsigned kSeed = 2014;
  INFO("seed " << kSeed);
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 5'000; ++i) {
    const WallTime time(
        std::chrono::milliseconds(static_cast<std::int64_t>(random() % 18'000'000'000'000ULL) - 9'000'000'000'000LL));
    REQUIRE(parse_time(format_time(time)).value() == time);
  }
}
