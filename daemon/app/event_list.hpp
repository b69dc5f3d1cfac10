// Events as people and programs read them, in the order in which they began: for simulate and replay.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "daemon/event/event.hpp"

namespace blipd::app {

enum class ListFormat : std::uint8_t { kText, kJson };

// One line an event; JSON: one object a line, as event::to_json writes it.
std::string format_events(const std::vector<event::Event>& events, ListFormat format);

// The latest revision of each event.
class EventList {
 public:
  void take(std::vector<event::Event> revised);
  std::vector<event::Event> sorted() const;

 private:
  std::map<std::string, event::Event> events_;
};

}  // namespace blipd::app
