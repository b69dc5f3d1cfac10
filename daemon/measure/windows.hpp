// The sliding windows of one channel: 1 and 5 minutes from the samples themselves, 15 minutes and 1 hour from
// those and from summaries of what is older. Time passes by itself: views are taken at any moment, and what
// has left a window is not in them, whether or not anything arrived since. See docs/measurement.md for what each
// number means and how exact it is.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "daemon/measure/recent.hpp"
#include "daemon/measure/slice.hpp"
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

  void prefetch() const { recent_.prefetch(); }
  std::size_t heap_bytes() const { return recent_.heap_bytes() + packed_.capacity(); }

 private:
  using Packed = std::vector<std::uint8_t>;

  void retire(Tick now);
  void tidy(base::MonoTime now);

  Recent recent_;
  // Slices, oldest first: long ones, then short ones, of which the last is still open. Each slice's time is relative to
  // the start of the one before, the first one's to base_.
  Packed packed_;
  Period base_ = 0;
  Period open_start_ = 0;                // of the open slice
  std::uint32_t open_at_ = 0;            // where in packed_ it begins
  RttCode last_code_ = Sample::kFailed;  // of the youngest sample that left recent_
};

}  // namespace blipd::measure
