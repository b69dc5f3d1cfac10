#include "daemon/page/hosts_table.hpp"

namespace blipd::page {

namespace {

using event::HostSign;
using event::HostVerdict;

// The state whose sign and colour a verdict has.
const char* state_of(HostVerdict verdict) {
  switch (verdict) {
    case HostVerdict::kUpAll:
      return "up";
    case HostVerdict::kSilent:
    case HostVerdict::kUnreachable:
      return "down";
    case HostVerdict::kUnknown:
      return "unknown";
    default:
      return "partial";
  }
}

const char* sentence_of(HostSign sign) {
  switch (sign) {
    case HostSign::kTwoDnsAnswers:
      return "two DNS answers to one query";
    case HostSign::kAnswerFromElsewhere:
      return "an answer from elsewhere";
    case HostSign::kResetTtl:
      return "a reset from another distance";
    case HostSign::kSynAckTtl:
      break;
  }
  return "a SYN-ACK from another distance";
}

}  // namespace

Html hosts_table(const event::Evidence& evidence, event::Moment moment) {
  Html rows;
  for (const event::HostEvidence& host : evidence.hosts) {
    if (host.moment != moment) continue;
    rows("<tr><th scope=\"row\">", host.network, "/", host.target, "</th><td><span class=\"sign\" data-state=\"",
         state_of(host.verdict), "\">", event::kHostVerdictNames[static_cast<std::size_t>(host.verdict)],
         "</span></td><td>", host.words, "</td><td>");
    const char* comma = "";
    for (const event::WayEvidence& way : host.ways) {
      rows(comma, way.probe, ": ", event::kWaySaysNames[static_cast<std::size_t>(way.says)]);
      comma = ", ";
    }
    rows("</td><td>");
    comma = "";
    for (const HostSign sign : host.signs) {
      rows(comma, sentence_of(sign));
      comma = ", ";
    }
    rows(host.signs.empty() ? "none" : "", "</td></tr>\n");
  }
  Html html;
  if (rows.is_empty()) return html;
  html(
      "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Hosts\"><table class=\"hosts\"><thead><tr><th "
      "scope=\"col\">Host</th><th scope=\"col\">Verdict</th><th scope=\"col\">In words</th><th scope=\"col\">By each "
      "way</th><th scope=\"col\">Signs of interference</th></tr></thead><tbody>\n",
      rows, "</tbody></table></div>\n");
  return html;
}

}  // namespace blipd::page
