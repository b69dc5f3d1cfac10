#include "daemon/app/recent_events.hpp"

#include <utility>

namespace blipd::app {

void RecentEvents::take(const event::Event& event) {
  if (const auto held = places_.find(event.id); held != places_.end()) {
    ended_.erase(held->second);
    places_.erase(held);
    is_changed_ = true;
  }
  if (event.is_open()) return;
  is_changed_ = true;
  ended_.emplace(taken_, std::make_shared<const event::Event>(event));
  places_.emplace(event.id, taken_);
  ++taken_;
  if (ended_.size() <= kMost) return;
  places_.erase(ended_.begin()->second->id);
  ended_.erase(ended_.begin());
}

const RecentEvents::List& RecentEvents::list() {
  if (!std::exchange(is_changed_, false)) return list_;
  std::vector<std::shared_ptr<const event::Event>> events;
  events.reserve(ended_.size());
  for (const auto& [order, event] : ended_) events.push_back(event);
  list_ = std::make_shared<const std::vector<std::shared_ptr<const event::Event>>>(std::move(events));
  return list_;
}

}  // namespace blipd::app
