// What one HTTP exchange showed, for people, metrics and judging: plain values. Whatever a stranger wrote is printable
// and bounded here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "probes/base/time.hpp"

namespace blipd::probes {

// What lies one behind the other in an exchange. Each is timed by itself.
enum class HttpPhase : std::uint8_t {
  kConnect,    // one round trip of the TCP handshake, by the kernel
  kTls,        // the TLS handshake
  kFirstByte,  // from the request to the first byte of its answer
  kBody,       // from there to the last
};
inline constexpr std::size_t kHttpPhases = 4;
inline constexpr std::array<std::string_view, kHttpPhases> kHttpPhaseNames = {"connect", "tls", "first_byte", "body"};

enum class HttpEnd : std::uint8_t {
  kWhole,      // a whole answer, or as much of its body as is wanted
  kRefused,    // a reset in the place of a TCP handshake
  kReset,      // a reset after it
  kClosed,     // the other side ended the connection before the answer was whole
  kSilent,     // nothing more until the timeout
  kTls,        // the TLS handshake failed, or what came over TLS was broken
  kMalformed,  // no HTTP
  kOverrun,    // our own side did not get round to it in time
};
inline constexpr std::size_t kHttpEnds = 8;
inline constexpr std::array<std::string_view, kHttpEnds> kHttpEndNames = {"whole",  "refused", "reset",     "closed",
                                                                          "silent", "tls",     "malformed", "overrun"};

struct CertificateFacts {
  base::WallTime not_after{};
  std::string subject, issuer;  // as RFC 4514 writes names
  std::string fault;            // why it proves nothing for the name that was asked for; empty: it does
};

struct HttpFacts {
  HttpEnd end = HttpEnd::kWhole;
  HttpPhase phase = HttpPhase::kBody;                             // in which it ended
  std::array<std::optional<base::Duration>, kHttpPhases> phases;  // of the last request, as far as they were passed
  std::optional<base::Duration> whole;           // of kWhole: from the first SYN on, redirects included
  std::uint16_t status = 0;                      // 0: none came
  std::string version;                           // "1.1"; empty as long as there is no status
  std::uint64_t body_bytes = 0;                  // that were read
  std::optional<std::uint64_t> announced_bytes;  // by Content-Length
  bool is_cut = false;                           // the body is longer than is read
  std::string location;                          // where a redirect that was not followed leads
  std::uint8_t followed = 0;                     // redirects
  std::optional<CertificateFacts> certificate;
  std::string note;   // of kTls and kMalformed: what was wrong, in the words of the library that noticed
  std::string unmet;  // the first expectation that was not met, empty when all were
};

// How it ended: "reset while the body was read, after 1,024 of 8,192 bytes", "nothing more within 3s, during the TLS
// handshake", "a whole answer". `timeout` is that of the probe.
std::string http_end_in_words(const HttpFacts& facts, base::Duration timeout);

// 1,024
std::string with_commas(std::uint64_t number);

}  // namespace blipd::probes
