#include "daemon/app/event_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "daemon/event/json.hpp"
#include "probes/base/text.hpp"

namespace blipd::app {

namespace {

std::string place(const event::Event& event) {
  if (event.scope == event::Scope::kVantage) return "vantage point";
  std::string text = event.country;
  for (const std::string* part : {&event.network, &event.target}) {
    if (!part->empty()) text += "/" + *part;
  }
  return text;
}

std::string what(const event::Event& event) {
  if (event.kind == event::Kind::kOutage && event.length)
    return event::kClassNames[static_cast<std::size_t>(*event.length)];
  return event::kKindNames[static_cast<std::size_t>(event.kind)];
}

std::string seconds_text(base::WallTime time) {
  const std::string text = base::format_time(std::chrono::round<std::chrono::seconds>(time));
  return text.substr(0, text.find('.')) + "Z";
}

// The middle of an interval, and how far off it may be.
std::string span_text(const event::Span& span) {
  const double half = base::to_seconds(span.latest - span.earliest) / 2;
  return fmt::format("{} ± {:.0f} s", seconds_text(span.middle()), half);
}

std::string line_of(const event::Event& event) {
  std::string line = fmt::format("{}  {:<24} {:<13} ", span_text(event.start), place(event), what(event));
  const auto length = std::chrono::round<std::chrono::seconds>(event.duration());
  if (event.end) {
    line += fmt::format("{}, until {}", base::format_duration(length), span_text(*event.end));
  } else {
    line += fmt::format("open, {} so far", base::format_duration(length));
  }
  if (event.kind == event::Kind::kOutage || event.kind == event::Kind::kPartial) {
    if (event.scope != event::Scope::kTarget) {
      line += fmt::format("; {}", event::kShapeNames[static_cast<std::size_t>(event.onset.shape)]);
      if (event.onset.fall) line += fmt::format(" in {:.0f} s", base::to_seconds(*event.onset.fall));
      line += fmt::format("; reachable {:.0f} %", 100 * event.reachable.lowest);
      if (event.reachable.usual) line += fmt::format(" of usually {:.0f} %", 100 * *event.reachable.usual);
    }
    if (!event.during.empty()) line += "; during instability";
    if (!event.path.empty()) line += "; path controls in " + event.path + " failed too";
  }
  if (event.kind == event::Kind::kInstability) line += fmt::format("; down {} times", event.flaps);
  return line;
}

}  // namespace

std::string format_events(const std::vector<event::Event>& events, ListFormat format) {
  std::string text;
  for (const event::Event& event : events) {
    text += format == ListFormat::kJson ? event::to_json(event) : line_of(event);
    text += '\n';
  }
  return text;
}

void EventList::take(std::vector<event::Event> revised) {
  for (event::Event& event : revised) {
    const std::string id = event.id;
    events_.insert_or_assign(id, std::move(event));
  }
}

std::vector<event::Event> EventList::sorted() const {
  std::vector<event::Event> events;
  for (const auto& [id, event] : events_) events.push_back(event);
  std::ranges::sort(events, [](const event::Event& a, const event::Event& b) {
    return std::tie(a.start.latest, a.id) < std::tie(b.start.latest, b.id);
  });
  return events;
}

}  // namespace blipd::app
