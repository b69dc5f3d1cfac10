// An event in one line of words, for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/event/event.hpp"

namespace blipd::event {

// KP/star-jv, or "vantage point".
std::string place_in_words(const Event& event);

// When it began, where, what it is, how long it took, and how it went. Intervals as their middle and how far off it may
// be. Evidence left out.
std::string in_words(const Event& event);

// How many hosts had which verdict, and what signs were seen: "2 silent, 1 icmp-filtered; signs: reset-ttl (web)".
// Empty where there are none of that moment.
std::string hosts_in_words(const Evidence& evidence, Moment moment);

// What its evidence says, a line each: the first lost hop, the hosts, the files of packets. "packets at its start: FILE
// (1,234 packets, 12:00:01–12:00:21)".
std::vector<std::string> evidence_in_words(const Evidence& evidence);

// "AS64500, upstream": what is known of where a hop lies. Empty: nothing is.
std::string whereabouts_in_words(const PathHop& hop);

// "first silent hop after 203.0.113.9 (AS64500, upstream), where 192.0.2.1 (AS64510, country) answered before". Empty
// where nothing is lost.
std::string loss_in_words(const PathEvidence& path);

// The same, as most of the paths at its start say; empty where none
// does.
std::string loss_in_words(const Evidence& evidence);

// A text as JSON, with its quotes.
std::string json_text(std::string_view text);

}  // namespace blipd::event
