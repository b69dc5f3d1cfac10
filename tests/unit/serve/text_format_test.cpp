#include "daemon/serve/text_format.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "tests/unit/serve/sample.hpp"

using namespace blipd;
using namespace blipd::serve;

namespace {

std::string number(double value) {
  std::string out;
  append_number(out, value);
  return out;
}

std::string label_value(std::string_view value) {
  std::string out;
  append_label_value(out, value);
  return out;
}

std::string target_labels(const ChannelLabels& labels, std::size_t index) {
  std::string out;
  labels.append_target(out, index);
  return out;
}

std::string channel_labels(const ChannelLabels& labels, std::size_t index) {
  std::string out;
  labels.append_channel(out, index);
  return out;
}

}  // namespace

TEST_CASE("numbers are written in their shortest exact form") {
  CHECK(number(0) == "0");
  CHECK(number(0.1) == "0.1");
  CHECK(number(1.0) == "1");
  CHECK(std::stod(number(0.1 + 0.2)) == 0.1 + 0.2);
  CHECK(number(1419264900.25) == "1419264900.25");
  std::string count;
  append_number(count, std::numeric_limits<std::uint64_t>::max());
  CHECK(count == "18446744073709551615");
}

TEST_CASE("times are written as the seconds that they are") {
  const auto seconds = [](base::Duration value) {
    std::string out;
    append_seconds(out, value);
    return out;
  };
  using namespace std::chrono_literals;
  CHECK(seconds(0ns) == "0");
  CHECK(seconds(1ns) == "0.000000001");
  CHECK(seconds(50ms) == "0.05");
  CHECK(seconds(999999999ns) == "0.999999999");
  CHECK(seconds(1s) == "1");
  CHECK(seconds(-250ms) == "-0.25");
  for (std::int64_t ns = 1; ns < 70'000'000'000; ns = ns * 13 / 7 + 1) {
    CHECK(std::stod(seconds(base::Duration(ns))) == base::to_seconds(base::Duration(ns)));
  }
}

TEST_CASE("numbers that are none are spelled as the format spells them") {
  CHECK(number(std::numeric_limits<double>::quiet_NaN()) == "NaN");
  CHECK(number(std::numeric_limits<double>::infinity()) == "+Inf");
  CHECK(number(-std::numeric_limits<double>::infinity()) == "-Inf");
}

TEST_CASE("label values escape backslash, quote and line feed and nothing else") {
  CHECK(label_value(R"(a\b"c)") == R"(a\\b\"c)");
  CHECK(label_value("a\nb") == R"(a\nb)");
  CHECK(label_value("평양\t{},=") == "평양\t{},=");
}

TEST_CASE("bytes that are not UTF-8 become replacement characters") {
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(replace_invalid_utf8("a\xFFz") == "a" + bad + "z");
  CHECK(replace_invalid_utf8("\xC0\xAF") == bad + bad);                      // overlong
  CHECK(replace_invalid_utf8("\xE0\x9F\xBF") == bad + bad + bad);            // overlong, just below U+0800
  CHECK(replace_invalid_utf8("\xE0\xA0\x80") == "\xE0\xA0\x80");             // U+0800
  CHECK(replace_invalid_utf8("\xED\x9F\xBF") == "\xED\x9F\xBF");             // just below the surrogates
  CHECK(replace_invalid_utf8("\xED\xA0\x80") == bad + bad + bad);            // a surrogate
  CHECK(replace_invalid_utf8("\xF0\x8F\xBF\xBF") == bad + bad + bad + bad);  // overlong, just below U+10000
  CHECK(replace_invalid_utf8("\xF4\x8F\xBF\xBF") == "\xF4\x8F\xBF\xBF");     // U+10FFFF
  CHECK(replace_invalid_utf8("\xF4\x90\x80\x80") == bad + bad + bad + bad);  // above
  CHECK(replace_invalid_utf8("\xE2\x82") == bad + bad);                      // cut short
}

TEST_CASE("a channel's labels name country, network, target and probe, and a control has an empty country") {
  const ChannelLabels labels(std::make_shared<const config::Plan>(sample::small_plan()));
  CHECK(target_labels(labels, 0) == R"(country="KP",network="star-jv",target="ns1")");
  CHECK(channel_labels(labels, 1) == R"(country="KP",network="star-jv",target="ns1",probe="soa")");
  CHECK(channel_labels(labels, 3) == R"(country="",network="anycast-1",target="anycast-1",probe="ping")");
}

TEST_CASE("inactive rows have no labels and move no other") {
  config::Plan plan = sample::small_plan();
  plan.channels[1].is_active = false;
  plan.targets[0].is_active = false;
  const ChannelLabels labels(std::make_shared<const config::Plan>(plan));
  CHECK(target_labels(labels, 0).empty());
  CHECK(channel_labels(labels, 1).empty());
  CHECK(target_labels(labels, 1) == R"(country="KP",network="koryolink",target="phone")");
  CHECK(channel_labels(labels, 2) == R"(country="KP",network="koryolink",target="phone",probe="ping")");
}
