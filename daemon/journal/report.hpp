// What happened in a range of time, as one value made of events and of when there was watching; and as text, Markdown,
// JSON or CSV. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/event/event.hpp"
#include "daemon/journal/store.hpp"
#include "probes/base/time.hpp"

namespace blipd::journal {

// How the range divides for one country or network. The four add up to the range, always: where several hold at one
// moment, not watched comes before vantage fault, and that before down.
struct Availability {
  std::string country, network;  // network empty: the country
  base::Duration up{}, down{}, vantage_fault{}, not_watched{};
};

// A country, or a network of one.
struct Place {
  std::string country, network;
};

struct Report {
  base::WallTime from{};
  base::WallTime to{};
  std::vector<Watched> gaps;               // not watched
  std::vector<event::Event> events;        // by start
  std::vector<Availability> availability;  // of everybody who has an event or is named in `places`
};

// Events that overlap [from, to), and stretches of watching, sorted and without overlap. An event counts as down from
// the middle of its start to the middle of its end; one that is open, to `to`.
Report make_report(base::WallTime from, base::WallTime to, std::vector<event::Event> events,
                   const std::vector<Watched>& watched, const std::vector<Place>& places = {});

enum class ReportFormat : std::uint8_t { kText, kMarkdown, kJson, kCsv };
std::string format_report(const Report& report, ReportFormat format);

}  // namespace blipd::journal
