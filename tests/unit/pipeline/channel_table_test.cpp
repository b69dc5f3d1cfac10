#include "daemon/pipeline/channel_table.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <span>

#include "daemon/measure/rtt_code.hpp"

namespace blipd::pipeline {
namespace {

using namespace std::chrono_literals;

constexpr base::WallTime kTaken{1419264900s};

class RandomRows {
 public:
  explicit RandomRows(std::uint64_t seed) : random_(seed) {}

  ChannelRow row() {
    ChannelRow row;
    row.usual_answer_ratio = maybe(static_cast<double>(below(1000001)) / 1e6);
    row.has_vote = chance();
    row.says = static_cast<event::WaySays>(below(event::kWaySaysNames.size()));
    row.is_as_usual = chance();
    if (chance()) row.notice = notice();
    row.last_outcome = static_cast<probes::Outcome>(below(4));
    row.stamps = static_cast<probes::StampSource>(below(5));
    row.last_rtt = maybe(base::Duration(static_cast<std::int64_t>(number())));
    row.last_settled = maybe(kTaken - base::Duration(static_cast<std::int64_t>(number() >> 4) - 1000));
    row.last_answered = maybe(kTaken - base::Duration(static_cast<std::int64_t>(number() >> 4)));
    measure::Counters& n = row.counters;
    for (auto* count : {&n.sent, &n.answered, &n.lost, &n.unreachable, &n.in_flight, &n.late, &n.duplicate,
                        &n.differing, &n.reordered, &n.malformed, &n.forged, &n.unexpected}) {
      *count = number();
    }
    for (auto& count : n.aborted) count = number();
    row.rtt_histogram.counts.resize(below(30));
    for (auto& count : row.rtt_histogram.counts) count = number();
    row.rtt_histogram.sum_seconds = static_cast<double>(number()) / 7.0;
    for (std::size_t w = 0; w < row.windows.size(); ++w) {
      row.windows[w] = w > 0 && below(3) == 0 ? row.windows[w - 1] : window();
    }
    return row;
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool chance() { return below(2) == 0; }
  probes::IcmpNotice notice() {
    std::array<std::byte, 16> bytes{};
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(below(256));
    const bool is_v4 = chance();
    return {static_cast<std::uint8_t>(below(256)), static_cast<std::uint8_t>(below(256)),
            is_v4 ? base::Address::v4(std::span(bytes).first<4>()) : base::Address::v6(bytes)};
  }
  // Of any size, often zero.
  std::uint64_t number() { return chance() ? 0 : random_() >> below(64) >> 1; }
  std::uint32_t number32() { return static_cast<std::uint32_t>(number()); }
  template <class T>
  std::optional<T> maybe(T value) {
    return chance() ? std::optional<T>(value) : std::nullopt;
  }

  measure::WindowView window() {
    measure::WindowView window;
    window.samples = number32();
    if (chance()) {
      window.failed = number32();
      window.loss_runs = number32();
      window.longest_loss_run = number32();
    }
    window.round_trips = chance() ? window.samples - window.failed : number32();
    window.ipdv_pairs = chance() && window.round_trips > 0 ? window.round_trips - 1 : number32();
    if (window.ipdv_pairs > 0) window.mean_ipdv = base::Duration(static_cast<std::int64_t>(number()));
    if (window.round_trips == 0) return window;
    window.minimum_rtt = rtt(0);
    const std::uint64_t kind = below(4);
    for (base::Duration& each : window.rtt)
      each = (kind == 1 || kind == 2) && below(4) == 0 ? window.minimum_rtt : rtt(kind);
    std::sort(window.rtt.begin(), window.rtt.end());
    window.pdv = chance() ? base::Duration(static_cast<std::int64_t>(number()))
                          : std::max(window.rtt[2] - window.minimum_rtt, base::Duration::zero());
    return window;
  }

  // As codes, as coarse or fine bins, and as neither.
  base::Duration rtt(std::uint64_t kind) {
    if (kind == 0) return measure::decode_rtt(static_cast<measure::RttCode>(below(measure::kRttCodes)));
    if (kind == 1)
      return measure::decode_bin(static_cast<std::uint32_t>(below(measure::kCoarseBins)), measure::kCoarse);
    if (kind == 2) return measure::decode_bin(static_cast<std::uint32_t>(below(measure::kFineBins)), measure::kFine);
    return base::Duration(static_cast<std::int64_t>(number()));
  }

  std::mt19937_64 random_;
};

void check_equal(const ChannelRow& a, const ChannelRow& b) {
  CHECK(a.usual_answer_ratio == b.usual_answer_ratio);
  CHECK(a.has_vote == b.has_vote);
  CHECK(a.last_outcome == b.last_outcome);
  CHECK(a.stamps == b.stamps);
  CHECK(a.says == b.says);
  CHECK(a.is_as_usual == b.is_as_usual);
  REQUIRE(a.notice.has_value() == b.notice.has_value());
  if (a.notice) {
    CHECK(a.notice->type == b.notice->type);
    CHECK(a.notice->code == b.notice->code);
    CHECK(a.notice->sender == b.notice->sender);
  }
  CHECK(a.last_rtt == b.last_rtt);
  CHECK(a.last_settled == b.last_settled);
  CHECK(a.last_answered == b.last_answered);
  CHECK(a.counters == b.counters);
  CHECK(a.rtt_histogram.counts == b.rtt_histogram.counts);
  CHECK(a.rtt_histogram.sum_seconds == b.rtt_histogram.sum_seconds);
  CHECK(a.windows == b.windows);
}

TEST_CASE("What is read from a table of channels is what was put into it", "[channel_table]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    RandomRows random(seed);
    std::vector<ChannelRow> rows(1);  // one of which nothing is known
    while (rows.size() < 200) rows.push_back(random.row());
    ChannelTable table(kTaken);
    for (const ChannelRow& row : rows) table.append(row, row.windows);
    REQUIRE(table.size() == rows.size());
    for (std::size_t i = rows.size(); i-- > 0;) {
      CAPTURE(i);
      check_equal(table[i], rows[i]);
    }
  }
}

TEST_CASE("The usual answer ratio of a table of channels is good to a millionth", "[channel_table]") {
  ChannelTable table(kTaken);
  ChannelRow row;
  row.usual_answer_ratio = 2.0 / 3.0;
  table.append(row, row.windows);
  CHECK(table.state(0).usual_answer_ratio == 0.666667);
}

TEST_CASE("A steady channel takes some hundred bytes of a table", "[channel_table]") {
  const auto code = [](base::Duration rtt) { return measure::decode_rtt(measure::encode_rtt(rtt)); };
  const auto bin = [](base::Duration rtt) {
    return measure::decode_bin(measure::bin_of(measure::encode_rtt(rtt), measure::kCoarse), measure::kCoarse);
  };
  ChannelRow row;
  row.usual_answer_ratio = 0.998123;
  row.last_rtt = 50123456ns;
  row.last_settled = row.last_answered = kTaken - 512345678ns;
  row.counters = {.sent = 86400, .answered = 86390, .lost = 9, .in_flight = 1};
  row.rtt_histogram.counts = {0, 0, 0, 0, 0, 0, 80000, 6000, 390, 0, 0, 0, 0};
  row.rtt_histogram.sum_seconds = 4567.890123;
  for (std::size_t w = 0; w < row.windows.size(); ++w) {
    measure::WindowView& window = row.windows[w];
    window.samples = static_cast<std::uint32_t>(measure::kWindows[w] / 1s);
    window.failed = window.loss_runs = window.longest_loss_run = 1;
    window.round_trips = window.samples - 1;
    window.ipdv_pairs = window.round_trips - 1;
    window.mean_ipdv = 1234567ns;
    window.minimum_rtt = code(45ms);
    const auto scale = [&](base::Duration rtt) { return w < 2 ? code(rtt) : bin(rtt); };
    window.rtt = {scale(50ms), scale(55ms), scale(70ms), scale(90ms)};
    window.pdv = window.rtt[2] - window.minimum_rtt;
  }
  constexpr std::size_t kRows = 6400;
  ChannelTable table(kTaken);
  table.reserve(kRows);
  for (std::size_t i = 0; i < kRows; ++i) table.append(row, row.windows);
  CHECK(table.heap_bytes() / kRows < 125);
  CHECK(table[kRows - 1].windows == row.windows);
}

}  // namespace
}  // namespace blipd::pipeline
