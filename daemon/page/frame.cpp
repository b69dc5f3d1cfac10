#include "daemon/page/frame.hpp"

#include "daemon/page/address.hpp"
#include "daemon/page/words.hpp"

namespace blipd::page {

namespace {

void write_head(const Frame& frame, const Assets& assets, Html& html) {
  html(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
      frame.title, "</title>\n<link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"", assets.style,
      "\">\n");
  if (!assets.script.empty()) html("<script type=\"module\" src=\"", assets.script, "\"></script>\n");
  if (frame.is_live) {
    if (assets.script.empty()) {
      html("<meta http-equiv=\"refresh\" content=\"30\">\n");
    } else {
      html("<noscript><meta http-equiv=\"refresh\" content=\"30\"></noscript>\n");
    }
  }
  html("</head>\n");
}

void write_way(const Frame& frame, Html& html) {
  html("<nav class=\"way\" aria-label=\"Where you are\"><ol>");
  for (std::size_t i = 0; i < frame.way.size(); ++i) {
    const auto& [text, address] = frame.way[i];
    html("<li>");
    if (i + 1 == frame.way.size()) {
      html("<span aria-current=\"page\">", text, "</span>");
    } else {
      html("<a href=\"", address, "\">", text, "</a>");
    }
    html("</li>");
  }
  html("</ol></nav>\n");
}

}  // namespace

Html patterns() {
  Html html;
  html(
      "<svg class=\"patterns\" width=\"0\" height=\"0\" aria-hidden=\"true\" focusable=\"false\"><defs>"
      "<pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
      "<rect class=\"hatch-ground\" width=\"5\" height=\"5\"/><line class=\"hatch-line\" y2=\"5\"/></pattern>"
      "<pattern id=\"dots\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\">"
      "<rect class=\"dots-ground\" width=\"4\" height=\"4\"/><circle class=\"dots-dot\" cx=\"1\" cy=\"1\" r=\"1\"/>"
      "</pattern></defs></svg>\n");
  return html;
}

Html document(const Frame& frame, const Assets& assets, const Html& main) {
  Html html;
  write_head(frame, assets, html);
  html("<body>\n<a class=\"skip\" href=\"#main\">To the content</a>\n", patterns(), "<header class=\"top\">\n");
  write_way(frame, html);
  html("<p class=\"taken\" id=\"taken\" data-part>As of <time datetime=\"", time_text(frame.taken),
       "\" data-live=\"taken\">", time_in_words(frame.taken),
       "</time> UTC</p>\n</header>\n"
       "<main id=\"main\" tabindex=\"-1\">\n",
       main, "</main>\n<footer>\n<p>blipd on ", frame.vantage,
       ". Seen from here; times are UTC. It says what answers, never why, nor by whom.</p>\n"
       "<p><a href=\"/api/v1/status\">Status as JSON</a> <a href=\"/api/v1/outages\">Events as JSON</a> "
       "<a href=\"/metrics\">Metrics</a></p>\n</footer>\n</body>\n</html>\n");
  return html;
}

}  // namespace blipd::page
