#include "daemon/page/evidence_of_place.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "daemon/page/address.hpp"
#include "daemon/page/evidence_part.hpp"
#include "daemon/page/path_table.hpp"
#include "daemon/page/words.hpp"

namespace blipd::page {

namespace {

constexpr std::size_t kMostPaths = 100;
constexpr std::size_t kMostFiles = 20;

using Rows = std::vector<const evidence::PathRow*>;

Rows rows_of(const Live& live, std::string_view country, std::string_view network) {
  Rows rows;
  if (!live.paths) return rows;
  for (const auto& row : *live.paths) {
    if (row && row->country == country && row->network == network) rows.push_back(row.get());
  }
  return rows;
}

event::PathEvidence path_of(const evidence::PathRow& row) {
  event::PathEvidence path;
  path.network = row.network;
  path.target = row.target;
  path.probe = row.probe;
  path.method = row.method;
  if (row.now) path.now = *row.now;
  path.before = row.whole;
  path.loss = row.loss;
  return path;
}

}  // namespace

Html paths_of_network(const Live& live, std::string_view country, std::string_view network) {
  const Rows rows = rows_of(live, country, network);
  Html html;
  if (rows.empty()) return html;
  html(
      "<h2>Paths</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Paths\"><table><thead><tr><th "
      "scope=\"col\">To</th><th scope=\"col\">Is</th><th scope=\"col\" class=\"number\">Hops</th><th "
      "scope=\"col\">Upstream</th><th scope=\"col\" class=\"number\">Changes</th><th "
      "scope=\"col\">Traced</th></tr></thead><tbody>\n");
  for (std::size_t i = 0; i < rows.size() && i < kMostPaths; ++i) {
    const evidence::PathRow* const row = rows[i];
    html("<tr><th scope=\"row\"><a href=\"", target_path(country, network, row->target), "\">",
         path_in_words(path_of(*row)), "</a></th><td>", path_state(row->now ? row->now->end : event::PathEnd::kAborted),
         "</td><td class=\"number\">", row->hops ? std::to_string(*row->hops) : "unknown", "</td><td>",
         as_in_words(row->upstream), "</td><td class=\"number\">", row->changes, "</td><td>");
    if (row->traced) html(time_element(*row->traced));
    html("</td></tr>\n");
  }
  html("</tbody></table></div>\n");
  if (rows.size() > kMostPaths) html("<p>And ", rows.size() - kMostPaths, " more: each host's view has its own.</p>\n");
  return html;
}

Html paths_of_target(const Live& live, std::string_view country, std::string_view network, std::string_view target) {
  Html html;
  for (const evidence::PathRow* row : rows_of(live, country, network)) {
    if (row->target != target || !row->now) continue;
    if (html.is_empty()) html("<h2>Paths</h2>\n<div class=\"paths\">\n");
    const event::PathEvidence path = path_of(*row);
    html("<div class=\"path\"><h3>", path_in_words(path), ": ", path_state(path.now.end), "</h3>\n", path_table(path),
         "</div>\n");
  }
  if (!html.is_empty()) html("</div>\n");
  return html;
}

Html files_of_network(const std::vector<event::Event>& events, std::string_view country, std::string_view network) {
  std::vector<FileRow> rows;
  std::set<std::string_view> seen;
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    const bool is_ours = event->country == country && (event->network == network || event->network.empty());
    if (!is_ours) continue;
    for (const event::PacketFile& file : event->evidence.packets) {
      if (file.network != network || rows.size() >= kMostFiles || !seen.insert(file.file).second) continue;
      Html of;
      of("<a href=\"", event_path(event->id), "\">", kind_in_words(*event), "</a>, ",
         event::kMomentNames[static_cast<std::size_t>(file.moment)]);
      rows.push_back({&file, std::move(of)});
    }
  }
  Html html;
  if (!rows.empty()) html("<h2>Packets of its events</h2>\n", packets_table(rows, true));
  return html;
}

}  // namespace blipd::page
