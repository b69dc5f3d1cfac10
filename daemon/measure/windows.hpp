// The sliding windows of one channel: the minute from the samples themselves, the longer ones from those and from
// summaries of what is older. Time passes by itself: views are taken at any moment, and what has left a window is not
// in them, whether or not anything arrived since. See docs/measurement.md for what each number means and how exact it
// is.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "daemon/measure/history.hpp"
#include "daemon/measure/recent.hpp"
#include "daemon/measure/view.hpp"
#include "probes/result.hpp"

namespace blipd::measure {

using WindowViews = std::array<WindowView, kWindows.size()>;

class Windows {
 public:
  // Aborted results are not samples and change nothing.
  void add(const probes::Result& result);
  // Nothing that was added settled after `now`.
  WindowViews view(base::MonoTime now) const;

  // The samples of the last minute, and some that are a little older.
  const Recent& recent() const { return recent_; }
  // When the last sample settled; absent before the first.
  std::optional<base::MonoTime> newest() const { return recent_.newest(); }

  std::size_t heap_bytes() const { return recent_.heap_bytes() + history_.heap_bytes(); }

 private:
  void retire(base::MonoTime now);

  Recent recent_;
  History history_;
};

}  // namespace blipd::measure
