#include "daemon/page/event_card.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "daemon/event/words.hpp"
#include "daemon/page/axis.hpp"
#include "daemon/page/event_table.hpp"
#include "daemon/page/words.hpp"
#include "probes/base/text.hpp"

namespace blipd::page {

namespace {

// A moment that is known as an interval.
Html interval(const event::Span& span) {
  Html html;
  if (span.earliest == span.latest) {
    html(span_element(span), "<br><small>exactly</small>");
    return html;
  }
  html(span_element(span), "<br><small>between ", base::format_time(span.earliest).substr(11, 12), " and ",
       base::format_time(span.latest).substr(11, 12), "</small>");
  return html;
}

void fact(const char* name, const Html& value, Html& html) {
  html("<div><dt>", name, "</dt><dd>", value, "</dd></div>");
}

void fact(const char* name, const std::string& value, Html& html) {
  Html text;
  text(value);
  fact(name, text, html);
}

// What fell when: a row each, from the first to the last, on an axis of its own.
Html order_of_fall(const event::Event& event) {
  const std::vector<event::Fall>& order = event.onset.order;
  Html html;
  if (order.size() < 2) return html;
  Range range{order[0].when.earliest, order[0].when.latest};
  for (const event::Fall& fall : order) {
    range.from = std::min(range.from, fall.when.earliest);
    range.to = std::max(range.to, fall.when.latest);
  }
  const base::Duration margin = std::max<base::Duration>(range.length() / 20, std::chrono::seconds(1));
  range = {range.from - margin, range.to + margin};
  html(
      "<h3>What fell when</h3>\n<p class=\"hint\">A bar is the interval in which it fell. Those with one number cannot "
      "be told "
      "apart.</p>\n<table class=\"order\"><thead><tr><th scope=\"col\">Rank</th><th scope=\"col\">Where</th><th "
      "scope=\"col\">Between</th><th scope=\"col\">From ",
      base::format_time(range.from).substr(11, 8), " to ", base::format_time(range.to).substr(11, 8),
      "</th></tr></thead><tbody>\n");
  for (const event::Fall& fall : order) {
    const double left = range.at(fall.when.earliest);
    const double right = range.at(fall.when.latest);
    html("<tr><td>", fall.rank, "</td><th scope=\"row\">", fall.place, "</th><td>",
         base::format_time(fall.when.earliest).substr(11, 10), " and ",
         base::format_time(fall.when.latest).substr(11, 10),
         "</td><td class=\"span\"><svg width=\"100%\" height=\"14\" aria-hidden=\"true\"><line class=\"ground\" "
         "x1=\"0\" "
         "x2=\"100%\" y1=\"7\" y2=\"7\"/><rect class=\"fell\" x=\"",
         decimal(left), "%\" width=\"", decimal(std::max(right - left, 0.4)),
         "%\" y=\"2\" height=\"10\"/></svg></td></tr>\n");
  }
  html("</tbody></table>\n");
  return html;
}

Html what_came_before(const event::Event& event) {
  Html html;
  if (event.onset.before.empty()) return html;
  html(
      "<h3>What came before</h3>\n<div class=\"wide\" tabindex=\"0\" role=\"group\" "
      "aria-label=\"Table\"><table><thead><tr><th scope=\"col\">In the</th><th scope=\"col\" "
      "class=\"number\">Times down</th><th scope=\"col\" class=\"number\">Loss</th><th scope=\"col\" "
      "class=\"number\">its "
      "growth an hour</th><th scope=\"col\" class=\"number\">Round trips</th><th scope=\"col\" class=\"number\">Late "
      "answers</th></tr></thead><tbody>\n");
  for (const event::Before& before : event.onset.before) {
    html("<tr><th scope=\"row\">", length_in_words(before.length), " before</th><td class=\"number\">", before.flaps,
         "</td><td class=\"number\">", percent(before.loss_ratio), "</td><td class=\"number\">",
         before.loss_slope ? fmt::format("{}{:.1f} points", *before.loss_slope < 0 ? "\u2212" : "+",
                                         std::abs(100 * *before.loss_slope))
                           : "unknown",
         "</td><td class=\"number\">", before.rtt_ratio ? fmt::format("{:.2f} × usual", *before.rtt_ratio) : "unknown",
         "</td><td class=\"number\">", count_in_words(before.late), "</td></tr>\n");
  }
  html("</tbody></table></div>\n");
  return html;
}

Html how_probes_failed(const event::Event& event) {
  const event::Failures& failures = event.onset.failures;
  Html html;
  const std::uint64_t all = failures.silent + failures.unreachable + failures.reset;
  if (all == 0) return html;
  html("<h3>How probes failed until it was declared</h3>\n<table class=\"failures\"><tbody>\n");
  for (const auto& [name, count] : {std::pair{"Silent", failures.silent},
                                    {"An error came back", failures.unreachable},
                                    {"Connection reset", failures.reset}}) {
    const std::string share = decimal(100.0 * static_cast<double>(count) / static_cast<double>(all));
    html("<tr><th scope=\"row\">", name, "</th><td class=\"number\">", count_in_words(count),
         "</td><td class=\"span\"><svg width=\"100%\" height=\"10\" aria-hidden=\"true\"><rect class=\"fell\" width=\"",
         share, "%\" height=\"10\"/></svg></td></tr>\n");
  }
  html("</tbody></table>\n");
  if (!failures.notices.empty()) {
    html("<ul>");
    for (const event::Notice& notice : failures.notices) {
      html("<li>ICMP type ", static_cast<unsigned>(notice.type), " code ", static_cast<unsigned>(notice.code), " from ",
           notice.sender, ": ", count_in_words(notice.count), " times</li>");
    }
    html("</ul>\n");
  }
  return html;
}

}  // namespace

std::string headline(const event::Event& event) {
  std::string kind = kind_in_words(event);
  if (event.kind == event::Kind::kDegraded) kind = "degradation";
  kind.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(kind.front())));
  return event.scope == event::Scope::kVantage ? kind : kind + " of " + event::place_in_words(event);
}

