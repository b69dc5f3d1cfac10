#include "daemon/page/words.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <limits>
#include <string>

using namespace blipd;
using namespace std::chrono_literals;
using namespace page;

TEST_CASE("A share is never said to be all or nothing where it is not") {
  // script/words.test.mjs holds the script to the same.
  std::ifstream file(BLIPD_SOURCE_DIR "/tests/unit/page/shares.txt");
  int shares = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    CAPTURE(line);
    const std::size_t tab = line.find('\t');
    CHECK(percent(std::stod(line.substr(0, tab))) == line.substr(tab + 1));
    ++shares;
  }
  CHECK(shares > 10);
  CHECK(percent(std::nullopt) == "unknown");
  CHECK(percent(std::numeric_limits<double>::quiet_NaN()) == "unknown");
}

TEST_CASE("Lengths of time have two units at most, and round over them") {
  CHECK(length_in_words(0s) == "0\u00A0s");
  CHECK(length_in_words(59s) == "59\u00A0s");
  CHECK(length_in_words(60s) == "1\u00A0min");
  CHECK(length_in_words(9h + 31min) == "9\u00A0h 31\u00A0min");
  CHECK(length_in_words(59min + 59s) == "59\u00A0min 59\u00A0s");
  CHECK(length_in_words(1h + 29s) == "1\u00A0h");
  CHECK(length_in_words(1h + 30s) == "1\u00A0h 1\u00A0min");
  CHECK(length_in_words(23h + 59min + 30s) == "1\u00A0d");
  CHECK(length_in_words(24h * 3 + 4h) == "3\u00A0d 4\u00A0h");
}

TEST_CASE("Counts are set in threes from five digits on") {
  CHECK(count_in_words(0) == "0");
  CHECK(count_in_words(9999) == "9999");
  CHECK(count_in_words(10000) == "10\u202F000");
  CHECK(count_in_words(1234567) == "1\u202F234\u202F567");
  CHECK(size_in_words(0) ==
        "0\u00A0"
        "B");
  CHECK(size_in_words(1023) ==
        "1023\u00A0"
        "B");
  CHECK(size_in_words(1024) == "1.0\u00A0KiB");
  CHECK(size_in_words(10189) == "10\u00A0KiB");
  CHECK(size_in_words((1 << 20) - 513) == "1023\u00A0KiB");
  CHECK(size_in_words((1 << 20) - 512) == "1.0\u00A0MiB");
  CHECK(size_in_words(std::uint64_t{3000} << 30) == "3000\u00A0GiB");
}

TEST_CASE("An interval is its middle and how far off that may be") {
  const base::WallTime at(1419264900s);
  CHECK(span_element({at, at}).text() == "<time datetime=\"2014-12-22T16:15:00Z\">22\u00A0Dec 2014 16:15:00</time>");
  const std::string doubtful = span_element({at, at + 4s}).text();
  CHECK(doubtful.find("16:15:02</time>") != std::string::npos);
  CHECK(doubtful.find("±\u00A0"
                      "2\u00A0s") != std::string::npos);
}

TEST_CASE("Round trips have three figures at most") {
  CHECK(round_trip_in_words(0.00042) == "0.42\u00A0ms");
  CHECK(round_trip_in_words(0.0042) == "4.2\u00A0ms");
  CHECK(round_trip_in_words(0.42) == "420\u00A0ms");
  CHECK(round_trip_in_words(1.214) == "1.21\u00A0s");
  CHECK(round_trip_in_words(std::nullopt) == "unknown");
}
