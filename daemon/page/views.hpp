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
Html country_view(const Scene& scene, config::CountryIndex index);
Html network_view(const Scene& scene, config::NetworkIndex index);
Html target_view(const Scene& scene, config::TargetIndex index);
// The scene's range is that around the event.
Html event_view(const Scene& scene, const event::Event& event);

// What a view of an event shows of the time around it.
Range range_around(const event::Event& event, base::WallTime now);

}  // namespace blipd::page
