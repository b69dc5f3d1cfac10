#include "daemon/page/path_table.hpp"

#include <algorithm>
#include <cctype>

#include "daemon/event/words.hpp"
#include "daemon/page/words.hpp"

namespace blipd::page {

namespace {

using event::PathEnd;
using event::PathHop;
using event::PathSeen;

// Null where nothing answered.
const PathHop* answering(const PathSeen& path, unsigned distance) {
  const auto hop = std::ranges::find(path.hops, distance, &PathHop::distance);
  return hop == path.hops.end() || hop->address.empty() ? nullptr : &*hop;
}

unsigned last_distance(const PathSeen& path) { return path.hops.empty() ? 0 : path.hops.back().distance; }

// What a router added (RFC 4884): the stack of labels, the interface that the packet came in by.
std::string additions_in_words(const PathHop& hop) {
  std::string text;
  for (const std::uint32_t label : hop.labels) text += (text.empty() ? "MPLS " : ", ") + std::to_string(label);
  if (!hop.interface.empty()) text += (text.empty() ? "in by " : "; in by ") + hop.interface;
  return text;
}

void write_mark(Html& html) { html("<strong class=\"sign\" data-state=\"down\">first lost hop</strong>"); }

void write_hop(const PathHop& hop, const char* when, bool is_target, bool is_marked, Html& html) {
  html("<td>", hop.address);
  if (is_target) html(" <small>target</small>");
  if (const std::string where = event::whereabouts_in_words(hop); !where.empty()) {
    html("<br><small>", where, "</small>");
  }
  if (const std::string more = additions_in_words(hop); !more.empty()) html("<br><small>", more, "</small>");
  if (is_marked) {
    html("<br>");
    write_mark(html);
  }
  html("</td><td class=\"", when, "\">");
  if (hop.round_trip) html(round_trip_in_words(base::to_seconds(*hop.round_trip)));
  html("</td>");
}

// The two cells of one distance. `when` is the class of the second, "number then" of before: a phone has no room for
// it.
void write_cells(const PathSeen& path, const char* when, unsigned distance, bool is_marked, Html& html) {
  const unsigned last = last_distance(path);
  if (const PathHop* const hop = answering(path, distance)) {
    write_hop(*hop, when, distance == last && path.end == PathEnd::kReached, is_marked, html);
    return;
  }
  html("<td>");
  if (is_marked) {
    write_mark(html);
  } else if (distance < last || (path.end == PathEnd::kSilent && distance > last)) {
    html("<small>silent</small>");
  } else {
    html("<small>–</small>");
  }
  html("</td><td class=\"", when, "\"></td>");
}

}  // namespace

std::string path_in_words(const event::PathEvidence& path) {
  std::string text = path.is_control ? "control " + path.target : path.network + "/" + path.target;
  std::string way = path.method.empty() ? path.probe : path.method;
  if (!path.method.empty()) {
    std::ranges::transform(way, way.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  }
  return text + " by " + way;
}

unsigned lost_distance(const event::PathEvidence& path) {
  if (!path.loss) return 0;
  return path.loss->hop ? path.loss->hop->distance : path.loss->after.distance + 1U;
}

const char* sentence_of(event::PathEnd end) {
  switch (end) {
    case PathEnd::kReached:
      return "reached its target";
    case PathEnd::kUnreachable:
      return "a router said that there is no way on";
    case PathEnd::kSilent:
      return "silent from there on";
    case PathEnd::kTooLong:
      return "went on beyond the hops that are asked";
    case PathEnd::kAborted:
      break;
  }
  return "could not be traced";
}

Html path_state(event::PathEnd end) {
  Html html;
  if (end == PathEnd::kReached) {
    html("<span class=\"sign\" data-state=\"up\">whole</span>");
  } else if (end == PathEnd::kAborted) {
    html("<span class=\"sign\" data-state=\"unknown\">not traced</span>");
  } else {
    html("<span class=\"sign\" data-state=\"down\">cut</span>");
  }
  return html;
}

std::string as_in_words(std::uint32_t number) { return number == 0 ? "unknown" : "AS" + std::to_string(number); }

Html path_table(const event::PathEvidence& path) {
  const unsigned lost = lost_distance(path);
  const unsigned last =
      std::max({last_distance(path.now), path.before ? last_distance(*path.before) : 0U, std::min(lost, 255U)});
  // On a path that has got longer another hop may answer where the lost one was.
  const bool is_now_there = answering(path.now, lost) != nullptr;
  Html html;
  html("<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Hops of ", path_in_words(path),
       "\"><table class=\"hops\"><caption>");
  if (path.before) {
    html("Before: ", time_element(path.before->at), ", ", sentence_of(path.before->end), ". ");
  } else if (path.now.end != PathEnd::kReached) {
    html("No earlier path is known. ");
  }
  html("Now: ", time_element(path.now.at), ", ", sentence_of(path.now.end),
       ".</caption><thead><tr><th scope=\"col\">Hop</th>");
  if (path.before) html("<th scope=\"col\">Before</th><th scope=\"col\" class=\"number then\">Round trip then</th>");
  html("<th scope=\"col\">Now</th><th scope=\"col\" class=\"number\">Round trip now</th></tr></thead><tbody>\n");
  for (unsigned distance = 1; distance <= last; ++distance) {
    const bool is_lost = distance == lost;
    if (is_lost) {
      html("<tr class=\"lost\">");
    } else {
      html("<tr>");
    }
    html("<th scope=\"row\">", distance, "</th>");
    if (path.before) write_cells(*path.before, "number then", distance, is_lost && is_now_there, html);
    write_cells(path.now, "number", distance, is_lost && !is_now_there, html);
    html("</tr>\n");
  }
  html("</tbody></table></div>\n");
  return html;
}

}  // namespace blipd::page
