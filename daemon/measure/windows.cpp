#include "daemon/measure/windows.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

namespace blipd::measure {

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t k1m = 0;
constexpr std::size_t k5m = 1;
constexpr std::size_t k15m = 2;
constexpr std::size_t k1h = 3;

Period period_of(Tick tick) { return tick / kPeriodTicks - (tick % kPeriodTicks < 0 ? 1 : 0); }

constexpr Period kTidiedPeriods = 2;  // costs a tenth of all measuring, and a few bytes a channel

Period start_of_long(Period period) { return period - ((period % kLongPeriods) + kLongPeriods) % kLongPeriods; }

// A slice is in a window only as a whole, so that nothing older than the window ever is.
bool is_within(Period start, std::size_t window, base::MonoTime now) {
  return now.time_since_epoch() - start * kPeriod < kWindows[window];
}

// Grows by little, since there are many of us.
void append(const std::vector<std::uint8_t>& tail, std::vector<std::uint8_t>& bytes) {
  constexpr std::size_t kStep = 16;
  const std::size_t size = bytes.size() + tail.size();
  if (size > bytes.capacity()) bytes.reserve(size + kStep);
  bytes.insert(bytes.end(), tail.begin(), tail.end());
}

// Nearest rank: the smallest value that at least the share q of all values does not exceed.
std::size_t rank_of(double q, std::size_t count) {
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(count)));
  return std::clamp<std::size_t>(rank, 1, count) - 1;
}

constexpr std::size_t k99 = 2;
static_assert(kQuantiles[k99] == 0.99);

void set_totals(const Totals& totals, WindowView& view) {
  view.samples = totals.losses.samples;
  view.failed = totals.losses.failed;
  view.loss_runs = totals.losses.runs;
  view.longest_loss_run = totals.losses.longest;
  view.round_trips = totals.round_trips;
  view.ipdv_pairs = totals.ipdv_pairs;
  if (totals.round_trips > 0) view.minimum_rtt = decode_rtt(totals.minimum);
  if (totals.ipdv_pairs > 0) {
    view.mean_ipdv = base::Duration(static_cast<std::int64_t>(totals.ipdv_sum / totals.ipdv_pairs));
  }
}

void set_pdv(WindowView& view) { view.pdv = std::max(view.rtt[k99] - view.minimum_rtt, base::Duration::zero()); }

// Reorders the codes.
void set_quantiles(std::span<RttCode> codes, WindowView& view) {
  if (codes.empty()) return;
  auto from = codes.begin();
  for (std::size_t i = 0; i < kQuantiles.size(); ++i) {
    const auto nth = codes.begin() + static_cast<std::ptrdiff_t>(rank_of(kQuantiles[i], codes.size()));
    if (nth >= from) {
      std::nth_element(from, nth, codes.end());
      from = nth + 1;
    }
    view.rtt[i] = decode_rtt(*nth);
  }
  set_pdv(view);
}

void set_quantiles(const Bins& bins, WindowView& view) {
  if (view.round_trips == 0) return;
  std::size_t below = 0;
  std::uint32_t bin = bins.first;
  for (std::size_t i = 0; i < kQuantiles.size(); ++i) {
    const std::size_t rank = rank_of(kQuantiles[i], view.round_trips);
    while (bin < bins.last && below + bins.counts[bin] <= rank) below += bins.counts[bin++];
    view.rtt[i] = std::max(decode_bin(bin), view.minimum_rtt);
  }
  set_pdv(view);
}

// The windows while they are being put together.
struct Gathering {
  std::array<Totals, kWindows.size()> totals;
  Bins quarter;                 // of the 15 minutes
  Bins older;                   // of the rest of the hour
  std::vector<RttCode> codes5;  // round trips of the 5 minutes but not of the minute
  std::vector<RttCode> codes1;  // those of the minute

  // A stretch that is in `window` and all longer ones.
  void join(const Totals& stretch, std::size_t window) {
    for (std::size_t w = window; w < totals.size(); ++w) totals[w].join(stretch);
  }
  void count(RttCode code, std::size_t window) {
    if (window == k1m) codes1.push_back(code);
    if (window == k5m) codes5.push_back(code);
    (window == k1h ? older : quarter).add(bin_of(code), 1);
  }
};

void gather_slices(Bytes bytes, Period base, base::MonoTime now, Gathering& gathering) {
  Slice slice;
  while (!bytes.empty()) {
    unpack(bytes, base, slice);
    base = slice.start;
    if (!is_within(slice.start, k1h, now)) continue;
    const bool is_in_quarter = !slice.is_long && is_within(slice.start, k15m, now);
    gathering.join(slice.totals, is_in_quarter ? k15m : k1h);
    (is_in_quarter ? gathering.quarter : gathering.older).join(slice.bins);
  }
}

std::size_t window_of(Tick age) {
  std::size_t window = 0;
  while (window < kWindows.size() && age >= kWindows[window] / kTick) ++window;
  return window;
}

