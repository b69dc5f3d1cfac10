#include "daemon/page/lanes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/journal/report.hpp"
#include "daemon/page/standing.hpp"
#include "daemon/page/words.hpp"

namespace blipd::page {

void Lanes::add(std::string_view name, std::string_view address, std::string_view country, std::string_view network,
                std::span<const journal::StateBin> states) {
  std::vector<event::Event> ours;
  std::ranges::copy_if(events_, std::back_inserter(ours), [&](const event::Event& event) {
    const bool is_scope = event.scope == (network.empty() ? event::Scope::kCountry : event::Scope::kNetwork);
    return is_scope && event.country == country && event.network == network;
  });
  const Strip strip = strip_for(scene_, bins_, states, country, network);
  rows_("<div class=\"lane\"><p>");
  if (address.empty()) {
    rows_("<b>", name, "</b>");
  } else {
    rows_("<a href=\"", address, "\">", name, "</a>");
  }
  rows_(" <small>", in_words(strip.times), "</small></p>",
        draw(strip, scene_.range, name, event_marks(ours, scene_.range, link_)), "</div>\n");
}

void Lanes::add_vantage() {
  std::vector<event::Event> faults;
  std::ranges::copy_if(events_, std::back_inserter(faults),
                       [](const event::Event& event) { return event.scope == event::Scope::kVantage; });
  const Strip strip = strip_of(bins_, scene_.range, faults, scene_.past.watched(scene_.range));
  rows_("<div class=\"lane\"><p><b>We ourselves</b> <small>", in_words(strip.times), "</small></p>",
        draw(strip, scene_.range, "We ourselves", event_marks(faults, scene_.range, link_)), "</div>\n");
}

Html Lanes::finish() const {
  Html html;
  html("<section class=\"lanes\" id=\"lanes\" data-part aria-label=\"Time lines\">\n", rows_, axis_row(scene_.range),
       strip_key(), "</section>\n");
  return html;
}

Html availability_table(const Scene& scene, const std::vector<event::Event>& events,
                        const std::vector<journal::Place>& places) {
  const journal::Report report =
      journal::make_report(scene.range.from, scene.range.to, events, scene.past.watched(scene.range), places);
  Html html;
  html(
      "<section id=\"availability\" data-part>\n<h2>Availability</h2>\n<div class=\"wide\" tabindex=\"0\" "
      "role=\"group\" aria-label=\"Table\"><table><caption>How the "
      "range "
      "divides: the four add up to all of it</caption><thead><tr><th scope=\"col\">Where</th><th scope=\"col\" "
      "class=\"number\">Up</th><th scope=\"col\" class=\"number\">Down</th><th scope=\"col\" class=\"number\">Our own "
      "fault</th><th scope=\"col\" class=\"number\">Not watched</th></tr></thead><tbody>\n");
  for (const journal::Availability& row : report.availability) {
    const bool is_asked = std::ranges::any_of(places, [&](const journal::Place& place) {
      return place.country == row.country && place.network == row.network;
    });
    if (!is_asked) continue;
    const double share = 100 * base::to_seconds(row.up) / base::to_seconds(report.to - report.from);
    html("<tr><th scope=\"row\">", row.network.empty() ? row.country : row.country + "/" + row.network,
         "</th><td class=\"number\">", fmt::format("{:.4f}\u00A0%", share), "</td><td class=\"number\">",
         length_in_words(row.down), "</td><td class=\"number\">", length_in_words(row.vantage_fault),
         "</td><td class=\"number\">", length_in_words(row.not_watched), "</td></tr>\n");
  }
  html("</tbody></table></div>\n</section>\n");
  return html;
}

}  // namespace blipd::page
