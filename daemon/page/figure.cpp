#include "daemon/page/figure.hpp"

#include "daemon/page/address.hpp"
#include "daemon/page/words.hpp"

namespace blipd::page {

namespace {

// A table is for reading, not for computing with: /api/v1/series has every bin.
constexpr std::size_t kMostRows = 48;

void write_numbers(const Subject& subject, std::string_view title, const std::vector<Column>& columns, Html& html) {
  const std::size_t step = (subject.bins.count + kMostRows - 1) / kMostRows;
  if (step == 0) return;
  html("<details class=\"numbers\"><summary>Numbers");
  if (step > 1) html(", every ", length_in_words(subject.bins.width * static_cast<std::int64_t>(step)));
  html("</summary><div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table><caption>", title, ", ",
       subject.name, ": what each ", length_in_words(subject.bins.width),
       " came to</caption><thead><tr><th scope=\"col\">From, UTC</th>");
  for (const Column& column : columns) html("<th scope=\"col\" class=\"number\">", column.heading, "</th>");
  html("</tr></thead><tbody>");
  for (std::size_t bin = 0; bin < subject.bins.count; bin += step) {
    html("<tr><th scope=\"row\">", time_element(subject.bins.start_of(bin)), "</th>");
    for (const Column& column : columns) html("<td class=\"number\">", column.text(bin), "</td>");
    html("</tr>\n");
  }
  html("</tbody></table></div></details>\n");
}

}  // namespace

Html figure(const Subject& subject, std::string_view kind, std::string_view title, const Html& picture,
            const std::vector<KeyEntry>& key, const std::vector<Column>& columns) {
  Html html;
  html("<figure class=\"chart\" id=\"", subject.id, "\" data-part data-chart=\"", kind, "\"");
  if (!subject.series.empty()) html(" data-series=\"", subject.series, "\"");
  html("><figcaption><b>", title, "</b> <span class=\"key-line\">");
  for (const KeyEntry& entry : key) {
    html("<span><svg width=\"16\" height=\"10\" aria-hidden=\"true\"><rect class=\"key-sign ", entry.style,
         "\" width=\"16\" height=\"10\"");
    if (std::string_view(entry.style) == "gap") html(" fill=\"url(#hatch)\"");
    html("/></svg>", entry.text, "</span>");
  }
  html("</span></figcaption>", picture, "\n");
  if (!columns.empty()) write_numbers(subject, title, columns, html);
  html("</figure>\n");
  return html;
}

std::string series_address(std::string_view country, std::string_view network, std::string_view target,
                           std::string_view probe, const Range& range, std::size_t points) {
  std::string address = "/api/v1/series?country=" + percent_encoded(country);
  for (const auto& [name, value] : {std::pair{"&network=", network}, {"&target=", target}, {"&probe=", probe}}) {
    if (!value.empty()) address += name + percent_encoded(value);
  }
  return address + "&from=" + time_text(range.from) + "&to=" + time_text(range.to) +
         "&points=" + std::to_string(points);
}

}  // namespace blipd::page
