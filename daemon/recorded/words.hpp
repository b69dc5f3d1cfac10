// How outcomes, reasons, kinds of answers and ways of asking are spelled in recorded results: for writing and for
// reading them.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "probes/result.hpp"
#include "probes/spec.hpp"

namespace blipd::recorded {

// In the order of probes::Outcome; a line of the last kind is about an answer that came after its probe was lost.
inline constexpr std::array<std::string_view, 5> kOutcomes = {"answered", "lost", "unreachable", "aborted", "late"};
inline constexpr std::size_t kLateOutcome = 4;

// In the order of probes::AbortReason, as in blipd_probes_aborted_total.
inline constexpr std::array<std::string_view, 6> kReasons = {"",      "send_error", "unresolved", "vantage_fault",
                                                             "clock", "overrun"};

// In the order of probes::AnswerKind.
inline constexpr std::array<std::string_view, 7> kAnswers = {"",          "echo_reply",  "syn_ack", "reset",
                                                             "connected", "dns_message", "http"};

// In the order of probes::ProbeSpec::ask, as in the configuration.
inline constexpr std::array<std::string_view, 4> kTypes = {"icmp", "tcp", "dns", "http"};

// What answers such a probe when nothing is amiss; only other kinds are written.
inline probes::AnswerKind usual_answer(const probes::ProbeSpec& spec) {
  if (std::holds_alternative<probes::DnsSpec>(spec.ask)) return probes::AnswerKind::kDnsMessage;
  if (std::holds_alternative<probes::HttpSpec>(spec.ask)) return probes::AnswerKind::kHttp;
  return std::holds_alternative<probes::TcpSpec>(spec.ask) ? probes::AnswerKind::kSynAck
                                                           : probes::AnswerKind::kEchoReply;
}

constexpr std::optional<std::size_t> find_word(std::span<const std::string_view> words, std::string_view word) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == word) return i;
  }
  return std::nullopt;
}

// "answered, lost, unreachable, aborted or late"
inline std::string listed(std::span<const std::string_view> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].empty()) continue;
    if (!text.empty()) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace blipd::recorded
