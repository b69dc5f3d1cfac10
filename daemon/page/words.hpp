// Numbers, times and verdicts as people read them. What is not known is said so: "unknown".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/event/event.hpp"
#include "daemon/page/html.hpp"
#include "daemon/pipeline/snapshot.hpp"
#include "probes/base/time.hpp"

namespace blipd::page {

// "96 %"; never 100 % of what is less, nor 0 % of what is more. `ratio` is 0–1.
std::string percent(const std::optional<double>& ratio);
// "9 h 31 min", "40 s", "3 d 4 h": two units at most, rounded.
std::string length_in_words(base::Duration length);
// "0.8 ms", "123 ms", "1.21 s".
std::string round_trip_in_words(const std::optional<double>& seconds);
// "12 345", with thin spaces.
std::string count_in_words(std::uint64_t count);
// "812 B", "3.4 KiB", "12 MiB".
std::string size_in_words(std::uint64_t bytes);

// UTC: "22 Dec 2014 16:15:12", and its parts.
std::string time_in_words(base::WallTime time);
std::string day_in_words(base::WallTime time);    // "22 Dec"
std::string clock_in_words(base::WallTime time);  // "16:15"
// <time>, with the exact moment as an attribute.
Html time_element(base::WallTime time);
// The middle of a span and how far off it may be: "22 Dec 2014 16:15:12 ± 6 s".
Html span_element(const event::Span& span);
// "± 6 s"; empty where it is exact.
std::string doubt_in_words(const event::Span& span);

// One sentence on what a level or a state means.
const char* sentence_of(pipeline::CountryLevel level);
const char* sentence_of(pipeline::NetworkState state);

// "blip", "outage", "partial outage", "instability", "degraded", "fault of the vantage point".
const char* kind_in_words(const event::Event& event);

}  // namespace blipd::page
