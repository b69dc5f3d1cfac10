#include <catch2/catch.hpp>

#include <cmath>

#include "daemon/measure/loss_runs.hpp"
#include "daemon/measure/rtt_code.hpp"
#include "daemon/measure/slice.hpp"

namespace blipd::measure {
namespace {

using base::Duration;

TEST_CASE("Codes and bins keep their promise over all round trips", "[rtt_code]") {
  RttCode before = 0;
  for (double ns = 1000; ns <= 60e9; ns *= 1.00037) {
    const auto rtt = Duration(static_cast<std::int64_t>(ns));
    const auto exact = static_cast<double>(rtt.count());
    const RttCode code = encode_rtt(rtt);
    REQUIRE(code < kRttCodes);
    REQUIRE(code >= before);
    before = code;
    const auto fine = static_cast<double>(decode_rtt(code).count());
    const auto coarse = static_cast<double>(decode_bin(bin_of(code)).count());
    REQUIRE(std::abs(fine - exact) <= exact / 32768 + 1);
    REQUIRE(std::abs(coarse - exact) <= exact * 0.0287 + 1);
    REQUIRE(lowest_code_of(bin_of(code)) <= code);
    REQUIRE(bin_of(lowest_code_of(bin_of(code))) == bin_of(code));
  }
}

TEST_CASE("Round trips beyond the scale count as its ends", "[rtt_code]") {
  CHECK(encode_rtt(Duration(-5)) == 0);
  CHECK(encode_rtt(Duration(0)) == 0);
  CHECK(encode_rtt(Duration(512)) == 0);
  CHECK(encode_rtt(std::chrono::hours(1)) == kRttCodes - 1);
  CHECK(bin_of(kRttCodes - 1) == kBins - 1);
}

TEST_CASE("Joined stretches have the loss runs of the whole", "[loss_runs]") {
  // Every pattern of eight samples, cut at every place.
  for (unsigned pattern = 0; pattern < 256; ++pattern) {
    LossRuns whole;
    for (unsigned i = 0; i < 8; ++i) whole.add(((pattern >> i) & 1U) != 0);
    for (unsigned cut = 0; cut <= 8; ++cut) {
      LossRuns left;
      LossRuns right;
      for (unsigned i = 0; i < 8; ++i) (i < cut ? left : right).add(((pattern >> i) & 1U) != 0);
      left.join(right);
      CAPTURE(pattern, cut);
      REQUIRE(left.samples == whole.samples);
      REQUIRE(left.failed == whole.failed);
      REQUIRE(left.runs == whole.runs);
      REQUIRE(left.first == whole.first);
      REQUIRE(left.last == whole.last);
      REQUIRE(left.longest == whole.longest);
    }
  }
}

void check_round_trip(const Slice& slice) {
  std::vector<std::uint8_t> bytes;
  pack(slice, 100, bytes);
  std::vector<std::uint8_t> moved;
  repack(bytes, slice.start, 7, moved);
  std::span<const std::uint8_t> rest = moved;
  Slice read;
  unpack(rest, 7, read);
  CHECK(rest.empty());
  CHECK(read.start == slice.start);
  CHECK(read.is_long == slice.is_long);
  CHECK(read.totals.losses.samples == slice.totals.losses.samples);
  CHECK(read.totals.losses.longest == slice.totals.losses.longest);
  CHECK(read.totals.round_trips == slice.totals.round_trips);
  CHECK(read.totals.ipdv_pairs == slice.totals.ipdv_pairs);
  CHECK(read.bins.counts == slice.bins.counts);
  if (slice.totals.round_trips > 0) {
    const auto minimum = static_cast<double>(decode_rtt(slice.totals.minimum).count());
    CHECK(static_cast<double>(decode_rtt(read.totals.minimum).count()) == Approx(minimum).epsilon(0.0005).margin(1.5));
  }
  std::span<const std::uint8_t> skipped = moved;
  CHECK(skip(skipped, 7).start == slice.start);
  CHECK(skipped.empty());
}

TEST_CASE("Packed slices unpack to what they were", "[slice]") {
  Slice slice;
  slice.clear(123456);
  check_round_trip(slice);
  const auto add = [&](RttCode code, bool follows) {
    slice.add(Sample{0, code, follows}, encode_rtt(Duration(20000000)));
  };
  add(Sample::kFailed, false);
  check_round_trip(slice);
  add(Sample::kWithoutRtt, true);
  check_round_trip(slice);
  add(encode_rtt(Duration(30000000)), false);
  check_round_trip(slice);
  add(encode_rtt(Duration(1000)), true);  // far away: sparse
  add(encode_rtt(Duration(50000000000)), true);
  slice.is_long = true;
  check_round_trip(slice);
  slice.clear(123457);
  for (std::uint32_t i = 0; i < 20000; ++i) add(encode_rtt(Duration(20000000 + i * 1000)), true);  // dense
  check_round_trip(slice);
}

}  // namespace
}  // namespace blipd::measure
