// An event in one line of words, for people.
#pragma once

#include <string>
#include <string_view>

#include "daemon/event/event.hpp"

namespace blipd::event {

// KP/star-jv, or "vantage point".
std::string place_in_words(const Event& event);

// When it began, where, what it is, how long it took, and how it went. Intervals as their middle and how far off it may
// be.
std::string in_words(const Event& event);

// "first silent hop after 203.0.113.9 (AS64500, upstream)", as most of the paths at its start say; empty where none
// does.
std::string loss_in_words(const Evidence& evidence);

// A text as JSON, with its quotes.
std::string json_text(std::string_view text);

}  // namespace blipd::event
