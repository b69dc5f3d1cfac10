#include "daemon/page/evidence_part.hpp"

#include <algorithm>

#include "daemon/event/words.hpp"
#include "daemon/page/address.hpp"
#include "daemon/page/hosts_table.hpp"
#include "daemon/page/path_table.hpp"
#include "daemon/page/words.hpp"

namespace blipd::page {

namespace {

using event::Moment;
using event::PathEvidence;

void write_heading(unsigned level, const char* text, Html& html) { html("<h", level, ">", text, "</h", level, ">\n"); }

// A line for each path.
void write_summary(const std::vector<const PathEvidence*>& paths, Html& html) {
  html(
      "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Paths\"><table "
      "class=\"paths-told\"><thead><tr><th "
      "scope=\"col\">Path to</th><th scope=\"col\">Is</th><th scope=\"col\">How it ends</th><th scope=\"col\">Upstream "
      "before</th><th scope=\"col\">Upstream now</th></tr></thead><tbody>\n");
  for (const PathEvidence* path : paths) {
    const std::string loss = event::loss_in_words(*path);
    html("<tr><th scope=\"row\">", path_in_words(*path), "</th><td>", path_state(path->now.end), "</td><td>",
         loss.empty() ? sentence_of(path->now.end) : loss, "</td>");
    if (path->is_control) {
      html("<td></td><td></td></tr>\n");
      continue;
    }
    html("<td>", as_in_words(path->before ? path->before->upstream : 0), "</td><td>", as_in_words(path->now.upstream),
         "</td></tr>\n");
  }
  html("</tbody></table></div>\n");
}

void write_paths(const event::Evidence& evidence, Moment moment, const EvidenceStyle& style, Html& html) {
  std::vector<const PathEvidence*> paths;
  for (const PathEvidence& path : evidence.paths) {
    if (path.moment == moment) paths.push_back(&path);
  }
  if (paths.empty()) return;
  std::ranges::stable_sort(paths, {}, &PathEvidence::is_control);
  write_heading(style.heading + 1, moment == Moment::kStart ? "Paths when it was found" : "Paths after its end", html);
  write_summary(paths, html);
  if (!style.has_hops) return;
  html("<div class=\"paths\">\n");
  for (const PathEvidence* path : paths) {
    html("<div class=\"path\"><h", style.heading + 2, ">", path_in_words(*path), "</h", style.heading + 2, ">\n",
         path_table(*path), "</div>\n");
  }
  html("</div>\n");
}

}  // namespace

Html packets_table(const std::vector<FileRow>& rows, bool is_linked) {
  Html html;
  html(
      "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Files of packets\"><table "
      "class=\"files\"><thead><tr>"
      "<th scope=\"col\">Of</th><th scope=\"col\">Network</th><th scope=\"col\">File</th><th "
      "scope=\"col\">From</th><th "
      "scope=\"col\">To</th><th scope=\"col\" class=\"number\">Packets</th><th scope=\"col\" "
      "class=\"number\">Size</th></tr></thead><tbody>\n");
  for (const auto& [file, of] : rows) {
    html("<tr><td>", of, "</td><td>", file->network, "</td><th scope=\"row\" class=\"name\">");
    if (is_linked) {
      html("<a href=\"/api/v1/evidence/", percent_encoded(file->file), "\">", file->file, "</a>");
    } else {
      html(file->file);
    }
    html("</th><td>", time_element(file->from), "</td><td>", time_element(file->to), "</td><td class=\"number\">",
         count_in_words(file->packets), "</td><td class=\"number\">", size_in_words(file->bytes), "</td></tr>\n");
  }
  html("</tbody></table></div>\n");
  return html;
}

Html evidence_part(const event::Evidence& evidence, const EvidenceStyle& style) {
  Html html;
  if (evidence.is_empty()) return html;
  write_heading(style.heading, "Evidence", html);
  if (!evidence.paths.empty()) {
    html(
        "<p class=\"hint\">Where packets ended, and where they did before. Answers come back by a way of their own: a "
        "hop "
        "that is lost may be there and unable to answer us.</p>\n");
  }
  for (const Moment moment : {Moment::kStart, Moment::kEnd}) write_paths(evidence, moment, style, html);
  for (const Moment moment : {Moment::kStart, Moment::kEnd}) {
    const Html hosts = hosts_table(evidence, moment);
    if (hosts.is_empty()) continue;
    write_heading(style.heading + 1, moment == Moment::kStart ? "Hosts when it was found" : "Hosts after its end",
                  html);
    html(hosts);
  }
  if (evidence.packets.empty()) return html;
  write_heading(style.heading + 1, "Packets", html);
  html(
      "<p class=\"hint\">What was on the wire around it, for Wireshark and tshark. Files are removed after a "
      "time.</p>\n");
  std::vector<FileRow> rows;
  for (const event::PacketFile& file : evidence.packets) {
    rows.push_back({&file, {}});
    rows.back().of(event::kMomentNames[static_cast<std::size_t>(file.moment)]);
  }
  html(packets_table(rows, style.is_linked));
  return html;
}

}  // namespace blipd::page