Html event_card(const event::Event& event, base::WallTime now) {
  Html html;
  html("<dl class=\"facts\">");
  fact("Began", interval(event.start), html);
  if (event.end) {
    fact("Ended", interval(*event.end), html);
    fact("Lasted", length_in_words(event.duration()), html);
  } else {
    fact("Ended", std::string("not yet"), html);
    fact("Has lasted", length_in_words(now - event.start.middle()), html);
  }
  fact("First said", time_element(event.declared), html);
  if (event.scope != event::Scope::kVantage) {
    fact("Reachable at the least",
         percent(event.reachable.lowest) +
             (event.reachable.usual ? " of usually " + percent(*event.reachable.usual) : ""),
         html);
  }
  if (event.kind == event::Kind::kOutage || event.kind == event::Kind::kPartial) {
    fact("How it fell", std::string(event::kShapeNames[static_cast<std::size_t>(event.onset.shape)]), html);
    fact("From 90 to 10 %", event.onset.fall ? "within " + length_in_words(*event.onset.fall) : "did not fall so far",
         html);
  }
  if (event.kind == event::Kind::kInstability) fact("Times down", std::to_string(event.flaps), html);
  html("</dl>\n");
  if (!event.path.empty()) {
    html("<p>Path controls in ", event.path, " failed with it: it may lie before the country.</p>\n");
  }
  if (event.needs_review) {
    html(
        "<p class=\"notice\">Open for so long that it may be the new normal, which is never learned in silence. Take "
        "out of "
        "the configuration what is gone for good.</p>\n");
  }
  html(order_of_fall(event), what_came_before(event), how_probes_failed(event));
  return html;
}

}  // namespace blipd::page
