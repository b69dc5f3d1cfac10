// What a recorded packet is, in a few words: for the comment that Wireshark shows beside it. Facts of its headers
// alone.
#pragma once

#include <string>

#include "probes/base/bytes.hpp"

namespace blipd::evidence {

// Empty where nothing short can be said.
std::string packet_in_words(base::Bytes packet);

}  // namespace blipd::evidence