// Samples are nearly in the order of their times: neighbours that are in the same windows are added up first.
void gather_recent(const Recent& recent, RttCode previous, Tick now, Gathering& gathering) {
  gathering.codes1.reserve(64);
  gathering.codes5.reserve(recent.count());
  Totals stretch;
  std::size_t window = kWindows.size();
  for (std::uint32_t i = 0; i < recent.count(); ++i) {
    const Sample sample = recent.at(i);
    const std::size_t its_window = window_of(now - sample.settled);
    if (its_window != window) {
      gathering.join(stretch, window);
      stretch = Totals{};
      window = its_window;
    }
    if (window < kWindows.size()) {
      stretch.add(sample, previous);
      if (sample.has_rtt()) gathering.count(sample.code, window);
    }
    previous = sample.code;
  }
  gathering.join(stretch, window);
}

RttCode code_of(const probes::Result& result) {
  if (result.outcome != probes::Outcome::kAnswered) return Sample::kFailed;
  return result.rtt ? encode_rtt(*result.rtt) : Sample::kWithoutRtt;
}

}  // namespace

void Windows::add(const probes::Result& result) {
  if (result.outcome == probes::Outcome::kAborted) return;
  const Tick now = tick_of(result.settled);
  if (recent_.is_due(now)) retire(now);
  recent_.add(result.sequence, now, code_of(result));
}

// Moves what is older than five minutes into slices.
void Windows::retire(Tick now) {
  Slice open;
  Period before = base_;  // the start of the slice before the open one
  Packed closed;
  bool is_begun = false;
  // Now and then is often enough: views leave out what is old by themselves.
  bool is_untidy = false;
  recent_.trim(now, [&](const Sample& sample) {
    const Period period = period_of(sample.settled);
    if (!is_begun) {
      is_begun = true;
      if (packed_.empty()) {
        base_ = before = open_start_ = period;
        open_at_ = 0;
        open.clear(period);
      } else {
        Bytes tail = Bytes(packed_).subspan(open_at_);
        unpack(tail, 0, open);
        before = open_start_ - open.start;
        open.start = open_start_;
        packed_.resize(open_at_);
      }
    }
    if (period > open.start) {
      pack(open, before, closed);
      before = open.start;
      open_at_ = static_cast<std::uint32_t>(packed_.size() + closed.size());
      open_start_ = period;
      open.clear(period);
      is_untidy = is_untidy || period / kTidiedPeriods != before / kTidiedPeriods;
    }
    open.add(sample, last_code_);
    last_code_ = sample.code;
  });
  if (!is_begun) return;
  pack(open, before, closed);
  append(closed, packed_);
  if (is_untidy) tidy(base::MonoTime(now * kTick));
}

// Drops what has left the hour, and joins what has left the 15 minutes into long slices.
void Windows::tidy(base::MonoTime now) {
  Packed tidied;
  Slice joined;  // the youngest long slice, once something is joined to it
  Slice part;
  bool is_joining = false;
  Bytes held;  // the youngest long slice as long as nothing is joined to it
  Period held_start = 0;
  bool is_first = true;
  Period last = 0;  // start of the last slice in tidied
  const auto base_for = [&](Period start) {
    if (std::exchange(is_first, false)) base_ = last = start;
    return std::exchange(last, start);
  };
  const auto settle = [&] {
    if (!held.empty()) repack(held, held_start, base_for(held_start), tidied);
    if (is_joining) pack(joined, base_for(joined.start), tidied);
    held = {};
    is_joining = false;
  };

  Bytes rest = packed_;
  for (Period base = base_; !rest.empty();) {
    const Bytes from = rest;
    const Period previous = base;
    const SliceHead head = skip(rest, previous);
    const Bytes slice = from.first(from.size() - rest.size());
    base = head.start;
    const bool is_open = rest.empty();
    if (!is_open && !is_within(head.start, k1h, now)) continue;
    if (is_open || (!head.is_long && is_within(head.start, k15m, now))) {
      settle();
      if (is_open) open_at_ = static_cast<std::uint32_t>(tidied.size());
      repack(slice, head.start, base_for(head.start), tidied);
      continue;
    }
    const Period start = start_of_long(head.start);
    if (head.is_long) {
      settle();
      held = slice;
      held_start = head.start;
      continue;
    }
    if (!held.empty() && held_start == start) {
      Bytes bytes = held;
      unpack(bytes, 0, joined);
      joined.start = start;
      held = {};
      is_joining = true;
    } else if (!is_joining || joined.start != start) {
      settle();
      joined.clear(start);
      joined.is_long = true;
      is_joining = true;
    }
    Bytes bytes = slice;
    unpack(bytes, 0, part);
    joined.join(part);
  }
  packed_.clear();
  append(tidied, packed_);
}

WindowViews Windows::view(base::MonoTime now) const {
  Gathering gathering;
  gather_slices(packed_, base_, now, gathering);
  gather_recent(recent_, last_code_, tick_of(now), gathering);

  WindowViews views;
  for (std::size_t w = 0; w < views.size(); ++w) set_totals(gathering.totals[w], views[w]);
  auto& codes = gathering.codes5;
  set_quantiles(std::span(gathering.codes1), views[k1m]);
  codes.insert(codes.end(), gathering.codes1.begin(), gathering.codes1.end());
  set_quantiles(std::span(codes), views[k5m]);
  set_quantiles(gathering.quarter, views[k15m]);
  gathering.older.join(gathering.quarter);
  set_quantiles(gathering.older, views[k1h]);
  return views;
}

}  // namespace blipd::measure
