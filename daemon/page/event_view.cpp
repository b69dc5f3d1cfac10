// One event with the time around it and with what belongs to the same incident.
#include <algorithm>

#include "daemon/event/words.hpp"
#include "daemon/page/address.hpp"
#include "daemon/page/charts.hpp"
#include "daemon/page/event_card.hpp"
#include "daemon/page/evidence_part.hpp"
#include "daemon/page/lanes.hpp"
#include "daemon/page/standing.hpp"
#include "daemon/page/views.hpp"
#include "daemon/page/words.hpp"

namespace blipd::page {

namespace {

constexpr std::size_t kBins = 360;
constexpr std::size_t kMostRelated = 100;

std::string link(const event::Event& event) { return event_path(event.id); }

Html related_part(const Scene& scene, const event::Event& event, const std::vector<event::Event>& around) {
  std::vector<Told> related;
  for (const event::Event& other : around) {
    if (other.id == event.id) continue;
    const bool is_part = other.during == event.id || other.id == event.during;
    if ((other.incident == event.incident && !event.incident.empty()) || is_part) related.push_back({other, 0});
    if (related.size() == kMostRelated) break;
  }
  Html html;
  html("<section id=\"related\" class=\"happened\" data-part>\n<h2>Of the same incident</h2>\n",
       event_table(related, scene.snapshot().taken, link,
                   "What began with it, what it is part of, and what is part of it"),
       "</section>\n");
  return html;
}

}  // namespace

Range range_around(const event::Event& event, base::WallTime now) {
  const base::WallTime end = event.end ? event.end->latest : now;
  const base::Duration margin = std::clamp<base::Duration>((end - event.start.earliest) / 3, std::chrono::minutes(20),
                                                           std::chrono::hours(24 * 3));
  return {event.start.earliest - margin,
          std::max(event.start.latest + std::chrono::minutes(1), std::min(now, end + margin))};
}

Html event_view(const Scene& scene, const event::Event& event) {
  const std::vector<event::Event> around = scene.past.events(scene.range);
  const journal::Bins bins = journal::bins_for(scene.range.from, scene.range.to, kBins);
  Html html;
  html("<h1>", headline(event), "</h1>\n", notices_part(scene), "<section id=\"facts\" class=\"event-card ",
       class_of(event), "\" data-part>\n<h2 class=\"quiet\">Facts</h2>\n", event_card(event, scene.snapshot().taken),
       "</section>\n");
  if (!event.country.empty()) {
    const std::string place = event.network.empty() ? event.country : event.country + "/" + event.network;
    const std::vector<journal::StateBin> states = scene.past.states(place, bins);
    Lanes lanes(scene, bins, around, link);
    lanes.add(place,
              (event.network.empty() ? country_path(event.country) : network_path(event.country, event.network)) +
                  range_query(scene.range),
              event.country, event.network, states);
    lanes.add_vantage();
    html("<h2>The time around it</h2>\n",
         reachable_chart({"reachable", series_address(event.country, event.network, "", "", scene.range, kBins), place,
                          bins, scene.range},
                         states),
         lanes.finish());
  }
  html("<section id=\"evidence\" class=\"evidence\" data-part>\n", evidence_part(event.evidence, {}), "</section>\n",
       related_part(scene, event, around));
  return html;
}

}  // namespace blipd::page
