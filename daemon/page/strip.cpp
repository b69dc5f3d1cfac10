#include "daemon/page/strip.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/page/words.hpp"
#include "daemon/pipeline/snapshot.hpp"

namespace blipd::page {

namespace {

using pipeline::NetworkState;

constexpr int kHeight = 28;
// A minute is on record when it is over and was written.
constexpr base::Duration kOpen = std::chrono::minutes(2);
constexpr std::array<int, 7> kHeights = {7, 7, 12, 18, 28, 7, 0};  // by Look; of kDown the most

// Levels of countries have the same places: total is outage.
std::uint32_t minutes_in(const journal::StateBin& bin, NetworkState state) {
  return bin.minutes_in[static_cast<std::size_t>(state)];
}

base::Duration overlap(base::WallTime from, base::WallTime to, base::WallTime begin, base::WallTime end) {
  return std::max(base::Duration::zero(), std::min(to, end) - std::max(from, begin));
}

std::uint8_t quarters(base::Duration part, base::Duration whole) {
  if (whole <= base::Duration::zero()) return 4;
  return static_cast<std::uint8_t>(
      std::clamp<std::int64_t>((4 * part.count() + whole.count() - 1) / whole.count(), 1, 4));
}

Cell cell_of(const journal::StateBin& bin) {
  Cell cell;
  if (bin.minutes == 0) return cell;
  const base::Duration watched = std::chrono::minutes(bin.minutes);
  cell.is_unstable = bin.minutes_unstable > 0;
  if (bin.down > base::Duration::zero() || minutes_in(bin, NetworkState::kOutage) > 0) {
    cell.look = Look::kDown;
    cell.share = quarters(bin.down, watched);
  } else if (2 * bin.unknown > watched || 2 * minutes_in(bin, NetworkState::kUnknown) > bin.minutes) {
    cell.look = Look::kUnknown;
  } else if (minutes_in(bin, NetworkState::kPartial) > 0) {
    cell.look = Look::kPartial;
  } else if (minutes_in(bin, NetworkState::kDegraded) > 0) {
    cell.look = Look::kDegraded;
  } else {
    cell.look = 2 * minutes_in(bin, NetworkState::kRecovering) > bin.minutes ? Look::kRecovering : Look::kUp;
  }
  return cell;
}

// What of a bin is down is down; of the rest, minutes stand for what they were at their end.
void add_times(const journal::StateBin& bin, base::Duration width, Times& times) {
  const auto add = [&](Look look, base::Duration time) { times.in[static_cast<std::size_t>(look)] += time; };
  const base::Duration watched = std::min<base::Duration>(std::chrono::minutes(bin.minutes), width);
  const base::Duration down = std::min(bin.down, watched);
  const base::Duration unknown = std::min(bin.unknown, watched - down);
  const base::Duration rest = watched - down - unknown;
  add(Look::kNotWatched, width - watched);
  add(Look::kDown, down);
  add(Look::kUnknown, unknown);
  constexpr std::array<std::pair<NetworkState, Look>, 4> kRest = {{{NetworkState::kNormal, Look::kUp},
                                                                   {NetworkState::kRecovering, Look::kRecovering},
                                                                   {NetworkState::kDegraded, Look::kDegraded},
                                                                   {NetworkState::kPartial, Look::kPartial}}};
  std::uint32_t all = 0;
  for (const auto& [state, look] : kRest) all += minutes_in(bin, state);
  if (all == 0) {
    add(minutes_in(bin, NetworkState::kUnknown) > 0 ? Look::kUnknown : Look::kDown, rest);
    return;
  }
  for (const auto& [state, look] : kRest) add(look, rest * minutes_in(bin, state) / all);
}

Look look_of(const event::Event& event) {
  switch (event.kind) {
    case event::Kind::kOutage:
      return Look::kDown;
    case event::Kind::kPartial:
      return Look::kPartial;
    case event::Kind::kDegraded:
      return Look::kDegraded;
    case event::Kind::kVantageFault:
      return Look::kUnknown;
    case event::Kind::kInstability:
      break;
  }
  return Look::kUp;
}

// Patterns are named in the markup: in a style sheet their address would be one of that sheet's.
Html fill_of(Look look) {
  Html html;
  if (look == Look::kUnknown) html(" fill=\"url(#hatch)\"");
  if (look == Look::kDegraded) html(" fill=\"url(#dots)\"");
  return html;
}

void draw_run(const Strip& strip, const Range& range, std::size_t from, std::size_t to, Html& html) {
  const Cell& cell = strip.cells[from];
  const double left = range.at(strip.bins.start_of(from));
  const double right = range.at(strip.bins.start_of(to));
  if (right <= left || cell.look == Look::kNotWatched) return;
  int height = kHeights[static_cast<std::size_t>(cell.look)];
  if (cell.look == Look::kDown) height = 13 + (kHeight - 13) * cell.share / 4;
  html("<rect class=\"", kLookNames[static_cast<std::size_t>(cell.look)], "\" x=\"", decimal(left), "%\" width=\"",
       decimal(right - left), "%\" y=\"", kHeight - height, "\" height=\"", height, "\"", fill_of(cell.look), "/>");
}

}  // namespace

Strip strip_of(const journal::Bins& bins, const Range& range, std::span<const journal::StateBin> states) {
  Strip strip{bins, std::vector<Cell>(bins.count), {}};
  std::optional<std::size_t> last;
  for (std::size_t i = 0; i < bins.count; ++i) {
    const journal::StateBin bin = i < states.size() ? states[i] : journal::StateBin{};
    strip.cells[i] = cell_of(bin);
    if (bin.minutes > 0) last = i;
    add_times(bin, overlap(bins.start_of(i), bins.start_of(i + 1), range.from, range.to), strip.times);
  }
  if (last) {
    const base::Duration open = range.to - bins.start_of(*last) - std::chrono::minutes(states[*last].minutes);
    base::Duration& not_watched = strip.times.in[static_cast<std::size_t>(Look::kNotWatched)];
    if (open <= kOpen) not_watched -= std::clamp(open, base::Duration::zero(), not_watched);
  }
  return strip;
}

Strip strip_of(const journal::Bins& bins, const Range& range, const std::vector<event::Event>& events,
               const std::vector<journal::Watched>& watched) {
  Strip strip{bins, std::vector<Cell>(bins.count), {}};
  for (std::size_t i = 0; i < bins.count; ++i) {
    const base::WallTime from = std::max(bins.start_of(i), range.from);
    const base::WallTime to = std::max(from, std::min(bins.start_of(i + 1), range.to));
    base::Duration seen{};
    base::Duration other{};  // of the look that is neither up nor down
    for (const journal::Watched& stretch : watched) seen += overlap(from, to, stretch.from, stretch.until);
    base::Duration down{};
    Cell& cell = strip.cells[i];
    if (seen > base::Duration::zero()) cell.look = Look::kUp;
    for (const event::Event& event : events) {
      const base::Duration time =
          overlap(from, to, event.start.middle(), event.end ? event.end->middle() : event.updated);
      if (time <= base::Duration::zero() || cell.look == Look::kNotWatched) continue;
      const Look look = look_of(event);
      if (look == Look::kDown) down += time;
      if (look != Look::kDown && look != Look::kUp) other = std::max(other, time);
      cell.is_unstable = cell.is_unstable || event.kind == event::Kind::kInstability;
      if (cell.look != Look::kDown && look != Look::kUp) cell.look = std::max(cell.look, look);
    }
    if (cell.look == Look::kDown) cell.share = quarters(std::min(down, seen), seen);
    down = std::min(down, seen);
    other = cell.look == Look::kDown ? base::Duration::zero() : std::min(other, seen - down);
    const auto add = [&](Look look, base::Duration time) { strip.times.in[static_cast<std::size_t>(look)] += time; };
    add(Look::kNotWatched, (to - from) - seen);
    add(Look::kDown, down);
    add(cell.look, other);
    add(Look::kUp, seen - down - other);
  }
  return strip;
}

std::string in_words(const Times& times) {
  std::string text;
  for (std::size_t i = 0; i < times.in.size(); ++i) {
    if (times.in[i] < std::chrono::seconds(1)) continue;
    if (!text.empty()) text += ", ";
    text += kLookNames[i];
    text += ' ';
    text += length_in_words(times.in[i]);
  }
  return text.empty() ? "nothing" : text;
}

Html draw(const Strip& strip, const Range& range, std::string_view name, const Html& over) {
  Html html;
  html("<svg class=\"strip\" width=\"100%\" height=\"", kHeight, "\"><g role=\"img\" aria-label=\"", name, ": ",
       in_words(strip.times), "\"><line class=\"ground\" x1=\"0\" x2=\"100%\" y1=\"27.5\" y2=\"27.5\"/>");
  for (std::size_t from = 0, to = 0; from < strip.cells.size(); from = to) {
    for (to = from + 1; to < strip.cells.size();) {
      const Cell& a = strip.cells[from];
      const Cell& b = strip.cells[to];
      if (a.look != b.look || a.share != b.share) break;
      ++to;
    }
    draw_run(strip, range, from, to, html);
  }
  for (std::size_t from = 0, to = 0; from < strip.cells.size(); from = to) {
    for (to = from + 1; to < strip.cells.size() && strip.cells[to].is_unstable == strip.cells[from].is_unstable;) ++to;
    if (!strip.cells[from].is_unstable) continue;
    const std::string left = decimal(range.at(strip.bins.start_of(from)));
    html("<line class=\"unstable\" x1=\"", left, "%\" x2=\"", decimal(range.at(strip.bins.start_of(to))),
         "%\" y1=\"1\" y2=\"1\"/>");
  }
  html("</g>", over, "</svg>\n");
  return html;
}

Html event_marks(std::span<const event::Event> events, const Range& range,
                 const std::function<std::string(const event::Event&)>& link) {
  constexpr std::size_t kMost = 500;
  Html html;
  std::size_t count = 0;
  for (const event::Event& event : events) {
    if (event.kind == event::Kind::kInstability) continue;  // so long that it would cover all others
    const double left = range.at(event.start.middle());
    const double right = range.at(event.end ? event.end->middle() : range.to);
    if (++count > kMost) break;
    const std::string words = fmt::format("{}, {}, {}", kind_in_words(event), time_in_words(event.start.middle()),
                                          length_in_words(event.duration()));
    html("<a href=\"", link(event), "\" tabindex=\"-1\" aria-label=\"", words, "\"><rect class=\"event\" x=\"",
         decimal(left), "%\" width=\"", decimal(std::max(right - left, 0.2)), "%\" y=\"0\" height=\"", kHeight,
         "\"><title>", words, "</title></rect></a>");
  }
  return html;
}

Html strip_key() {
  struct Sign {
    Look look;
    const char* text;
  };
  constexpr std::array<Sign, 7> kSigns = {{{Look::kUp, "up"},
                                           {Look::kRecovering, "recovering"},
                                           {Look::kDegraded, "degraded"},
                                           {Look::kPartial, "partial"},
                                           {Look::kDown, "down, the higher the longer"},
                                           {Look::kUnknown, "unknown: our own fault, or nothing settled"},
                                           {Look::kNotWatched, "not watched"}}};
  Html html;
  html("<ul class=\"key\" aria-label=\"Signs\">");
  for (const Sign& sign : kSigns) {
    const int height = kHeights[static_cast<std::size_t>(sign.look)];
    html(
        "<li><svg width=\"18\" height=\"28\" aria-hidden=\"true\"><line class=\"ground\" x1=\"0\" x2=\"18\" "
        "y1=\"27.5\" y2=\"27.5\"/><rect class=\"",
        kLookNames[static_cast<std::size_t>(sign.look)], "\" width=\"18\" y=\"", kHeight - height, "\" height=\"",
        height, "\"", fill_of(sign.look), "/></svg>", sign.text, "</li>");
  }
  html(
      "<li><svg width=\"18\" height=\"28\" aria-hidden=\"true\"><line class=\"unstable\" x1=\"0\" x2=\"18\" y1=\"1\" "
      "y2=\"1\"/><line class=\"ground\" x1=\"0\" x2=\"18\" y1=\"27.5\" y2=\"27.5\"/></svg>unstable</li></ul>\n");
  return html;
}

}  // namespace blipd::page
