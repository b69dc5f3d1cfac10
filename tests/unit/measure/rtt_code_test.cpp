#include <catch2/catch.hpp>

#include <cmath>
#include <random>
#include <utility>
#include <vector>

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
    REQUIRE(std::abs(fine - exact) <= exact / 32768 + 1);
    for (const auto& [per_octave, error] : {std::pair(kFine, 0.0074), std::pair(kCoarse, 0.0287)}) {
      const std::uint32_t bin = bin_of(code, per_octave);
      const auto read = static_cast<double>(decode_bin(bin, per_octave).count());
      REQUIRE(std::abs(read - exact) <= exact * error + 1);
      REQUIRE(lowest_code_of(bin, per_octave) <= code);
      REQUIRE(bin_of(lowest_code_of(bin, per_octave), per_octave) == bin);
    }
    REQUIRE(bin_of(code, kFine) / kFinePerCoarse == bin_of(code, kCoarse));
  }
}

TEST_CASE("Round trips beyond the scale count as its ends", "[rtt_code]") {
  CHECK(encode_rtt(Duration(-5)) == 0);
  CHECK(encode_rtt(Duration(0)) == 0);
  CHECK(encode_rtt(Duration(512)) == 0);
  CHECK(encode_rtt(std::chrono::hours(1)) == kRttCodes - 1);
  CHECK(bin_of(kRttCodes - 1, kCoarse) == kCoarseBins - 1);
  CHECK(bin_of(kRttCodes - 1, kFine) == kFineBins - 1);
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

TEST_CASE("Numbers written as bits are read as they were, to the last bit", "[bits]") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    CAPTURE(round);
    struct Number {
      std::uint32_t value;
      int bits;  // as they are; below zero: as a count with k = −bits − 1
    };
    std::vector<Number> numbers;
    std::vector<std::uint8_t> bytes;
    BitWriter writer(bytes);
    std::size_t total = 0;
    for (int i = 0; i < 100; ++i) {
      const int bits = static_cast<int>(random() % 33);
      const auto value = static_cast<std::uint32_t>(random() & ((std::uint64_t{1} << bits) - 1));
      const int k = static_cast<int>(random() % 10);
      if (random() % 2 == 0) {
        writer.put(value, bits);
        numbers.push_back({value, bits});
        total += static_cast<std::size_t>(bits);
      } else {
        writer.put_count(value, k);
        numbers.push_back({value, -k - 1});
        total += static_cast<std::size_t>(bits_of_count(value, k));
      }
    }
    writer.align();
    REQUIRE(bytes.size() == (total + 7) / 8);
    BitReader reader(bytes);
    for (const Number& n : numbers) {
      REQUIRE((n.bits >= 0 ? reader.take(n.bits) : reader.take_count(-n.bits - 1)) == n.value);
    }
    reader.align();
    REQUIRE(reader.position() == bytes.size());
    CHECK(reader.take(32) == 0);
  }
}

// Writes the slice behind another one, reads both, and compares.
void check_round_trip(const Slice& slice) {
  CAPTURE(slice.start, slice.grain, slice.totals.round_trips);
  Slice before;
  before.start = slice.start - 5 * length_of(slice.grain);
  before.grain = slice.grain;
  std::vector<std::uint8_t> bytes;
  pack(before, before.start, bytes);
  pack(slice, before.start, bytes);
  SliceReader read(bytes, before.start);
  REQUIRE(read.next());
  CHECK(read.start() == before.start);
  CHECK(read.totals().losses.samples == 0);
  read.read_bins([](std::uint32_t, std::uint32_t) { FAIL("nothing was counted"); });
  REQUIRE(read.next());
  CHECK(read.start() == slice.start);
  CHECK(read.grain() == slice.grain);
  const LossRuns& losses = read.totals().losses;
  CHECK(losses.samples == slice.totals.losses.samples);
  CHECK(losses.failed == slice.totals.losses.failed);
  CHECK(losses.runs == slice.totals.losses.runs);
  CHECK(losses.first == slice.totals.losses.first);
  CHECK(losses.last == slice.totals.losses.last);
  CHECK(losses.longest == slice.totals.losses.longest);
  CHECK(read.totals().round_trips == slice.totals.round_trips);
  CHECK(read.totals().ipdv_pairs == slice.totals.ipdv_pairs);
  CHECK(read.totals().ipdv_sum == Approx(slice.totals.ipdv_sum).epsilon(0.004).margin(1.5));
  Slice counted;
  read.read_bins([&](std::uint32_t bin, std::uint32_t count) { counted.count(bin, count); });
  REQUIRE(counted.bins.size() == slice.bins.size());
  for (std::size_t i = 0; i < counted.bins.size(); ++i) {
    CHECK(counted.bins[i].bin == slice.bins[i].bin);
    CHECK(counted.bins[i].count == slice.bins[i].count);
  }
  CHECK(read.position() == bytes.size());
  CHECK_FALSE(read.next());
  if (slice.totals.round_trips == 0) return;
  const auto minimum = static_cast<double>(decode_rtt(slice.totals.minimum).count());
  CHECK(static_cast<double>(decode_rtt(read.totals().minimum).count()) == Approx(minimum).epsilon(0.00025).margin(1.5));
}

TEST_CASE("Packed slices unpack to what they were", "[slice]") {
  Slice slice;
  slice.start = 123460;  // a start of every grain
  const auto check = [&] {
    for (const Grain grain : {Grain::kShort, Grain::kMiddle, Grain::kLong}) {
      Slice of_grain = slice;
      of_grain.grain = grain;
      of_grain.bins.clear();
      const std::uint32_t width = kFine / bins_per_octave(grain);
      for (const BinCount& b : slice.bins) of_grain.count(b.bin / width, b.count);
      check_round_trip(of_grain);
    }
  };
  const auto add = [&](RttCode code, bool follows) {
    slice.add(Sample{0, code, follows}, encode_rtt(Duration(20000000)));
  };
  check();
  add(Sample::kFailed, false);
  check();
  add(Sample::kWithoutRtt, true);
  check();
  add(encode_rtt(Duration(30000000)), false);
  check();
  add(encode_rtt(Duration(1)), true);  // both ends of the scale
  add(encode_rtt(std::chrono::hours(1)), true);
  check();
  for (int i = 0; i < 7; ++i) add(Sample::kFailed, false);
  check();
  slice.totals = Totals{};
  slice.bins.clear();
  for (std::uint32_t i = 0; i < 20000; ++i) add(encode_rtt(Duration(20000000 + i * 1000)), true);  // many in few bins
  check();
  std::mt19937_64 random(2);
  for (int i = 0; i < 300; ++i) add(static_cast<RttCode>(random() % kRttCodes), true);  // and few in many
  check();
}

}  // namespace
}  // namespace blipd::measure
