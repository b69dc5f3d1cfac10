#include "daemon/page/event_table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/event/words.hpp"
#include "daemon/page/words.hpp"

namespace blipd::page {

bool stands_alone(const event::Event& event) {
  const bool is_beat =
      event.kind == event::Kind::kOutage && event.length == event::Class::kBlip && !event.during.empty();
  return event.scope != event::Scope::kTarget && !is_beat;
}

std::vector<Told> told_of(std::vector<event::Event> events) {
  std::vector<Told> told;
  for (event::Event& event : events) {
    if (stands_alone(event)) told.push_back({std::move(event), 0});
  }
  const auto overlaps = [](const event::Event& a, const event::Event& b) {
    return (a.is_open() || a.end->latest >= b.start.earliest) && (b.is_open() || b.end->latest >= a.start.earliest);
  };
  std::vector<const event::Event*> folded;
  for (const Told& part : told) {
    if (part.event.scope != event::Scope::kNetwork) continue;
    const auto whole = std::ranges::find_if(told, [&](const Told& other) {
      return other.event.scope == event::Scope::kCountry && other.event.country == part.event.country &&
             other.event.kind == part.event.kind && overlaps(other.event, part.event);
    });
    if (whole == told.end()) continue;
    ++whole->networks;
    folded.push_back(&part.event);
  }
  // By address: nothing has moved yet.
  std::vector<Told> result;
  for (Told& one : told) {
    if (std::ranges::find(folded, &one.event) == folded.end()) result.push_back(std::move(one));
  }
  return result;
}

const char* class_of(const event::Event& event) {
  switch (event.kind) {
    case event::Kind::kOutage:
      return event.length == event::Class::kBlip ? "blip" : "down";
    case event::Kind::kPartial:
      return "partial";
    case event::Kind::kInstability:
      return "unstable";
    case event::Kind::kDegraded:
      return "degraded";
    case event::Kind::kVantageFault:
      break;
  }
  return "fault";
}

std::string course_in_words(const event::Event& event) {
  std::string text;
  const auto say = [&](const std::string& more) { text += (text.empty() ? "" : "; ") + more; };
  const bool is_fall = event.kind == event::Kind::kOutage || event.kind == event::Kind::kPartial;
  if (is_fall && event.scope != event::Scope::kTarget) {
    std::string shape = event::kShapeNames[static_cast<std::size_t>(event.onset.shape)];
    if (event.onset.fall) shape += ", fell in " + length_in_words(*event.onset.fall);
    say(shape);
    std::string share = percent(event.reachable.lowest) + " reachable";
    if (event.reachable.usual) share += " of usually " + percent(event.reachable.usual);
    say(share);
  }
  if (event.kind == event::Kind::kInstability) say(fmt::format("down {} times", event.flaps));
  if (!event.during.empty()) say("during an instability");
  if (!event.path.empty()) say("path controls in " + event.path + " failed too");
  if (event.needs_review) say("so long that it may be the new normal: in need of review");
  return text;
}

Html event_table(std::span<const Told> events, base::WallTime now, const EventLink& link, std::string_view caption) {
  Html html;
  if (events.empty()) {
    html("<p class=\"none\">", caption, ": none.</p>\n");
    return html;
  }
  html("<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table class=\"events\"><caption>",
       caption,
       "</caption><thead><tr><th scope=\"col\">Began</th><th scope=\"col\">Where</th><th scope=\"col\">What</th>"
       "<th scope=\"col\">Lasted</th><th scope=\"col\">How it went</th></tr></thead><tbody>\n");
  for (const auto& [event, networks] : events) {
    html("<tr class=\"", class_of(event), "\"><td class=\"when\"><a href=\"", link(event), "\">",
         span_element(event.start), "</a></td><td class=\"where\">", event::place_in_words(event),
         "</td><td class=\"what\"><span class=\"kind\">", kind_in_words(event), "</span></td><td class=\"lasted\">");
    if (event.is_open()) {
      html("<strong>open</strong>, ", length_in_words(now - event.start.middle()), " so far");
    } else {
      html(length_in_words(event.duration()));
    }
    html("</td><td class=\"how\">", course_in_words(event));
    if (networks > 0) html(" <small>(and ", networks, networks == 1 ? " network" : " networks", " of it)</small>");
    html("</td></tr>\n");
  }
  html("</tbody></table></div>\n");
  return html;
}

}  // namespace blipd::page
