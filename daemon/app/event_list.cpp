#include "daemon/app/event_list.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "daemon/event/json.hpp"
#include "daemon/event/words.hpp"

namespace blipd::app {

std::string format_events(const std::vector<event::Event>& events, ListFormat format) {
  std::string text;
  for (const event::Event& event : events) {
    text += format == ListFormat::kJson ? event::to_json(event) : event::in_words(event);
    const std::string loss = format == ListFormat::kJson ? std::string() : event::loss_in_words(event.evidence);
    if (!loss.empty()) text += "; " + loss;
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
