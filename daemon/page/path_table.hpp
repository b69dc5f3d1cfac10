// The path to one target, hop by hop: how it was before beside how it is now, with the first hop that is lost marked by
// a word and a sign. Names and addresses in it come from routers that nobody vouches for.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/event/evidence.hpp"
#include "daemon/page/html.hpp"

namespace blipd::page {

// "star-jv/ns1 by ICMP", "control c1 by UDP".
std::string path_in_words(const event::PathEvidence& path);

// The distance of the row that is marked as lost, from 1; 0: nothing is lost.
unsigned lost_distance(const event::PathEvidence& path);

// How a path ended: "reached its target", "silent from there on".
const char* sentence_of(event::PathEnd end);

// That in a word with a sign: whole, cut, not traced.
Html path_state(event::PathEnd end);

// "AS64501"; 0 is unknown.
std::string as_in_words(std::uint32_t number);

// One row for each distance. Where no earlier path is known there is no column for it.
Html path_table(const event::PathEvidence& path);

}  // namespace blipd::page
