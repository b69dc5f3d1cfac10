#include "daemon/app/probe_verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <variant>

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

bool is_icmp(const ProbeAnswer& answer) { return std::holds_alternative<probes::IcmpSpec>(answer.spec.ask); }
bool is_answered(const ProbeAnswer& answer) { return answer.result.outcome == Outcome::kAnswered; }
bool is_judged(const ProbeAnswer& answer) { return answer.result.outcome != Outcome::kAborted; }
bool is_refusal(const ProbeAnswer& answer) { return is_answered(answer) && answer.result.answer == AnswerKind::kReset; }

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
  if (std::ranges::none_of(answers, is_judged)) return "not known: nothing could be asked";
  if (std::ranges::none_of(answers, is_answered)) return "no answer by any way";
  const bool is_all = std::ranges::all_of(answers, [](const auto& a) { return !is_judged(a) || is_answered(a); });
  std::string text = is_all ? "up: answers every way that it was asked" : "up, but not by every way";
  const bool has_icmp = std::ranges::any_of(answers, [](const auto& a) { return is_icmp(a) && is_judged(a); });
  const bool answers_icmp = std::ranges::any_of(answers, [](const auto& a) { return is_icmp(a) && is_answered(a); });
  if (has_icmp && !answers_icmp) text += "; ICMP is not answered, others are";
  if (answers_icmp && !is_all) text += "; ICMP is answered";
  if (std::ranges::any_of(answers, is_refusal)) text += "; a port is refused, the host is alive";
  const bool is_amiss =
      std::ranges::any_of(answers, [](const auto& a) { return a.result.service == probes::Service::kNotAsExpected; });
  if (is_amiss) text += "; an answer is not as expected";
  return text;
}

}  // namespace blipd::app
