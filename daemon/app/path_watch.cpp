#include "daemon/app/path_watch.hpp"

#include "daemon/event/words.hpp"

namespace blipd::app {

using engine::Severity;

void PathWatch::tick(engine::Engine& engine, base::MonoTime now) {
  for (const probes::TracedPath& path : engine.take_paths()) {
    if (inquiry_.on_path(path)) {
      log_.write(
          Severity::kInfo, "path_changed", "",
          {{"trace", path.name}, {"target", path.target.to_string()}, {"hops", std::to_string(path.hops.size())}});
    }
  }
  if (const auto wishes = inquiry_.take_wishes(); !wishes.empty()) engine.trace_now(wishes);
  for (evidence::PathInquiry::Finding& finding : inquiry_.take_findings(now)) {
    const event::Moment moment = finding.evidence.paths.front().moment;
    const std::string words = event::loss_in_words(finding.evidence);
    const std::string paths = std::to_string(finding.evidence.paths.size());
    if (!pipeline_.attach(finding.event_id, std::move(finding.evidence))) continue;
    log_.write(Severity::kInfo, "paths_attached", words,
               {{"id", finding.event_id},
                {"moment", event::kMomentNames[static_cast<std::size_t>(moment)]},
                {"paths", paths}});
  }
}

}  // namespace blipd::app
