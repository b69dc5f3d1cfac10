// The overview: how each country stands, what was usual, what happened lately.
#include <fmt/format.h>

#include <algorithm>

#include "daemon/page/address.hpp"
#include "daemon/page/event_table.hpp"
#include "daemon/page/plot.hpp"
#include "daemon/page/spark.hpp"
#include "daemon/page/standing.hpp"
#include "daemon/page/views.hpp"
#include "daemon/page/words.hpp"

namespace blipd::page {

namespace {

constexpr std::size_t kBins = 288;  // of five minutes in a day
constexpr std::size_t kSparkStep = 3;
constexpr std::size_t kMostRecent = 12;
constexpr base::Duration kRecent = std::chrono::hours(24 * 7);

std::optional<float> latest(const Series& series) {
  // The newest bin may have nothing yet; what is older than a quarter of an hour is not of now.
  const std::size_t first = series.size() - std::min<std::size_t>(series.size(), kSparkStep);
  for (std::size_t i = series.size(); i > first; --i) {
    if (series[i - 1]) return series[i - 1];
  }
  return std::nullopt;
}

std::optional<float> loss_of(const journal::StateBin& bin) {
  const std::uint64_t all = bin.answered + bin.lost;
  if (all == 0) return std::nullopt;
  return static_cast<float>(bin.lost) / static_cast<float>(all);
}

void write_sparks(std::span<const journal::StateBin> states, Html& html) {
  Series rtt;
  Series loss;
  for (const journal::StateBin& bin : states) {
    rtt.push_back(bin.rtt_median);
    loss.push_back(loss_of(bin));
  }
  const auto rtt_now = latest(rtt);
  const auto loss_now = latest(loss);
  const float middle = median_of(rtt).value_or(0);
  html("<td class=\"trend\"><span class=\"name\">Round trip</span>");
  if (rtt_now) {
    const std::string words = round_trip_in_words(*rtt_now);
    html(draw_spark(thinned_to_median(rtt, kSparkStep), middle / 2, middle * 2,
                    "Round trips of the last 24 hours, now " + words),
         "<b>", words, "</b>");
  } else {
    html(draw_spark(thinned_to_median(rtt, kSparkStep), middle / 2, middle * 2,
                    "Round trips of the last 24 hours, now none"),
         "<b>none now</b>");
  }
  html("</td><td class=\"trend loss\"><span class=\"name\">Loss</span>");
  if (loss_now) {
    const std::string words = percent(*loss_now);
    html(draw_spark(thinned_to_largest(loss, kSparkStep), 0, 0.2F, "Loss of the last 24 hours, now " + words), "<b>",
         words, "</b>");
  } else {
    html("<b>unknown</b>");
  }
  html("</td>");
}

void write_network(const Scene& scene, config::NetworkIndex index, const journal::Bins& bins, Html& html) {
  const config::PlannedNetwork& network = scene.plan().networks[index];
  const pipeline::NetworkRow& row = scene.snapshot().networks[index];
  const std::string code(scene.plan().country_code(index));
  const std::string key = fmt::format("network/{}/{}", code, network.name);
  const char* const state = pipeline::kNetworkStateNames[static_cast<std::size_t>(row.state)];
  const std::vector<journal::StateBin> states = scene.past.states(code + "/" + network.name, bins);
  html("<tr><th scope=\"row\"><a href=\"", network_path(code, network.name), "\">", network.name,
       "</a></th><td class=\"state\"><span class=\"sign\" data-state=\"", state, "\" data-live=\"", key, "/state\">",
       state, "</span>");
  if (row.stability.is_unstable) html(" <span class=\"stability\" data-state=\"unstable\">unstable</span>");
  html("</td><td class=\"reach\"><span data-live=\"", key, "/reachable\">", percent(row.reachable_ratio),
       "</span> <small>of <span data-live=\"", key, "/usual\">", percent(row.usual_reachable_ratio), "</span></small>",
       reachable_bar(row.reachable_ratio, row.usual_reachable_ratio), "</td><td class=\"day\">",
       draw(strip_for(scene, bins, states, code, network.name), scene.range, network.name + ", last 24 hours"),
       "</td>");
  write_sparks(states, html);
  html("</tr>\n");
}

void write_country(const Scene& scene, config::CountryIndex index, const journal::Bins& bins, Html& html) {
  const config::PlannedCountry& country = scene.plan().countries[index];
  const pipeline::CountryRow& row = scene.snapshot().countries[index];
  const char* const level = pipeline::kCountryLevelNames[static_cast<std::size_t>(row.level)];
  const std::vector<journal::StateBin> states = scene.past.states(country.code, bins);
  html("<section class=\"country\" id=\"country-", country.code, "\" data-part>\n<div class=\"face\" data-state=\"",
       level, "\">\n", country_level(scene, index, true),
       "</div>\n<figure class=\"whole\"><figcaption>Last 24 hours</figcaption>",
       draw(strip_for(scene, bins, states, country.code, ""), scene.range, "The country, last 24 hours"),
       axis_row(scene.range),
       "</figure>\n<table class=\"networks\"><caption>Networks</caption><thead><tr>"
       "<th scope=\"col\">Network</th><th scope=\"col\">State</th><th scope=\"col\">Reachable, of usual</th>"
       "<th scope=\"col\">Last 24 hours</th><th scope=\"col\">Round trip</th><th scope=\"col\">Loss</th></tr></thead>"
       "<tbody>\n");
  for (const auto network : country.networks) {
    if (network < scene.snapshot().networks.size() && scene.plan().networks[network].is_active) {
      write_network(scene, network, bins, html);
    }
  }
  html("</tbody></table>\n</section>\n");
}

void write_events(const Scene& scene, Html& html) {
  std::vector<Told> told = told_of(scene.past.events({scene.range.to - kRecent, scene.range.to + base::Duration(1)}));
  std::ranges::reverse(told);
  std::vector<Told> open;
  std::vector<Told> ended;
  std::size_t more = 0;
  for (Told& one : told) {
    if (one.event.is_open()) {
      open.push_back(std::move(one));
    } else if (ended.size() < kMostRecent) {
      ended.push_back(std::move(one));
    } else {
      ++more;
    }
  }
  const auto link = [](const event::Event& event) { return event_path(event.id); };
  html("<section id=\"events\" class=\"happened\" data-part>\n<h2>What happened</h2>\n",
       event_table(open, scene.range.to, link, "Going on"),
       event_table(ended, scene.range.to, link, "Ended in the last seven days"));
  if (more > 0) html("<p>And ", more, " more: see the time line of the country.</p>\n");
  html("</section>\n");
}

}  // namespace

Html overview(const Scene& scene) {
  const config::Plan& plan = scene.plan();
  const auto count = std::ranges::count_if(plan.countries, &config::PlannedCountry::is_active);
  const journal::Bins bins = journal::bins_for(scene.range.from, scene.range.to, kBins);
  Html countries;
  for (std::size_t i = 0; i < plan.countries.size() && i < scene.snapshot().countries.size(); ++i) {
    if (plan.countries[i].is_active) write_country(scene, static_cast<config::CountryIndex>(i), bins, countries);
  }
  Html events;
  write_events(scene, events);
  Html html;
  html("<h1 class=\"quiet\">Is it on line?</h1>\n", vantage_part(scene), notices_part(scene));
  if (count == 0) html("<p>Nobody is watched: the configuration has no target.</p>\n");
  html("<div class=\"countries\" data-count=\"", count == 1 ? "one" : "some", "\">\n", countries, "</div>\n",
       strip_key(), events);
  return html;
}

}  // namespace blipd::page
