#include "daemon/app/host_watch.hpp"

#include <fmt/format.h>

#include <map>
#include <string>

#include "daemon/detect/judge.hpp"

namespace blipd::app {

using engine::Severity;

namespace {

// "icmp-filtered 2, silent 12"
std::string summary(const event::Evidence& evidence) {
  std::map<std::string, int> counts;
  for (const event::HostEvidence& host : evidence.hosts) {
    ++counts[event::kHostVerdictNames[static_cast<std::size_t>(host.verdict)]];
  }
  std::string text;
  for (const auto& [verdict, count] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", verdict, count);
  return text;
}

}  // namespace

void HostWatch::tick(const base::Moment& now) {
  const detect::Judge& judge = pipeline_.judge();
  for (detect::HostInquiry::Finding& finding : inquiry_.take_findings(now, judge)) {
    const event::Moment moment = finding.evidence.hosts.front().moment;
    const std::string words = summary(finding.evidence);
    const std::string hosts = std::to_string(finding.evidence.hosts.size());
    if (!pipeline_.attach(finding.event_id, std::move(finding.evidence))) continue;
    log_.write(Severity::kInfo, "hosts_attached", words,
               {{"id", finding.event_id},
                {"moment", event::kMomentNames[static_cast<std::size_t>(moment)]},
                {"hosts", hosts}});
  }
  if (judge.signs_passed_over() == 0 || std::exchange(has_passed_over_, true)) return;
  log_.write(Severity::kWarning, "signs_passed_over",
             fmt::format("{} targets show signs of interference; those of others are only counted together",
                         detect::HostSigns::kMostTargets));
}

}  // namespace blipd::app
