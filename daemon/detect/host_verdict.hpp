// What all ways of asking one host say together, by one rule, wherever it is shown: `blipd probe`, the status, the API,
// events. Pure: facts in, a word of a closed set and a sentence out. Says what answers and what does not; never why.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/event/host.hpp"
#include "probes/result.hpp"
#include "probes/spec.hpp"

namespace blipd::detect {

enum class WayKind : std::uint8_t { kIcmp, kTcp, kDns, kOther };

struct Way {
  std::string_view probe;  // its name
  WayKind kind = WayKind::kOther;
  std::uint16_t port = 0;  // of kTcp
  event::WaySays says = event::WaySays::kUnknown;
  bool is_as_usual = true;                   // it mostly says so
  std::optional<probes::IcmpNotice> notice;  // of kUnreachable
};

// Says nothing yet.
Way way_of(const probes::ProbeSpec& spec);

// Two answers of one host that came from different distances.
struct TtlPair {
  std::uint8_t odd = 0;   // of the reset or SYN-ACK
  std::uint8_t host = 0;  // of what it is compared with
  probes::AnswerKind host_answer = probes::AnswerKind::kNone;
  bool operator==(const TtlPair&) const = default;
};
// "a reset with TTL 61, echo replies with 50"
std::string in_words(std::string_view what, const TtlPair& pair);

enum class Basis : std::uint8_t {
  kWatched,   // each way as it has been answering
  kOneRound,  // one answer each
  kNothing,   // our own link is at fault
};

event::HostVerdict verdict_of(std::span<const Way> ways);
// Whether that is no news: every way says what it mostly says.
bool is_as_usual(std::span<const Way> ways);
// `reset` belongs to a way that says kResetNearer, where it is known.
std::string verdict_in_words(std::span<const Way> ways, Basis basis, const std::optional<TtlPair>& reset);

}  // namespace blipd::detect
