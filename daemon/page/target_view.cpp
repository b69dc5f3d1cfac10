// One host: for each way of asking it what its round trips, losses and outcomes were, and what the windows say now.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "daemon/page/address.hpp"
#include "daemon/page/charts.hpp"
#include "daemon/page/event_table.hpp"
#include "daemon/page/evidence_of_place.hpp"
#include "daemon/page/ranges.hpp"
#include "daemon/page/standing.hpp"
#include "daemon/page/views.hpp"
#include "daemon/page/words.hpp"

namespace blipd::page {

namespace {

constexpr std::size_t kBins = 360;

std::string seconds_text(const measure::WindowView& window, base::Duration value) {
  return window.round_trips > 0 ? round_trip_in_words(base::to_seconds(value)) : "none";
}

Html windows_table(const measure::WindowViews& windows) {
  Html html;
  html(
      "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table><caption>Sliding windows up to "
      "now</caption><thead><tr><th "
      "scope=\"col\">Window</th>");
  for (const char* heading : {"Probes", "Lost", "Loss", "Least", "Median", "90 %", "99 %", "Most", "PDV", "Mean IPDV",
                              "Loss runs", "Longest"}) {
    html("<th scope=\"col\" class=\"number\">", heading, "</th>");
  }
  html("</tr></thead><tbody>\n");
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const measure::WindowView& window = windows[i];
    html("<tr><th scope=\"row\">", measure::kWindowNames[i], "</th>");
    const std::array<std::string, 12> cells = {
        count_in_words(window.samples),
        count_in_words(window.failed),
        percent(window.loss_ratio()),
        seconds_text(window, window.minimum_rtt),
        seconds_text(window, window.rtt[0]),
        seconds_text(window, window.rtt[1]),
        seconds_text(window, window.rtt[2]),
        seconds_text(window, window.rtt[3]),
        seconds_text(window, window.pdv),
        window.ipdv_pairs > 0 ? round_trip_in_words(base::to_seconds(window.mean_ipdv)) : "none",
        count_in_words(window.loss_runs),
        count_in_words(window.longest_loss_run)};
    for (const std::string& cell : cells) html("<td class=\"number\">", cell, "</td>");
    html("</tr>\n");
  }
  html("</tbody></table></div>\n");
  return html;
}

Html counters_table(const measure::Counters& counters) {
  constexpr std::array<const char*, 6> kAborted = {"",      "could not be sent", "name not known", "our own fault",
                                                   "clock", "too late to send"};
  Html html;
  html(
      "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table class=\"outcomes\"><caption>How "
      "probes ended, since the start: sent is answered, "
      "lost and "
      "under way</caption><tbody>\n");
  const auto row = [&](const std::string& name, std::uint64_t count) {
    html("<tr><th scope=\"row\">", name, "</th><td class=\"number\">", count_in_words(count), "</td></tr>");
  };
  row("Sent", counters.sent);
  row("Answered in time", counters.answered);
  row("Lost: silent", counters.lost);
  row("Lost: an error came back", counters.unreachable);
  row("Under way", counters.in_flight);
  for (std::size_t i = 1; i < counters.aborted.size(); ++i) {
    if (counters.aborted[i] > 0) row(std::string("Never judged: ") + kAborted[i], counters.aborted[i]);
  }
  row("Answered late", counters.late);
  for (const auto& [name, count] : {std::pair{"Answered twice", counters.duplicate},
                                    {"Answered twice, differently", counters.differing},
                                    {"Answered out of order", counters.reordered},
                                    {"Answers that were broken", counters.malformed},
                                    {"Answers that were forged", counters.forged},
                                    {"Answers with other content than expected", counters.unexpected}}) {
    if (count > 0) row(name, count);
  }
  html("</tbody></table></div>\n");
  return html;
}

void write_channel(const Scene& scene, config::ChannelIndex index, const journal::Bins& bins, Html& html) {
  const config::Plan& plan = scene.plan();
  const config::PlannedChannel& row = plan.channels[index];
  const config::PlannedNetwork& network = plan.networks[row.network];
  const config::PlannedTarget& target = plan.targets[row.target];
  const std::string& probe = row.spec().name;
  const std::string id = fmt::format("channel-{}", percent_encoded(probe));
  const auto channel = scene.past.channel(plan.channel_name(index), bins);
  const std::string code(plan.country_code(row.network));
  Subject subject{"", series_address(code, network.name, target.name, probe, scene.range, kBins),
                  target.name + " by " + probe, bins, scene.range};
  const bool is_known = index < scene.snapshot().channels.size();
  std::optional<float> usual_loss;
  html("<section class=\"channel\" id=\"", id, "\" data-part>\n<h2>By ", probe, "</h2>\n");
  if (is_known) {
    const pipeline::ChannelState state = scene.snapshot().channels.state(index);
    if (state.usual_answer_ratio) usual_loss = static_cast<float>(1 - *state.usual_answer_ratio);
    html("<p>Usually answers ", percent(state.usual_answer_ratio), " of its probes. ");
    if (!state.has_vote) html("It answers too seldom to have a vote. ");
    if (state.last_answered) {
      html("Answered last ", time_element(*state.last_answered));
      if (state.last_rtt) html(", after ", round_trip_in_words(base::to_seconds(*state.last_rtt)));
      html(".");
    } else {
      html("It has not answered since the start.");
    }
    html("</p>\n");
  }
  const auto named = [&](const char* kind) -> const Subject& {
    subject.id = id + "-" + kind;
    return subject;
  };
  html(smoke_chart(named("smoke"), channel), loss_chart(named("loss"), channel, usual_loss),
       variation_chart(named("pdv"), channel), outcomes_chart(named("outcomes"), channel));
  if (is_known) {
    html(windows_table(scene.snapshot().channels.windows(index)),
         counters_table(scene.snapshot().channels.counters(index)));
  }
  html("</section>\n");
}

}  // namespace

