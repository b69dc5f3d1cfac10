#include "daemon/page/report_page.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "daemon/page/charts.hpp"
#include "daemon/page/event_card.hpp"
#include "daemon/page/evidence_part.hpp"
#include "daemon/page/lanes.hpp"
#include "daemon/page/views.hpp"
#include "daemon/page/words.hpp"

namespace blipd::page {

namespace {

constexpr std::size_t kBins = 1000;  // as on the page
constexpr std::size_t kMostCards = 200;
// Events whose paths are shown hop by hop, some 20 KB each.
constexpr std::size_t kMostWithHops = 25;

// Networks by country.
using Places = std::map<std::string, std::set<std::string>>;

Places places_of(Past& past, const std::vector<event::Event>& events) {
  Places places;
  for (const std::string& name : past.places()) {
    const std::size_t slash = name.find('/');
    std::set<std::string>& networks = places[name.substr(0, slash)];
    if (slash != std::string::npos) networks.insert(name.substr(slash + 1));
  }
  for (const event::Event& event : events) {
    if (event.country.empty()) continue;
    std::set<std::string>& networks = places[event.country];
    if (!event.network.empty()) networks.insert(event.network);
  }
  return places;
}

void write_country(const Scene& scene, const std::string& code, const std::set<std::string>& networks,
                   const std::vector<event::Event>& events, const EventLink& link, Html& html) {
  const journal::Bins bins = journal::bins_for(scene.range.from, scene.range.to, kBins);
  const std::vector<journal::StateBin> states = scene.past.states(code, bins);
  Lanes lanes(scene, bins, events, link);
  std::vector<journal::Place> places = {{code, ""}};
  lanes.add(code, "", code, "", states);
  for (const std::string& network : networks) {
    places.push_back({code, network});
    const std::string place = std::string(code).append("/").append(network);
    lanes.add(network, "", code, network, scene.past.states(place, bins));
  }
  lanes.add_vantage();
  html("<section>\n<h2>", code, "</h2>\n", reachable_chart({"reachable-" + code, "", code, bins, scene.range}, states),
       lanes.finish(), availability_table(scene, events, places), "</section>\n");
}

Html gaps(const Scene& scene) {
  const journal::Report report =
      journal::make_report(scene.range.from, scene.range.to, {}, scene.past.watched(scene.range));
  Html html;
  html("<h2>Not watched</h2>\n");
  if (report.gaps.empty()) {
    html("<p>All of it was watched.</p>\n");
    return html;
  }
  html("<ul>");
  for (const journal::Watched& gap : report.gaps) {
    html("<li>", time_element(gap.from), " to ", time_element(gap.until), ", ", length_in_words(gap.until - gap.from),
         "</li>\n");
  }
  html("</ul>\n");
  return html;
}

Html body_of(const Scene& scene) {
  const std::vector<event::Event> events = scene.past.events(scene.range);
  std::vector<Told> told = told_of(events);
  const std::size_t more = told.size() - std::min(told.size(), kMostCards);
  told.resize(told.size() - more);
  std::map<std::string, std::size_t> cards;
  for (std::size_t i = 0; i < told.size(); ++i) cards.emplace(told[i].event.id, i + 1);
  // What has no card of its own leads to the list.
  const auto link = [&](const event::Event& event) {
    const auto card = cards.find(event.id);
    return card == cards.end() ? std::string("#happened") : "#event-" + std::to_string(card->second);
  };
  Html html;
  html("<h1>", time_element(scene.range.from), " to ", time_element(scene.range.to), "</h1>\n<p>",
       length_in_words(scene.range.length()), ". Times are UTC.</p>\n");
  const Places places = places_of(scene.past, events);
  if (places.empty()) html("<p>Nobody was watched.</p>\n");
  for (const auto& [code, networks] : places) write_country(scene, code, networks, events, link, html);
  html("<section id=\"happened\">\n<h2>What happened</h2>\n", event_table(told, scene.range.to, link, "Events"));
  if (more > 0) html("<p>And ", more, " after those: choose a shorter range.</p>\n");
  html("</section>\n", gaps(scene), "<section>\n<h2>Each of them</h2>\n");
  std::size_t with_hops = 0;
  for (std::size_t i = 0; i < told.size(); ++i) {
    const event::Evidence& evidence = told[i].event.evidence;
    const bool has_hops = !evidence.paths.empty() && ++with_hops <= kMostWithHops;
    html("<article id=\"event-", i + 1, "\"><h3>", headline(told[i].event), "</h3>\n<div class=\"event-card ",
         class_of(told[i].event), "\">", event_card(told[i].event, scene.range.to), "</div>\n<div class=\"evidence\">",
         evidence_part(evidence, {.heading = 4, .is_linked = false, .has_hops = has_hops}), "</div></article>\n");
  }
  if (with_hops > kMostWithHops) {
    html("<p>The paths of ", with_hops - kMostWithHops,
         " of them are told in a line each: choose a shorter range.</p>\n");
  }
  html("</section>\n");
  return html;
}

}  // namespace

std::string report_document(const std::string& journal, const Range& range, const ReportStyle& style) {
  Past past(journal);
  auto snapshot = std::make_shared<pipeline::Snapshot>();
  snapshot->plan = std::make_shared<const config::Plan>();
  snapshot->taken = range.to;
  const Live live{snapshot, std::nullopt, nullptr, {}};
  const Html body = body_of({live, past, range, true});
  Html head;
  head(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
      "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-",
      style.digest,
      "'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" "
      "content=\"light dark\">\n<title>blipd, ",
      time_in_words(range.from), " to ", time_in_words(range.to), "</title>\n<style>");
  Html rest;
  rest("</style>\n</head>\n<body class=\"report\">\n", patterns(), "<main id=\"main\">\n", body,
       "</main>\n<footer><p>Written by blipd from its journal. It says what answered, never why, nor by "
       "whom.</p></footer>\n</body>\n</html>\n");
  if (!past.problem().empty()) throw journal::SqlFailure({journal::SqlError::Kind::kOther, past.problem()});
  return head.take() + std::string(style.sheet) + rest.text();
}

}  // namespace blipd::page
