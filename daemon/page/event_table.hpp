// Events as a table, one a line, each a link to its own view.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "daemon/event/event.hpp"
#include "daemon/page/html.hpp"

namespace blipd::page {

// Hosts that fell with their network, and the single blips of a beat, are told of by those.
bool stands_alone(const event::Event& event);

// An event, and how many networks fared as their country did: those are told of by it.
struct Told {
  event::Event event;
  std::size_t networks = 0;
};
// Those that stand alone, in their order.
std::vector<Told> told_of(std::vector<event::Event> events);

// The class by which it is drawn: "down", "blip", "partial", "unstable", "degraded", "fault".
const char* class_of(const event::Event& event);

// "after instability, in 12 s; 0 % reachable of usually 92 %".
std::string course_in_words(const event::Event& event);

// Where an event's own view is: an address, or a place in the same document.
using EventLink = std::function<std::string(const event::Event&)>;

// In the order given; those that are open last until `now`. An empty one says so.
Html event_table(std::span<const Told> events, base::WallTime now, const EventLink& link, std::string_view caption);

}  // namespace blipd::page
