// Events as a snapshot holds those that are open.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "daemon/event/open_events.hpp"

namespace blipd::test {

inline event::OpenEvents open_events(std::vector<event::Event> events) {
  std::vector<event::OpenEvents::Shared> shared;
  for (event::Event& event : events) shared.push_back(std::make_shared<const event::Event>(std::move(event)));
  return event::OpenEvents(std::move(shared));
}

}  // namespace blipd::test
