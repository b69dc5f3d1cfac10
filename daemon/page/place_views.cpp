// The time lines of a country and of a network.
#include <algorithm>

#include "daemon/journal/report.hpp"
#include "daemon/page/address.hpp"
#include "daemon/page/charts.hpp"
#include "daemon/page/evidence_of_place.hpp"
#include "daemon/page/lanes.hpp"
#include "daemon/page/ranges.hpp"
#include "daemon/page/standing.hpp"
#include "daemon/page/views.hpp"
#include "daemon/page/words.hpp"

namespace blipd::page {

namespace {

constexpr std::size_t kBins = 1000;  // so that the ticks of a beat stand apart where there is room
constexpr std::size_t kMostEvents = 200;

std::string link(const event::Event& event) { return event_path(event.id); }

Html events_part(const Scene& scene, std::vector<Told> told) {
  std::ranges::reverse(told);
  const std::size_t more = told.size() - std::min(told.size(), kMostEvents);
  told.resize(told.size() - more);
  Html html;
  html("<section id=\"events\" class=\"happened\" data-part>\n<h2>What happened</h2>\n",
       event_table(told, std::min(scene.range.to, scene.snapshot().taken), link,
                   "Events in this range, the latest first"));
  if (more > 0) html("<p>And ", more, " before: choose a narrower range.</p>\n");
  html("</section>\n");
  return html;
}

Html face(const char* id, const char* state, const Html& what) {
  Html html;
  html("<section id=\"", id, "\" data-part><div class=\"face small\" data-state=\"", state, "\">\n", what,
       "</div></section>\n");
  return html;
}

Html targets_table(const Scene& scene, config::NetworkIndex index) {
  const config::PlannedNetwork& network = scene.plan().networks[index];
  Html html;
  html(
      "<section id=\"targets\" data-part>\n<h2>Hosts</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"group\" "
      "aria-label=\"Table\"><table><thead><tr><th "
      "scope=\"col\">Host</th><th scope=\"col\">State</th><th scope=\"col\">Address</th><th scope=\"col\">Asked by</th>"
      "</tr></thead><tbody>\n");
  for (const auto t : network.targets) {
    const config::PlannedTarget& target = scene.plan().targets[t];
    if (!target.is_active || t >= scene.snapshot().targets.size()) continue;
    const char* const state = pipeline::kTargetStateNames[static_cast<std::size_t>(scene.snapshot().targets[t].state)];
    html("<tr><th scope=\"row\"><a href=\"", target_path(scene.plan().country_code(index), network.name, target.name),
         "\">", target.name, "</a></th><td><span class=\"sign\" data-state=\"", state, "\">", state, "</span></td><td>",
         target.host, "</td><td>");
    bool is_first = true;
    for (const auto channel : scene.plan().channels_of(target)) {
      if (!is_first) html(", ");
      html(scene.plan().channels[channel].spec().name);
      is_first = false;
    }
    html("</td></tr>\n");
  }
  html("</tbody></table></div>\n</section>\n");
  return html;
}

}  // namespace

Html country_view(const Scene& scene, config::CountryIndex index) {
  const config::PlannedCountry& country = scene.plan().countries[index];
  const std::string path = country_path(country.code);
  const std::string& name = country.name.empty() ? country.code : country.name;
  const journal::Bins bins = journal::bins_for(scene.range.from, scene.range.to, kBins);
  const std::vector<event::Event> events = scene.past.events(scene.range);
  const std::vector<journal::StateBin> states = scene.past.states(country.code, bins);
  Lanes lanes(scene, bins, events, link);
  std::vector<journal::Place> places = {{country.code, ""}};
  lanes.add(name, "", country.code, "", states);
  for (const auto n : country.networks) {
    const config::PlannedNetwork& network = scene.plan().networks[n];
    if (!network.is_active) continue;
    places.push_back({country.code, network.name});
    lanes.add(network.name, network_path(country.code, network.name) + (scene.is_fixed ? range_query(scene.range) : ""),
              country.code, network.name, scene.past.states(country.code + "/" + network.name, bins));
  }
  lanes.add_vantage();
  const char* const level =
      pipeline::kCountryLevelNames[static_cast<std::size_t>(scene.snapshot().countries[index].level)];
  std::vector<event::Event> ours = events;
  std::erase_if(ours, [&](const event::Event& event) {
    return event.scope != event::Scope::kVantage && event.country != country.code;
  });
  const Subject subject{"reachable", series_address(country.code, "", "", "", scene.range, kBins), name, bins,
                        scene.range};
  Html html;
  html("<h1 class=\"quiet\">", name, "</h1>\n", vantage_part(scene), notices_part(scene),
       face("standing", level, country_level(scene, index, false)), range_links(scene, path),
       reachable_chart(subject, states), lanes.finish(), availability_table(scene, events, places),
       events_part(scene, told_of(std::move(ours))));
  return html;
}

Html network_view(const Scene& scene, config::NetworkIndex index) {
  const config::PlannedNetwork& network = scene.plan().networks[index];
  const std::string code(scene.plan().country_code(index));
  const journal::Bins bins = journal::bins_for(scene.range.from, scene.range.to, kBins);
  std::vector<event::Event> events = scene.past.events(scene.range);
  const std::vector<journal::StateBin> states = scene.past.states(code + "/" + network.name, bins);
  Lanes lanes(scene, bins, events, link);
  lanes.add(network.name, "", code, network.name, states);
  lanes.add_vantage();
  const Subject subject{"reachable", series_address(code, network.name, "", "", scene.range, kBins), network.name, bins,
                        scene.range};
  Subject loss = subject;
  loss.id = "loss";
  const char* const state =
      pipeline::kNetworkStateNames[static_cast<std::size_t>(scene.snapshot().networks[index].state)];
  const Html availability = availability_table(scene, events, {{code, network.name}});
  const Html files = files_of_network(events, code, network.name);
  std::vector<Told> told;
  for (event::Event& event : events) {
    const bool is_ours = event.country == code && event.network == network.name;
    if (event.scope == event::Scope::kVantage || is_ours) told.push_back({std::move(event), 0});
  }
  Html html;
  html("<h1 class=\"quiet\">", network.name, "</h1>\n", vantage_part(scene), notices_part(scene),
       face("standing", state, network_state(scene, index)), range_links(scene, network_path(code, network.name)),
       reachable_chart(subject, states), lanes.finish(), loss_chart(loss, states), targets_table(scene, index),
       availability);
  html(events_part(scene, std::move(told)), "<section id=\"evidence\" class=\"evidence\" data-part>\n",
       paths_of_network(scene.live, code, network.name), files, "</section>\n");
  return html;
}

}  // namespace blipd::page
