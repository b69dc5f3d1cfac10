// One event as facts: when, how sure that is, how it began, what came before. Never why.
#pragma once

#include "daemon/event/event.hpp"
#include "daemon/page/html.hpp"

namespace blipd::page {

// "Outage of KP/star-jv".
std::string headline(const event::Event& event);
// All of it, but for the heading.
Html event_card(const event::Event& event, base::WallTime now);

}  // namespace blipd::page
