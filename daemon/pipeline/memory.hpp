// What the pipeline must not forget over a restart: what is usual, how often things fell lately, and which events are
// open. By name, so that it fits whatever the next configuration keeps. Plain values, written and read as JSON.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/event/event.hpp"
#include "probes/base/time.hpp"

namespace blipd::detect {
struct Recollection;
}

namespace blipd::pipeline {

struct Memory {
  base::WallTime saved{};
  std::string judge;               // detect's own memory, JSON
  std::vector<event::Event> open;  // as last revised
  // In place of `judge` what that will be made of; nobody changes it any more.
  std::shared_ptr<const detect::Recollection> unwritten{};

  // `judge`, made first where it is still to be written, which takes a while. Any thread.
  std::string text() const;
};

}  // namespace blipd::pipeline
