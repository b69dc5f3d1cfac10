// The views, one function each: from what is known to what stands in <main>.
#pragma once

#include "daemon/page/frame.hpp"
#include "daemon/page/html.hpp"
#include "daemon/page/page.hpp"
#include "daemon/page/past.hpp"

namespace blipd::page {

struct Scene {
  const Live& live;
  Past& past;
  Range range;            // what pictures show
  bool is_fixed = false;  // the range was asked for, and does not move with the time

  const pipeline::Snapshot& snapshot() const { return *live.snapshot; }
  const config::Plan& plan() const { return *live.snapshot->plan; }
};

Html overview(const Scene& scene);

}  // namespace blipd::page
