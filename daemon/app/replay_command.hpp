// blipd replay: recorded results through the pipeline, in virtual time.
#pragma once

#include <string>

#include "daemon/app/event_list.hpp"

namespace blipd::app {

struct ReplayOptions {
  std::string file;    // "-": standard input
  std::string config;  // empty: as the lines say where everybody belongs
  ListFormat format = ListFormat::kText;
  std::string journal;  // a file that events and minutes are written into; empty: none
};

// Exit code: 1 when any line is at fault, and then no event is printed.
int run_replay(const ReplayOptions& options);

}  // namespace blipd::app
