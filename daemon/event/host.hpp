// The words for one host that is asked in several ways: what each way says, what all of them say together, and signs
// that something else answers in the host's place. Closed sets and their names as metrics, the API and events spell
// them. What they mean, and how sure each is, stands in docs/hosts.md. None names a cause.
#pragma once

#include <array>
#include <cstdint>

namespace blipd::event {

// What one way of asking says now.
enum class WaySays : std::uint8_t {
  kAnswers,
  kNotAsExpected,  // it answers, but not what the configuration expects
  kRefused,        // a reset, or the host's own word that the port is closed: the host is there
  kResetNearer,    // a reset that came from nearer than the host's other answers
  kUnreachable,    // an ICMP error says so
  kSilent,
  kNeverAnswered,  // since it has been asked, so that its silence is no news
  kUnknown,        // not asked yet, too few answers to tell, or our own link is at fault
};
inline constexpr std::array<const char*, 8> kWaySaysNames = {
    "answers", "not-as-expected", "refused", "reset-nearer", "unreachable", "silent", "never-answered", "unknown"};

enum class HostVerdict : std::uint8_t {
  kUpAll,
  kIcmpFiltered,      // all but ICMP
  kPortRefused,       // all, and a port is refused
  kDnsOnly,           // DNS and nothing else
  kIcmpOnly,          // ICMP and nothing else
  kNameServerSilent,  // all but DNS
  kUpPartly,          // some, in another mixture
  kResetNearer,
  kUnreachable,  // none, and an ICMP error says so
  kSilent,       // none
  kUnknown,
};
inline constexpr std::array<const char*, 11> kHostVerdictNames = {
    "up-all",    "icmp-filtered", "port-refused", "dns-only", "icmp-only", "name-server-silent-others-up",
    "up-partly", "reset-nearer",  "unreachable",  "silent",   "unknown"};

enum class HostSign : std::uint8_t {
  kTwoDnsAnswers,        // two answers to one query that say different things
  kAnswerFromElsewhere,  // the answer to a query, but not from whom was asked
  kResetTtl,             // a reset from another distance than the host's other answers
  kSynAckTtl,            // a SYN-ACK from another distance
};
inline constexpr std::array<const char*, 4> kHostSignNames = {"two-dns-answers", "answer-from-elsewhere", "reset-ttl",
                                                              "synack-ttl"};

}  // namespace blipd::event
