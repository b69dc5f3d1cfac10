#include "daemon/page/standing.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/page/address.hpp"
#include "daemon/page/words.hpp"

namespace blipd::page {

namespace {

using pipeline::CountryLevel;
using pipeline::VantageState;

template <class Names, class State>
const char* name_of(const Names& names, State state) {
  return names[static_cast<std::size_t>(state)];
}

// Since when, and how uncertain that is: the event behind a state knows; of other states only the moment at which it
// was found is known.
Html since(const Scene& scene, std::string_view country, std::string_view network, std::size_t state,
           const std::optional<base::WallTime>& time) {
  Html html;
  const std::string key =
      network.empty() ? fmt::format("country/{}/since", country) : fmt::format("network/{}/{}/since", country, network);
  if (!time) {
    html("<span data-live=\"", key, "\">unknown</span>");
    return html;
  }
  html("<time datetime=\"", time_text(*time), "\" data-live=\"", key, "\">", time_in_words(*time), "</time>");
  constexpr std::array<std::optional<event::Kind>, 6> kKinds = {
      std::nullopt, event::Kind::kDegraded, event::Kind::kPartial, event::Kind::kOutage, std::nullopt, std::nullopt};
  const event::Event* behind =
      kKinds[state] ? scene.snapshot().open_events.find(country, network, *kKinds[state]) : nullptr;
  html("<br><small>");
  if (behind != nullptr) {
    html("<a href=\"", event_path(behind->id), "\">began ", span_element(behind->start), "</a>, ",
         length_in_words(scene.snapshot().taken - behind->start.middle()), " so far");
  } else {
    html(length_in_words(scene.snapshot().taken - *time), " ago");
  }
  html("</small>");
  return html;
}

Html stability_words(const detect::Stability& stability) {
  Html html;
  if (!stability.is_unstable) {
    html("<span class=\"stability\" data-state=\"steady\">steady</span>");
  } else {
    html("<span class=\"stability\" data-state=\"unstable\">unstable</span> <span class=\"doubt\">(flap penalty ",
         fmt::format("{:.0f}", stability.penalty),
         "; usual falls a day: ", fmt::format("{:.2g}", stability.usual_per_day), ")</span>");
  }
  return html;
}

template <class Row>
void write_facts(const Scene& scene, const std::string& key, std::string_view country, std::string_view network,
                 std::size_t state, const Row& row, Html& html) {
  html("<dl class=\"facts\"><div><dt>Stability</dt><dd>", stability_words(row.stability),
       "</dd></div><div><dt>Since</dt><dd>", since(scene, country, network, state, row.since),
       "</dd></div><div><dt>Reachable</dt><dd><span data-live=\"", key, "/reachable\">", percent(row.reachable_ratio),
       "</span> of usually <span data-live=\"", key, "/usual\">", percent(row.usual_reachable_ratio), "</span>",
       reachable_bar(row.reachable_ratio, row.usual_reachable_ratio), "</dd></div></dl>\n");
}

}  // namespace

Html vantage_part(const Scene& scene) {
  const pipeline::VantageRow& row = scene.snapshot().vantage;
  const char* const state = name_of(pipeline::kVantageStateNames, row.state);
  Html html;
  html("<section id=\"vantage\" class=\"vantage\" data-part data-state=\"", state,
       "\" aria-label=\"Vantage point\">\n<p>Vantage point <b>", scene.plan().configuration.vantage_name,
       "</b>: <strong class=\"state\" data-state=\"", state, "\" data-live=\"vantage/state\">", state,
       "</strong>, controls answering <span data-live=\"vantage/control\">", percent(row.control_answer_ratio),
       "</span>");
  if (row.state != VantageState::kOk && row.since) html(", since ", time_element(*row.since));
  html("</p>\n");
  if (row.state == VantageState::kFault) {
    html(
        "<p class=\"fault\">Our own connection is at fault: those outside the country that should answer do not. While "
        "that lasts nothing is said of the country, and nothing that happened before is taken back.</p>\n");
  } else if (row.state == VantageState::kUnknown) {
    html(
        "<p class=\"fault\">No control says whether a fault would be ours: there are none, or none has settled "
        "yet.</p>\n");
  }
  html("</section>\n");
  return html;
}

Html notices_part(const Scene& scene) {
  Html html;
  html("<section id=\"notices\" data-part aria-label=\"What hampers us\">");
  if (!scene.past.problem().empty()) html("<p class=\"notice\">", scene.past.problem(), "</p>");
  if (scene.live.journal && scene.live.journal->dropped > 0) {
    html("<p class=\"notice\">The journal gave up ", count_in_words(scene.live.journal->dropped),
         " values for want of room.</p>");
  }
  for (const std::string& notice : scene.live.notices) html("<p class=\"notice\">", notice, "</p>");
  html("</section>\n");
  return html;
}

Html reachable_bar(const std::optional<double>& now, const std::optional<double>& usual) {
  Html html;
  html(
      "<svg class=\"bar\" width=\"100%\" height=\"10\" aria-hidden=\"true\"><rect class=\"track\" y=\"3\" "
      "width=\"100%\" "
      "height=\"4\"/>");
  if (now)
    html("<rect class=\"fill\" y=\"3\" width=\"", decimal(100 * std::clamp(*now, 0.0, 1.0)), "%\" height=\"4\"/>");
  if (usual) {
    const std::string x = decimal(100 * std::clamp(*usual, 0.0, 1.0));
    html("<line class=\"usual\" x1=\"", x, "%\" x2=\"", x, "%\" y1=\"0\" y2=\"10\"/>");
  }
  html("</svg>");
  return html;
}

Html country_level(const Scene& scene, config::CountryIndex index, bool is_link) {
  const config::PlannedCountry& country = scene.plan().countries[index];
  const pipeline::CountryRow& row = scene.snapshot().countries[index];
  const char* const level = name_of(pipeline::kCountryLevelNames, row.level);
  const std::string& name = country.name.empty() ? country.code : country.name;
  const std::string key = "country/" + country.code;
  Html html;
  html("<div class=\"says-it\"><h2>");
  if (is_link) {
    html("<a href=\"", country_path(country.code), "\">", name, "</a>");
  } else {
    html(name);
  }
  if (name != country.code) html(" <small>", country.code, "</small>");
  html("</h2>\n<p class=\"level\" data-state=\"", level, "\" data-live=\"", key, "/level\">", level,
       "</p>\n<p class=\"says\">");
  if (country.is_split) {
    html("Asked here in part only, so not judged as a whole.");
  } else if (row.level == CountryLevel::kUnknown && scene.snapshot().vantage.state == VantageState::kFault) {
    html("Nothing is said of it while our own connection is at fault.");
  } else {
    html(sentence_of(row.level));
  }
  html("</p></div>\n");
  write_facts(scene, key, country.code, "", static_cast<std::size_t>(row.level), row, html);
  return html;
}

Html network_state(const Scene& scene, config::NetworkIndex index) {
  const config::PlannedNetwork& network = scene.plan().networks[index];
  const pipeline::NetworkRow& row = scene.snapshot().networks[index];
  const std::string_view code = scene.plan().country_code(index);
  const char* const state = name_of(pipeline::kNetworkStateNames, row.state);
  const std::string key = fmt::format("network/{}/{}", code, network.name);
  Html html;
  html("<div class=\"says-it\"><h2>", network.name, "</h2>\n<p class=\"level\" data-state=\"", state, "\" data-live=\"",
       key, "/state\">", state, "</p>\n<p class=\"says\">", sentence_of(row.state), "</p></div>\n");
  write_facts(scene, key, code, network.name, static_cast<std::size_t>(row.state), row, html);
  return html;
}

Strip strip_for(const Scene& scene, const journal::Bins& bins, std::span<const journal::StateBin> states,
                std::string_view country, std::string_view network) {
  if (std::ranges::any_of(states, [](const journal::StateBin& bin) { return bin.minutes > 0; })) {
    return strip_of(bins, scene.range, states);
  }
  std::vector<event::Event> events = scene.past.events(scene.range);
  std::erase_if(events, [&](const event::Event& event) {
    const bool is_ours = event.scope != event::Scope::kTarget && event.country == country && event.network == network;
    return event.scope != event::Scope::kVantage && !is_ours;
  });
  return strip_of(bins, scene.range, events, scene.past.watched(scene.range));
}

}  // namespace blipd::page
