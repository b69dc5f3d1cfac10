#include "daemon/pipeline/packed_windows.hpp"

#include <algorithm>

#include "daemon/measure/rtt_code.hpp"

namespace blipd::pipeline {

namespace {

using base::Duration;
using measure::RttCode;
using measure::WindowView;

// How the round trips of a window are written, best first. Measuring gives codes for a short window and bins for longer
// ones, fine or coarse, whose smallest round trip is a code all the same; anything else comes from nowhere but a test.
enum class Form : std::uint8_t { kNone, kCodes, kBins, kPlain };

// What the first byte says. A number that follows from others is left out.
constexpr std::uint8_t kFormMask = 3;
constexpr std::uint8_t kAsBefore = 4;            // equal to the shorter window before it: nothing else follows
constexpr std::uint8_t kHasFailures = 8;         // failed, runs, longest
constexpr std::uint8_t kAllHaveRoundTrips = 16;  // round_trips = samples − failed
constexpr std::uint8_t kAllArePairs = 32;        // ipdv_pairs = round_trips − 1
constexpr std::uint8_t kOwnPdv = 64;             // not the 99th percentile less the minimum
constexpr std::uint8_t kFineBins = 128;          // of kBins: bins of five minutes, not of longer windows

constexpr std::size_t k99 = 2;
static_assert(measure::kQuantiles[k99] == 0.99);

bool is_code(Duration rtt) { return measure::decode_rtt(measure::encode_rtt(rtt)) == rtt; }

struct Scale {
  Form form = Form::kNone;
  std::uint32_t per_octave = 0;  // bins, of kBins
};

std::uint32_t bin_of(Duration rtt, std::uint32_t per_octave) {
  return measure::bin_of(measure::encode_rtt(rtt), per_octave);
}

// A quantile of bins is a bin's, or the minimum where the bin's would be below it.
bool are_bins(const WindowView& window, std::uint32_t per_octave) {
  const bool ascend = window.minimum_rtt <= window.rtt[0] && std::ranges::is_sorted(window.rtt);
  return ascend && std::ranges::all_of(window.rtt, [&](Duration rtt) {
           return rtt == window.minimum_rtt || measure::decode_bin(bin_of(rtt, per_octave), per_octave) == rtt;
         });
}

Scale scale_of(const WindowView& window) {
  if (window.round_trips == 0) return {Form::kNone};
  if (!is_code(window.minimum_rtt)) return {Form::kPlain};
  if (std::ranges::all_of(window.rtt, is_code)) return {Form::kCodes};
  for (const std::uint32_t per_octave : {measure::kCoarse, measure::kFine}) {
    if (are_bins(window, per_octave)) return {Form::kBins, per_octave};
  }
  return {Form::kPlain};
}

Duration usual_pdv(const WindowView& window) {
  return std::max(window.rtt[k99] - window.minimum_rtt, Duration::zero());
}

void pack_round_trips(const WindowView& window, const Scale& scale, Packer& out) {
  const auto [form, per_octave] = scale;
  if (form == Form::kPlain) {
    out.integer(window.minimum_rtt.count());
    for (const Duration rtt : window.rtt) out.integer((rtt - window.minimum_rtt).count());
    return;
  }
  const RttCode minimum = measure::encode_rtt(window.minimum_rtt);
  out.number(minimum);
  std::int64_t before = form == Form::kCodes ? minimum : measure::bin_of(minimum, per_octave);
  for (const Duration rtt : window.rtt) {
    if (form == Form::kCodes) {
      const std::int64_t code = measure::encode_rtt(rtt);
      out.integer(code - before);
      before = code;
    } else if (rtt == window.minimum_rtt) {
      out.number(0);
    } else {
      const std::int64_t bin = bin_of(rtt, per_octave);
      out.number((static_cast<std::uint64_t>(bin - before) << 1) + 1);
      before = bin;
    }
  }
}

void unpack_round_trips(Unpacker& in, const Scale& scale, WindowView& window) {
  const auto [form, per_octave] = scale;
  if (form == Form::kPlain) {
    window.minimum_rtt = Duration(in.integer());
    for (Duration& rtt : window.rtt) rtt = window.minimum_rtt + Duration(in.integer());
    return;
  }
  const auto minimum = in.number32();
  window.minimum_rtt = measure::decode_rtt(minimum);
  if (form == Form::kCodes) {
    std::int64_t code = minimum;
    for (Duration& rtt : window.rtt) rtt = measure::decode_rtt(static_cast<RttCode>(code += in.integer()));
    return;
  }
  std::uint32_t bin = measure::bin_of(minimum, per_octave);
  for (Duration& rtt : window.rtt) {
    const std::uint32_t step = in.number32();
    if (step != 0) bin += step >> 1;
    rtt = step == 0 ? window.minimum_rtt : measure::decode_bin(bin, per_octave);
  }
}

void pack(const WindowView& window, Packer& out) {
  const Scale scale = scale_of(window);
  const Form form = scale.form;
  const bool has_failures = window.failed > 0 || window.loss_runs > 0 || window.longest_loss_run > 0;
  const bool all_have_round_trips = window.round_trips == window.samples - window.failed;
  const bool all_are_pairs = window.round_trips > 0 && window.ipdv_pairs == window.round_trips - 1;
  const bool has_own_pdv = form != Form::kNone && window.pdv != usual_pdv(window);
  out.byte(static_cast<std::uint8_t>(static_cast<int>(form) | (has_failures ? kHasFailures : 0) |
                                     (all_have_round_trips ? kAllHaveRoundTrips : 0) |
                                     (all_are_pairs ? kAllArePairs : 0) | (has_own_pdv ? kOwnPdv : 0) |
                                     (scale.per_octave == measure::kFine ? kFineBins : 0)));
  out.number(window.samples);
  if (has_failures) {
    out.number(window.failed);
    out.number(window.loss_runs);
    out.number(window.longest_loss_run);
  }
  if (!all_have_round_trips) out.number(window.round_trips);
  if (!all_are_pairs) out.number(window.ipdv_pairs);
  if (window.ipdv_pairs > 0) out.integer(window.mean_ipdv.count());
  if (form != Form::kNone) pack_round_trips(window, scale, out);
  if (has_own_pdv) out.integer(window.pdv.count());
}

void unpack(Unpacker& in, std::uint8_t flags, WindowView& window) {
  const auto form = static_cast<Form>(flags & kFormMask);
  window.samples = in.number32();
  if ((flags & kHasFailures) != 0) {
    window.failed = in.number32();
    window.loss_runs = in.number32();
    window.longest_loss_run = in.number32();
  }
  window.round_trips = (flags & kAllHaveRoundTrips) != 0 ? window.samples - window.failed : in.number32();
  window.ipdv_pairs = (flags & kAllArePairs) != 0 ? window.round_trips - 1 : in.number32();
  if (window.ipdv_pairs > 0) window.mean_ipdv = Duration(in.integer());
  if (form == Form::kNone) return;
  unpack_round_trips(in, {form, (flags & kFineBins) != 0 ? measure::kFine : measure::kCoarse}, window);
  window.pdv = (flags & kOwnPdv) != 0 ? Duration(in.integer()) : usual_pdv(window);
}

}  // namespace

void pack_windows(const measure::WindowViews& windows, Packer& out) {
  for (std::size_t i = 0; i < windows.size(); ++i) {
    if (i > 0 && windows[i] == windows[i - 1]) {
      out.byte(kAsBefore);
    } else {
      pack(windows[i], out);
    }
  }
}

measure::WindowViews unpack_windows(Unpacker in) {
  measure::WindowViews windows;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const std::uint8_t flags = in.byte();
    if (flags == kAsBefore) {
      windows[i] = windows[i - 1];
    } else {
      unpack(in, flags, windows[i]);
    }
  }
  return windows;
}

}  // namespace blipd::pipeline
