#include "daemon/page/page.hpp"

#include <algorithm>

#include "daemon/page/address.hpp"
#include "daemon/page/event_card.hpp"
#include "daemon/page/frame.hpp"
#include "daemon/page/views.hpp"

namespace blipd::page {

namespace {

constexpr base::Duration kUsualRange = std::chrono::hours(24);
constexpr base::Duration kLongest = std::chrono::hours(24 * 3660);

using Way = std::vector<std::pair<std::string, std::string>>;

struct View {
  std::string title;
  Way way;
  Html main;
};

Document told(const Live& live, const Assets& assets, unsigned status, const std::string& title,
              const std::string& text) {
  Frame frame{title,
              live.snapshot->plan->configuration.vantage_name,
              {{"blipd", "/"}, {title, ""}},
              live.snapshot->taken,
              false};
  Html main;
  main("<h1>", title, "</h1>\n<p>", text, "</p>\n<p><a href=\"/\">To the overview</a></p>\n");
  return {status, document(frame, assets, main).take()};
}

template <class Rows, class Is>
std::optional<std::uint32_t> find_row(const Rows& rows, std::size_t known, const Is& is) {
  for (std::size_t i = 0; i < rows.size() && i < known; ++i) {
    if (rows[i].is_active && is(rows[i])) return static_cast<std::uint32_t>(i);
  }
  return std::nullopt;
}

std::optional<View> find_event(const std::string& id, const Scene& scene) {
  const std::optional<event::Event> event = scene.past.event(id);
  if (!event) return std::nullopt;
  const Scene around{scene.live, scene.past, range_around(*event, scene.snapshot().taken), !event->is_open()};
  Way way = {{"blipd", "/"}};
  if (!event->country.empty()) way.emplace_back(event->country, country_path(event->country));
  if (!event->network.empty()) way.emplace_back(event->network, network_path(event->country, event->network));
  way.emplace_back("event", "");
  return View{headline(*event), std::move(way), event_view(around, *event)};
}

// /country/CC[/network/NAME[/target/NAME]]
std::optional<View> find_place(const std::vector<std::string>& path, const Scene& scene) {
  const config::Plan& plan = scene.plan();
  const pipeline::Snapshot& snapshot = scene.snapshot();
  const auto country = find_row(plan.countries, snapshot.countries.size(),
                                [&](const config::PlannedCountry& row) { return row.code == path[1]; });
  if (!country) return std::nullopt;
  const config::PlannedCountry& row = plan.countries[*country];
  const std::string& name = row.name.empty() ? row.code : row.name;
  Way way = {{"blipd", "/"}, {name, country_path(row.code)}};
  if (path.size() == 2) return View{name, std::move(way), country_view(scene, *country)};
  if (path.size() < 4 || path[2] != "network") return std::nullopt;
  const auto network = find_row(plan.networks, snapshot.networks.size(), [&](const config::PlannedNetwork& candidate) {
    return candidate.country == country && candidate.name == path[3];
  });
  if (!network) return std::nullopt;
  way.emplace_back(path[3], network_path(path[1], path[3]));
  if (path.size() == 4) return View{path[3] + ", " + name, std::move(way), network_view(scene, *network)};
  if (path.size() != 6 || path[4] != "target") return std::nullopt;
  for (const auto target : plan.networks[*network].targets) {
    if (!plan.targets[target].is_active || target >= snapshot.targets.size() || plan.targets[target].name != path[5]) {
      continue;
    }
    way.emplace_back(path[5], "");
    return View{path[5] + ", " + path[3], std::move(way), target_view(scene, target)};
  }
  return std::nullopt;
}

// What a tab among many has room for: "North Korea total, Iran normal".
std::string levels_in_words(const Scene& scene) {
  std::string text;
  for (std::size_t c = 0; c < scene.plan().countries.size(); ++c) {
    const config::PlannedCountry& country = scene.plan().countries[c];
    if (!country.is_active || c >= scene.snapshot().countries.size()) continue;
    if (!text.empty()) text += ", ";
    text += country.name.empty() ? country.code : country.name;
    text += ' ';
    text += pipeline::kCountryLevelNames[static_cast<std::size_t>(scene.snapshot().countries[c].level)];
  }
  return text.empty() ? scene.plan().configuration.vantage_name : text;
}

std::optional<View> find_view(const Address& address, const Scene& scene) {
  const std::vector<std::string>& path = address.path;
  if (path.empty()) {
    const base::WallTime now = scene.snapshot().taken;
    const Scene day{scene.live, scene.past, {now - kUsualRange, now}, false};
    return View{levels_in_words(scene), {{"blipd", "/"}}, overview(day)};
  }
  if (path[0] == "country" && path.size() >= 2) return find_place(path, scene);
  if (path[0] != "event" || path.size() < 2) return std::nullopt;
  // Ids have slashes themselves: whoever did not encode them is understood as well.
  std::string id = path[1];
  for (std::size_t i = 2; i < path.size(); ++i) id += "/" + path[i];
  return find_event(id, scene);
}

}  // namespace

bool is_page(std::string_view path) {
  return path == "/" || path.starts_with("/country/") || path.starts_with("/event/");
}

bool needs_channels(std::string_view path) { return path.find("/target/") != std::string_view::npos; }

Document render(std::string_view target, const Live& live, const Assets& assets) {
  const auto address = read_address(target);
  if (!address) return told(live, assets, 400, "This address makes no sense", address.error().text);
  const base::WallTime now = live.snapshot->taken;
  const base::WallTime to = address->to.value_or(now);
  const Range range{address->from.value_or(to - kUsualRange), to};
  if (range.from >= range.to || range.length() > kLongest) {
    return told(live, assets, 400, "This range of time makes no sense",
                range.from >= range.to ? "from is not before to; exchange them, or leave one out."
                                       : "It is longer than ten years; choose a shorter one.");
  }
  Past past(live);
  const Scene scene{live, past, range, address->to.has_value()};
  const std::optional<View> view = find_view(*address, scene);
  if (!view) {
    return told(live, assets, 404, "There is no such page",
                "Nobody of this name is watched, and no event of this name is known, in the journal or in memory.");
  }
  const std::string& vantage = live.snapshot->plan->configuration.vantage_name;
  const Frame frame{view->title, vantage, view->way, now, !scene.is_fixed};
  return {200, document(frame, assets, view->main).take()};
}

}  // namespace blipd::page
