#include "daemon/page/ranges.hpp"

#include <algorithm>
#include <array>

#include "daemon/page/address.hpp"
#include "daemon/page/words.hpp"

namespace blipd::page {

namespace {

using std::chrono::hours;

struct Preset {
  const char* text;
  base::Duration length;
};
constexpr std::array<Preset, 5> kPresets = {{{"1\u00A0h", hours(1)},
                                             {"24\u00A0h", hours(24)},
                                             {"7\u00A0d", hours(24 * 7)},
                                             {"30\u00A0d", hours(24 * 30)},
                                             {"90\u00A0d", hours(24 * 90)}}};
constexpr base::Duration kShortest = std::chrono::minutes(10);

void link(std::string_view path, const Range& range, std::string_view text, Html& html) {
  html("<li><a href=\"", path, range_query(range), "\">", text, "</a></li>");
}

}  // namespace

Html range_links(const Scene& scene, std::string_view path) {
  const Range& range = scene.range;
  const base::Duration length = range.length();
  const base::Duration half = length / 2;
  const base::WallTime now = scene.snapshot().taken;
  Html html;
  html("<nav class=\"ranges\" id=\"ranges\" data-part aria-label=\"Range of time\">\n<p>", time_element(range.from),
       " to ", time_element(range.to), ", ", length_in_words(length), "</p>\n<ul>");
  link(path, {range.from - half, range.to - half}, "← earlier", html);
  if (range.to < now) {
    const base::Duration step = std::min(half, now - range.to);
    link(path, {range.from + step, range.to + step}, "later →", html);
  }
  if (length > kShortest) link(path, {range.from + length / 4, range.to - length / 4}, "zoom in", html);
  link(path, {range.from - half, std::min(range.to + half, std::max(now, range.to))}, "zoom out", html);
  for (const Preset& preset : kPresets) {
    const bool is_current = std::chrono::abs(length - preset.length) < std::chrono::minutes(1);
    html("<li><a href=\"", path,
         scene.is_fixed ? range_query({range.to - preset.length, range.to})
                        : "?from=" + time_text(range.to - preset.length));
    html("\"");
    if (is_current) html(" aria-current=\"true\"");
    html(">", preset.text, "</a></li>");
  }
  if (scene.is_fixed) html("<li><a href=\"", path, "\">now</a></li>");
  html("</ul></nav>\n");
  return html;
}

}  // namespace blipd::page
