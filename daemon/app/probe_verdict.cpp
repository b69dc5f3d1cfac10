#include "daemon/app/probe_verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <variant>

#include "daemon/detect/hops.hpp"
#include "daemon/detect/host_signs.hpp"
#include "daemon/detect/host_verdict.hpp"
#include "probes/base/text.hpp"
#include "probes/dns_expectation.hpp"

namespace blipd::app {

namespace {

using probes::AnswerKind;
using probes::Outcome;

std::string describe_dns(const probes::DnsFacts& dns) {
  std::string text = fmt::format(", {}", probes::rcode_name(dns.rcode));
  if (dns.authoritative) text += ", authoritative";
  if (dns.truncated) text += ", truncated";
  text += fmt::format(", {} answer{}", dns.answers, dns.answers == 1 ? "" : "s");
  if (dns.soa_serial) text += fmt::format(", serial {}", *dns.soa_serial);
  if (!dns.nsid.empty()) text += fmt::format(", server names itself {}", dns.nsid);
  if (!dns.unmet.empty()) text += fmt::format("; not as expected: {}", dns.unmet);
  return text;
}

std::string days_left(const probes::CertificateFacts& certificate, base::WallTime now) {
  const std::string date = base::format_time(certificate.not_after).substr(0, 10);
  const auto days = std::chrono::floor<std::chrono::days>(certificate.not_after - now).count();
  if (days < 0) return fmt::format("certificate ended {}", date);
  return fmt::format("certificate until {} ({} day{})", date, days, days == 1 ? "" : "s");
}

std::string describe_http(const ProbeAnswer& answer) {
  const probes::HttpFacts& http = *answer.detail.http;
  std::string text;
  if (http.status != 0) text += fmt::format(", status {}", http.status);
  constexpr std::array<const char*, probes::kHttpPhases> kPhases = {"connect", "TLS", "first byte", "body"};
  for (std::size_t i = 0; i < kPhases.size(); ++i) {
    if (http.phases[i]) text += fmt::format(", {} {:.1f} ms", kPhases[i], base::to_seconds(*http.phases[i]) * 1e3);
  }
  if (http.whole) text += fmt::format(", whole {:.1f} ms", base::to_seconds(*http.whole) * 1e3);
  if (http.end == probes::HttpEnd::kWhole) {
    text += fmt::format(", {}{} bytes", http.is_cut ? "more than " : "", probes::with_commas(http.body_bytes));
  }
  if (http.followed > 0) text += fmt::format(", {} redirect{} followed", http.followed, http.followed == 1 ? "" : "s");
  if (!http.location.empty()) text += ", redirects to " + http.location;
  if (http.certificate) text += ", " + days_left(*http.certificate, answer.at);
  // Where nothing is expected of it, how it ended is still worth saying.
  if (!http.unmet.empty()) {
    text += "; not as expected: " + http.unmet;
  } else if (http.end != probes::HttpEnd::kWhole) {
    text += "; " + probes::http_end_in_words(http, answer.spec.timeout);
  }
  return text;
}

std::string describe_answer(const ProbeAnswer& answer) {
  const auto what = [&]() -> const char* {
    switch (answer.result.answer) {
      case AnswerKind::kEchoReply:
        return "echo reply";
      case AnswerKind::kSynAck:
        return "port open (SYN-ACK)";
      case AnswerKind::kConnected:
        return "port open (connected)";
      case AnswerKind::kReset:
        return "port refused (RST): the host is there";
      case AnswerKind::kDnsMessage:
        return "DNS answer";
      case AnswerKind::kHttp:
        return "HTTP answer";
      case AnswerKind::kNone:
        break;
    }
    return "answer";
  }();
  std::string text = what;
  if (answer.result.rtt) text += fmt::format(" in {:.3f} ms", base::to_seconds(*answer.result.rtt) * 1e3);
  if (answer.result.answer_ttl != 0) text += fmt::format(", TTL {}", answer.result.answer_ttl);
  if (answer.detail.dns) text += describe_dns(*answer.detail.dns);
  if (answer.detail.http) text += describe_http(answer);
  return text;
}

bool is_answered(const ProbeAnswer& answer) { return answer.result.outcome == Outcome::kAnswered; }
bool is_kind(const ProbeAnswer& answer, AnswerKind kind) {
  return is_answered(answer) && answer.result.answer == kind && answer.result.answer_ttl != 0;
}

// What a reset or SYN-ACK is compared with: an echo reply or a DNS answer; a reset with a SYN-ACK, too.
const ProbeAnswer* host_answer(const std::vector<ProbeAnswer>& answers, bool is_reset) {
  for (const AnswerKind kind : {AnswerKind::kEchoReply, AnswerKind::kDnsMessage, AnswerKind::kSynAck}) {
    if (kind == AnswerKind::kSynAck && !is_reset) break;
    const auto found = std::ranges::find_if(answers, [&](const ProbeAnswer& a) { return is_kind(a, kind); });
    if (found != answers.end()) return &*found;
  }
  return nullptr;
}

// Absent: they came from about as far, or nothing can be compared.
std::optional<detect::TtlPair> odd_ttl(const std::vector<ProbeAnswer>& answers, const ProbeAnswer& answer) {
  const bool is_reset = is_kind(answer, AnswerKind::kReset);
  if (!is_reset && !is_kind(answer, AnswerKind::kSynAck)) return std::nullopt;
  const ProbeAnswer* const other = host_answer(answers, is_reset);
  if (other == nullptr || !detect::is_elsewhere(answer.result.answer_ttl, other->result.answer_ttl))
    return std::nullopt;
  return detect::TtlPair{answer.result.answer_ttl, other->result.answer_ttl, other->result.answer};
}

event::WaySays says(const ProbeAnswer& answer, const std::optional<detect::TtlPair>& odd) {
  using event::WaySays;
  switch (answer.result.outcome) {
    case Outcome::kLost:
      return WaySays::kSilent;
    case Outcome::kUnreachable:
      return WaySays::kUnreachable;
    case Outcome::kAborted:
      return WaySays::kUnknown;
    case Outcome::kAnswered:
      break;
  }
  if (answer.result.answer == AnswerKind::kReset) {
    return odd && detect::is_nearer(odd->odd, odd->host) ? WaySays::kResetNearer : WaySays::kRefused;
  }
  return answer.result.service == probes::Service::kNotAsExpected ? WaySays::kNotAsExpected : WaySays::kAnswers;
}

}  // namespace

std::string describe(const ProbeAnswer& answer) {
  switch (answer.result.outcome) {
    case Outcome::kAnswered:
      return describe_answer(answer);
    case Outcome::kLost:
      return fmt::format("no answer within {}", base::format_duration(answer.spec.timeout));
    case Outcome::kUnreachable:
      if (!answer.result.notice) return "unreachable";
      return fmt::format("unreachable, says {} (ICMP type {} code {})", answer.result.notice->sender.to_string(),
                         answer.result.notice->type, answer.result.notice->code);
    case Outcome::kAborted:
      break;
  }
  switch (answer.result.abort_reason) {
    case probes::AbortReason::kUnresolved:
      return "not asked: the name does not resolve, or its address is on the do-not-probe list";
    case probes::AbortReason::kSendError:
      return "not asked: this machine could not send";
    default:
      return "not judged";
  }
}

std::string compare(const std::vector<ProbeAnswer>& answers) {
  std::vector<detect::Way> ways;
  std::optional<detect::TtlPair> nearer;
  std::string signs;
  std::set<event::HostSign> further;
  for (const ProbeAnswer& answer : answers) {
    further.insert(answer.signs.begin(), answer.signs.end());
    const auto odd = odd_ttl(answers, answer);
    detect::Way way = detect::way_of(answer.spec);
    way.says = says(answer, odd);
    if (way.says == event::WaySays::kUnreachable) way.notice = answer.result.notice;
    ways.push_back(way);
    if (way.says == event::WaySays::kResetNearer) {
      nearer = odd;
    } else if (odd) {
      signs += "; " + detect::in_words(answer.result.answer == AnswerKind::kReset ? "reset" : "SYN-ACK", *odd);
    }
  }
  for (const event::HostSign sign : further) signs += "; " + detect::in_words(sign, {});
  return detect::verdict_in_words(ways, detect::Basis::kOneRound, nearer) + signs;
}

}  // namespace blipd::app