Html target_view(const Scene& scene, config::TargetIndex index) {
  const config::Plan& plan = scene.plan();
  const config::PlannedTarget& target = plan.targets[index];
  const config::PlannedNetwork& network = plan.networks[target.network];
  const std::string code(plan.country_code(target.network));
  const char* const state =
      pipeline::kTargetStateNames[static_cast<std::size_t>(scene.snapshot().targets[index].state)];
  const journal::Bins bins = journal::bins_for(scene.range.from, scene.range.to, kBins);
  std::vector<Told> told;
  std::vector<event::Event> events = scene.past.events(scene.range);
  const Html files = files_of_network(events, code, network.name);
  for (event::Event& event : events) {
    const bool is_ours = event.country == code && event.network == network.name &&
                         (event.target == target.name || event.scope == event::Scope::kNetwork);
    if (is_ours || event.scope == event::Scope::kVantage) told.push_back({std::move(event), 0});
  }
  std::ranges::reverse(told);
  told.resize(std::min<std::size_t>(told.size(), 100));
  Html html;
  html("<h1 class=\"quiet\">", target.name, "</h1>\n", vantage_part(scene), notices_part(scene),
       "<section id=\"standing\" data-part><div class=\"face small\" data-state=\"", state,
       "\"><div class=\"says-it\"><h2>", target.name, " <small>", target.host,
       "</small></h2><p class=\"level\" data-state=\"", state, "\">", state, "</p></div></div></section>\n",
       range_links(scene, target_path(code, network.name, target.name)));
  for (const auto channel : plan.channels_of(target)) {
    if (plan.channels[channel].is_active) write_channel(scene, channel, bins, html);
  }
  html("<section id=\"events\" class=\"happened\" data-part>\n<h2>What happened</h2>\n",
       event_table(
           told, scene.snapshot().taken, [](const event::Event& event) { return event_path(event.id); },
           "Events of this host and its network in this range"),
       "</section>\n<section id=\"evidence\" class=\"evidence\" data-part>\n",
       paths_of_target(scene.live, code, network.name, target.name), files, "</section>\n");
  return html;
}

}  // namespace blipd::page
