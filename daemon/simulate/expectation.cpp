#include "daemon/simulate/expectation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace blipd::simulate {

namespace {

template <class T>
bool is_or_any(const std::optional<T>& wanted, const T& value) {
  return !wanted || *wanted == value;
}

std::string range_text(std::size_t least, std::size_t most) {
  if (least == most) return fmt::format("{}", least);
  return most == SIZE_MAX ? fmt::format("at least {}", least) : fmt::format("{} to {}", least, most);
}

}  // namespace

bool matches(const Expectation& wanted, const event::Event& event) {
  const base::WallTime start = event.start.middle();
  const base::Duration duration = event.duration();
  return is_or_any(wanted.scope, event.scope) && is_or_any(wanted.kind, event.kind) &&
         (!wanted.length || event.length == wanted.length) && is_or_any(wanted.shape, event.onset.shape) &&
         is_or_any(wanted.network, event.network) && is_or_any(wanted.target, event.target) &&
         (!wanted.from || start >= *wanted.from) && (!wanted.until || start < *wanted.until) &&
         (!wanted.shortest || duration >= *wanted.shortest) && (!wanted.longest || duration <= *wanted.longest) &&
         (!wanted.declared_by || event.declared <= *wanted.declared_by) &&
         (!wanted.ended_by || (event.end && event.end->middle() <= *wanted.ended_by)) &&
         is_or_any(wanted.is_open, event.is_open()) && is_or_any(wanted.is_isolated, event.during.empty());
}

std::vector<Finding> compare(const std::vector<Expectation>& expectations, const std::vector<event::Event>& events) {
  std::vector<Finding> findings;
  for (const Expectation& expectation : expectations) {
    Finding finding;
    finding.found = static_cast<std::size_t>(
        std::ranges::count_if(events, [&](const event::Event& event) { return matches(expectation, event); }));
    finding.is_met = finding.found >= expectation.least && finding.found <= expectation.most;
    finding.text = finding.is_met
                       ? fmt::format("met: {} (found {})", expectation.why, finding.found)
                       : fmt::format("NOT met: {} (found {}, expected {}; line {})", expectation.why, finding.found,
                                     range_text(expectation.least, expectation.most), expectation.line);
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace blipd::simulate
