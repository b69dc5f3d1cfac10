// A strip: how a country, a network or a host fared over time, as a band. What is well is low and quiet; the worse it
// was, the higher it stands, so that a blip is a tick, a beat a row of ticks and a collapse a block, in black and white
// as well. One rectangle for each run of equal state.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "daemon/event/event.hpp"
#include "daemon/journal/history.hpp"
#include "daemon/journal/store.hpp"
#include "daemon/page/axis.hpp"
#include "daemon/page/html.hpp"

namespace blipd::page {

enum class Look : std::uint8_t { kUp, kRecovering, kDegraded, kPartial, kDown, kUnknown, kNotWatched };
inline constexpr std::array<const char*, 7> kLookNames = {"up",   "recovering", "degraded",   "partial",
                                                          "down", "unknown",    "not watched"};

struct Cell {
  Look look = Look::kNotWatched;
  // Of kDown: the share of the time that was watched, in quarters begun, 1–4. The height is drawn from it.
  std::uint8_t share = 0;
  bool is_unstable = false;

  bool operator==(const Cell&) const = default;
};

// Times by look, as far as the bins tell.
struct Times {
  std::array<base::Duration, kLookNames.size()> in{};
};

struct Strip {
  journal::Bins bins;
  std::vector<Cell> cells;  // as many as bins
  Times times;
};

// From the journal's minutes. Where there are none it says not watched. Times are those within the range; the minute
// that is not over yet is passed over.
Strip strip_of(const journal::Bins& bins, const Range& range, std::span<const journal::StateBin> states);

// Where minutes are missing (they are kept for a shorter time than events, and memory has none): what the events of one
// place, of the vantage point and the stretches of watching tell.
Strip strip_of(const journal::Bins& bins, const Range& range, const std::vector<event::Event>& events,
               const std::vector<journal::Watched>& watched);

// "up 23 h 12 min, down 31 min, not watched 17 min".
std::string in_words(const Times& times);

// The picture, as wide as what holds it. `name` is said to those who do not see it.
// `over` is drawn over it.
Html draw(const Strip& strip, const Range& range, std::string_view name, const Html& over = {});

// Events as links over a strip, at their place. Left out of the keyboard's way: whoever shows them lists them, too.
Html event_marks(std::span<const event::Event> events, const Range& range,
                 const std::function<std::string(const event::Event&)>& link);

// What the signs mean.
Html strip_key();

}  // namespace blipd::page
