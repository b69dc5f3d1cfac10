// Durations, times, addresses and prefixes: what is read is written so that it reads back as itself.
#include <chrono>
#include <string_view>

#include "probes/base/address.hpp"
#include "probes/base/text.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace blipd;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto duration = base::parse_duration(text)) {
    must(*duration >= base::Duration::zero(), "no duration is negative");
    must(base::parse_duration(base::format_duration(*duration)) == *duration, "a duration reads back");
  }
  if (const auto time = base::parse_time(text)) {
    const auto again = base::parse_time(base::format_time(*time));
    must(again.has_value(), "a time reads back");
    must(*again == base::WallTime(std::chrono::floor<std::chrono::milliseconds>(time->time_since_epoch())),
         "a time is cut to milliseconds and no further");
  }
  if (const auto address = base::Address::parse(text)) {
    must(base::Address::parse(address->to_string()) == *address, "an address reads back");
  }
  if (const auto prefix = base::Prefix::parse(text)) {
    must(base::Prefix::parse(prefix->to_string()) == *prefix, "a prefix reads back");
    must(prefix->contains(prefix->address()), "a prefix holds its own address");
  }
  return 0;
}
