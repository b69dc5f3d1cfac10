#include "daemon/measure/windows.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

namespace blipd::measure {

namespace {

constexpr std::size_t k1m = 0;
constexpr std::size_t k5m = 1;
constexpr std::size_t k15m = 2;
constexpr std::size_t k1h = 3;

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

// How many round trips fell into each bin.
template <std::uint32_t PerOctave>
struct Bins {
  std::uint32_t first = kOctaves * PerOctave;  // bins outside first..last are zero
  std::uint32_t last = 0;
  std::array<std::uint32_t, kOctaves * PerOctave> counts{};

  void add(std::uint32_t bin, std::uint32_t samples) {
    counts[bin] += samples;
    first = std::min(first, bin);
    last = std::max(last, bin);
  }
  // Of the same bins, or of finer ones.
  template <std::uint32_t Finer>
  void join(const Bins<Finer>& other) {
    for (std::uint32_t b = other.first; b <= other.last; ++b) {
      if (other.counts[b] > 0) add(b / (Finer / PerOctave), other.counts[b]);
    }
  }
};

template <std::uint32_t PerOctave>
void set_quantiles(const Bins<PerOctave>& bins, WindowView& view) {
  if (view.round_trips == 0) return;
  std::size_t below = 0;
  std::uint32_t bin = bins.first;
  for (std::size_t i = 0; i < kQuantiles.size(); ++i) {
    const std::size_t rank = rank_of(kQuantiles[i], view.round_trips);
    while (bin < bins.last && below + bins.counts[bin] <= rank) below += bins.counts[bin++];
    view.rtt[i] = std::max(decode_bin(bin, PerOctave), view.minimum_rtt);
  }
  set_pdv(view);
}

// The windows while they are being put together.
struct Gathering {
  std::array<Totals, kWindows.size()> totals;
  std::vector<RttCode> minute;  // the round trips themselves
  Bins<kFine> five;             // of the 5 minutes
  Bins<kCoarse> quarter;        // of the rest of the 15 minutes
  Bins<kCoarse> hour;           // of the rest of the hour

  // A stretch that is in `window` and all longer ones.
  void join(const Totals& stretch, std::size_t window) {
    for (std::size_t w = window; w < totals.size(); ++w) totals[w].join(stretch);
  }
};

// The shortest window that reaches back to what is that old; kWindows.size(): none.
std::size_t window_of(base::Duration age) {
  std::size_t window = 0;
  while (window < kWindows.size() && age >= kWindows[window]) ++window;
  return window;
}

// A slice is in a window only as a whole, so that nothing older than the window ever is; and in none that needs shorter
// slices.
std::size_t window_of(const SliceReader& slice, base::MonoTime now) {
  constexpr std::array<std::size_t, 3> kShortest = {k5m, k15m, k1h};  // by grain
  const std::size_t window = window_of(now.time_since_epoch() - slice.start() * kPeriod);
  return std::max(window, kShortest[static_cast<std::size_t>(slice.grain())]);
}

void gather_history(const History& history, base::MonoTime now, Gathering& gathering) {
  SliceReader slices = history.slices();
  while (slices.next()) {
    const std::size_t window = window_of(slices, now);
    gathering.join(slices.totals(), window);
    // Fine bins are four to a coarse one.
    const std::uint32_t width = bins_per_octave(slices.grain()) / kCoarse;
    slices.read_bins([&](std::uint32_t bin, std::uint32_t count) {
      if (window == k5m) gathering.five.add(bin, count);
      if (window == k15m) gathering.quarter.add(bin / width, count);
      if (window == k1h) gathering.hour.add(bin / width, count);
    });
  }
}

// Samples are nearly in the order of their times: neighbours that are in the same windows are added up first.
void gather_recent(const Recent& recent, RttCode previous, Tick now, Gathering& gathering) {
  gathering.minute.reserve(recent.count());
  Totals stretch;
  std::size_t window = kWindows.size();
  recent.each([&](const Sample& sample) {
    const std::size_t its_window = window_of((now - sample.settled) * kTick);
    if (its_window != window) {
      gathering.join(stretch, window);
      stretch = Totals{};
      window = its_window;
    }
    stretch.add(sample, previous);
    previous = sample.code;
    if (!sample.has_rtt()) return;
    if (window == k1m) gathering.minute.push_back(sample.code);
    if (window <= k5m) gathering.five.add(bin_of(sample.code, kFine), 1);
    if (window == k15m) gathering.quarter.add(bin_of(sample.code, kCoarse), 1);
    if (window == k1h) gathering.hour.add(bin_of(sample.code, kCoarse), 1);
  });
  gathering.join(stretch, window);
}

RttCode code_of(const probes::Result& result) {
  if (result.outcome != probes::Outcome::kAnswered) return Sample::kFailed;
  return result.rtt ? encode_rtt(*result.rtt) : Sample::kWithoutRtt;
}

}  // namespace

void Windows::add(const probes::Result& result) {
  if (result.outcome == probes::Outcome::kAborted) return;
  if (recent_.is_due(tick_of(result.settled))) retire(result.settled);
  recent_.add(result.sequence, result.settled, code_of(result));
}

// Moves what is older than a minute on.
void Windows::retire(base::MonoTime now) {
  std::vector<Sample> samples;
  samples.reserve(16);
  recent_.trim(tick_of(now), [&](const Sample& sample) { samples.push_back(sample); });
  history_.add(std::move(samples), now);
}

WindowViews Windows::view(base::MonoTime now) const {
  Gathering gathering;
  gather_history(history_, now, gathering);
  gather_recent(recent_, history_.last_code(), tick_of(now), gathering);

  WindowViews views;
  for (std::size_t w = 0; w < views.size(); ++w) set_totals(gathering.totals[w], views[w]);
  set_quantiles(std::span(gathering.minute), views[k1m]);
  set_quantiles(gathering.five, views[k5m]);
  gathering.quarter.join(gathering.five);
  set_quantiles(gathering.quarter, views[k15m]);
  gathering.hour.join(gathering.quarter);
  set_quantiles(gathering.hour, views[k1h]);
  return views;
}

}  // namespace blipd::measure
