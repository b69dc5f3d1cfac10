#include "daemon/journal/report.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace blipd::journal {

namespace {

// Disjoint stretches of time, ascending.
using Stretches = std::vector<Watched>;

Stretches joined(Stretches stretches) {
  std::ranges::sort(stretches, {}, &Watched::from);
  Stretches result;
  for (const Watched& next : stretches) {
    if (next.until <= next.from) continue;
    if (!result.empty() && next.from <= result.back().until) {
      result.back().until = std::max(result.back().until, next.until);
    } else {
      result.push_back(next);
    }
  }
  return result;
}

Stretches without(const Stretches& from, const Stretches& what) {
  Stretches result;
  for (Watched rest : from) {
    for (const Watched& hole : what) {
      if (hole.until <= rest.from || hole.from >= rest.until) continue;
      if (hole.from > rest.from) result.push_back({rest.from, hole.from});
      rest.from = std::min(hole.until, rest.until);
    }
    if (rest.until > rest.from) result.push_back(rest);
  }
  return result;
}

base::Duration length(const Stretches& stretches) {
  base::Duration sum{};
  for (const Watched& stretch : stretches) sum += stretch.until - stretch.from;
  return sum;
}

Watched stretch_of(const event::Event& event, base::WallTime from, base::WallTime to) {
  return {std::max(from, event.start.middle()), std::min(to, event.end ? event.end->middle() : to)};
}

}  // namespace

Report make_report(base::WallTime from, base::WallTime to, std::vector<event::Event> events,
                   const std::vector<Watched>& watched, const std::vector<Place>& places) {
  Report report;
  report.from = from;
  report.to = to;
  const Stretches range = {{from, to}};
  report.gaps = without(range, joined(watched));
  Stretches faults;
  std::map<std::pair<std::string, std::string>, Stretches> downs;
  for (const Place& place : places) downs[{place.country, place.network}];
  for (const event::Event& event : events) {
    if (event.scope == event::Scope::kVantage) faults.push_back(stretch_of(event, from, to));
    if (event.scope != event::Scope::kNetwork && event.scope != event::Scope::kCountry) continue;
    Stretches& down = downs[{event.country, event.network}];
    downs[{event.country, ""}];
    if (event.kind == event::Kind::kOutage) down.push_back(stretch_of(event, from, to));
  }
  const Stretches seen = without(range, report.gaps);
  const Stretches judged = without(seen, joined(faults));
  for (const auto& [place, down] : downs) {
    const Stretches up = without(judged, joined(down));
    Availability availability{place.first, place.second, {}, {}, {}, {}};
    availability.not_watched = length(range) - length(seen);
    availability.vantage_fault = length(seen) - length(judged);
    availability.down = length(judged) - length(up);
    availability.up = length(up);
    report.availability.push_back(std::move(availability));
  }
  std::ranges::sort(events, [](const event::Event& a, const event::Event& b) {
    return std::tie(a.start.latest, a.id) < std::tie(b.start.latest, b.id);
  });
  report.events = std::move(events);
  return report;
}

}  // namespace blipd::journal
