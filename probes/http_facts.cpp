#include "probes/http_facts.hpp"

#include <fmt/format.h>

#include "probes/base/text.hpp"

namespace blipd::probes {

namespace {

std::string place(const HttpFacts& facts) {
  switch (facts.phase) {
    case HttpPhase::kConnect:
      return "while connecting";
    case HttpPhase::kTls:
      return "during the TLS handshake";
    case HttpPhase::kFirstByte:
      return "before the first byte of the answer";
    case HttpPhase::kBody:
      break;
  }
  if (facts.announced_bytes) {
    return fmt::format("while the body was read, after {} of {} bytes", with_commas(facts.body_bytes),
                       with_commas(*facts.announced_bytes));
  }
  return fmt::format("while the body was read, after {} bytes", with_commas(facts.body_bytes));
}

}  // namespace

std::string with_commas(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string http_end_in_words(const HttpFacts& facts, base::Duration timeout) {
  switch (facts.end) {
    case HttpEnd::kWhole:
      return "a whole answer";
    case HttpEnd::kRefused:
      return "the connection was refused";
    case HttpEnd::kReset:
      return "reset " + place(facts);
    case HttpEnd::kClosed:
      return "closed " + place(facts);
    case HttpEnd::kSilent:
      return fmt::format("nothing more within {}, {}", base::format_duration(timeout), place(facts));
    case HttpEnd::kTls:
      return fmt::format("TLS failed {}{}{}", place(facts), facts.note.empty() ? "" : ": ", facts.note);
    case HttpEnd::kMalformed:
      return fmt::format("no HTTP {}{}{}", place(facts), facts.note.empty() ? "" : ": ", facts.note);
    case HttpEnd::kOverrun:
      break;
  }
  return "not followed to its end by this machine";
}

}  // namespace blipd::probes
