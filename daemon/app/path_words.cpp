#include "daemon/app/path_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

namespace blipd::app {

namespace {

using event::PathEnd;

// What a router says of itself may be meant for a terminal.
std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return std::iscntrl(c) != 0 || c >= 0x80; }, '?');
  return text;
}

const char* end_in_words(PathEnd end) {
  switch (end) {
    case PathEnd::kReached:
      return "reached the host";
    case PathEnd::kUnreachable:
      return "the last one said that there is no way on";
    case PathEnd::kSilent:
      return "silent from there on";
    case PathEnd::kTooLong:
      return "as many hops as are asked at most, and not at the host";
    case PathEnd::kAborted:
      break;
  }
  return "could not be traced";
}

}  // namespace

std::string describe(const event::PathSeen& path) {
  std::string text;
  const auto out = std::back_inserter(text);
  for (const event::PathHop& hop : path.hops) {
    if (hop.address.empty()) {
      fmt::format_to(out, "    {:>2}  silent\n", hop.distance);
      continue;
    }
    const std::string number = hop.as_number == 0 ? std::string() : fmt::format("AS{}", hop.as_number);
    const std::string time =
        hop.round_trip ? fmt::format("{:.2f} ms", 1000 * base::to_seconds(*hop.round_trip)) : std::string();
    std::string line = fmt::format("    {:>2}  {:<24} {:<12} {:>10}", hop.distance, hop.address, number, time);
    for (const std::uint32_t label : hop.labels) line += fmt::format("  MPLS {}", label);
    if (!hop.interface.empty()) line += "  in by " + printable(hop.interface);
    text += line.erase(line.find_last_not_of(' ') + 1) + "\n";
  }
  fmt::format_to(out, "        {}\n", end_in_words(path.end));
  return text;
}

}  // namespace blipd::app
