#include "daemon/pipeline/channel_table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "daemon/pipeline/packed_windows.hpp"
#include "daemon/pipeline/packing.hpp"

namespace blipd::pipeline {

namespace {

using base::Duration;
using measure::Counters;

// A flat list of the counters that are mostly zero, the likelier ones first.
template <class Visitor, class Given>
void for_each_rare(Given& counters, Visitor&& visit) {
  visit(counters.in_flight);
  visit(counters.lost);
  visit(counters.late);
  visit(counters.reordered);
  visit(counters.unreachable);
  visit(counters.duplicate);
  for (auto& aborted : counters.aborted) visit(aborted);
  visit(counters.differing);
  visit(counters.malformed);
  visit(counters.forged);
  visit(counters.unexpected);
}

void pack(const Counters& counters, Packer& out) {
  out.number(counters.sent);
  out.integer(static_cast<std::int64_t>(counters.sent - counters.answered));
  std::uint64_t present = 0;
  std::uint64_t bit = 1;
  for_each_rare(counters, [&](std::uint64_t count) {
    present |= count != 0 ? bit : 0;
    bit <<= 1;
  });
  out.number(present);
  for_each_rare(counters, [&](std::uint64_t count) {
    if (count != 0) out.number(count);
  });
}

constexpr double kRatioParts = 1e6;

constexpr int kHasVote = 1;
constexpr int kHasUsual = 2;
constexpr int kHasRtt = 4;
constexpr int kWasSettled = 8;
constexpr int kWasAnswered = 16;
constexpr int kOutcomeShift = 5;

// Of the byte behind it.
constexpr int kSaysMask = 15;
constexpr int kIsAsUsual = 16;
constexpr int kHasNotice = 32;
constexpr int kNoticeIsV4 = 64;

void pack(const ChannelState& state, base::WallTime taken, Packer& out) {
  out.byte(static_cast<std::uint8_t>((state.has_vote ? kHasVote : 0) | (state.usual_answer_ratio ? kHasUsual : 0) |
                                     (state.last_rtt ? kHasRtt : 0) | (state.last_settled ? kWasSettled : 0) |
                                     (state.last_answered ? kWasAnswered : 0) |
                                     (static_cast<int>(state.last_outcome) << kOutcomeShift)));
  const bool is_v4 = state.notice && state.notice->sender.is_v4();
  out.byte(static_cast<std::uint8_t>(static_cast<int>(state.says) | (state.is_as_usual ? kIsAsUsual : 0) |
                                     (state.notice ? kHasNotice : 0) | (is_v4 ? kNoticeIsV4 : 0)));
  out.byte(static_cast<std::uint8_t>(state.stamps));
  if (state.usual_answer_ratio) {
    out.number(static_cast<std::uint64_t>(std::llround(*state.usual_answer_ratio * kRatioParts)));
  }
  if (state.last_rtt) out.integer(state.last_rtt->count());
  if (state.last_settled) out.integer((taken - *state.last_settled).count());
  // Mostly the same moment.
  if (state.last_answered) out.integer((state.last_settled.value_or(taken) - *state.last_answered).count());
  if (!state.notice) return;
  out.byte(state.notice->type);
  out.byte(state.notice->code);
  for (const std::byte byte : state.notice->sender.bytes()) out.byte(static_cast<std::uint8_t>(byte));
}

probes::IcmpNotice unpack_notice(Unpacker& in, bool is_v4) {
  probes::IcmpNotice notice;
  notice.type = in.byte();
  notice.code = in.byte();
  std::array<std::byte, 16> bytes{};
  const auto read = [&](std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(in.byte());
  };
  if (is_v4) {
    read(4);
    notice.sender = base::Address::v4(std::span(bytes).first<4>());
  } else {
    read(16);
    notice.sender = base::Address::v6(bytes);
  }
  return notice;
}

void pack(const measure::HistogramView& histogram, Packer& out) {
  out.number(histogram.counts.size());
  std::size_t mask = 0;
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    if (i % 8 == 0) {
      mask = out.size();
      out.byte(0);
    }
    if (histogram.counts[i] != 0) {
      out.at(mask) = static_cast<std::uint8_t>(out.at(mask) | (1U << (i % 8)));
      out.number(histogram.counts[i]);
    }
  }
  out.real(histogram.sum_seconds);
}

}  // namespace

void ChannelTable::append(const ChannelSums& row, const measure::WindowViews& windows) {
  if (row.http) http_.push_back({size_, row.http});
  const std::size_t place = size_++ % kBlockRows;
  if (place == 0) blocks_.emplace_back().bytes.reserve(kBlockRows * 128);
  Block& block = blocks_.back();
  Packer out(block.bytes);
  const std::size_t start = out.size();
  Parts& parts = block.rows[place];
  parts.counters = static_cast<std::uint32_t>(start);
  pack(row.counters, out);
  parts.state = static_cast<std::uint8_t>(out.size() - start);
  pack(static_cast<const ChannelState&>(row), taken_, out);
  parts.windows = static_cast<std::uint8_t>(out.size() - start);
  pack_windows(windows, out);
  parts.histogram = static_cast<std::uint16_t>(out.size() - start);
  pack(row.rtt_histogram, out);
  if (place + 1 == kBlockRows) block.bytes.shrink_to_fit();
}

ChannelRow ChannelTable::operator[](std::size_t index) const {
  ChannelRow row;
  static_cast<ChannelState&>(row) = state(index);
  row.counters = counters(index);
  row.windows = windows(index);
  histogram(index, row.rtt_histogram);
  row.http = http(index);
  return row;
}

Counters ChannelTable::counters(std::size_t index) const {
  Unpacker in(bytes_from(index, 0));
  Counters counters;
  counters.sent = in.number();
  counters.answered = counters.sent - static_cast<std::uint64_t>(in.integer());
  std::uint64_t present = in.number();
  for_each_rare(counters, [&](std::uint64_t& count) {
    if ((present & 1) != 0) count = in.number();
    present >>= 1;
  });
  return counters;
}

ChannelState ChannelTable::state(std::size_t index) const {
  Unpacker in(bytes_from(index, parts(index).state));
  ChannelState state;
  const int flags = in.byte();
  state.has_vote = (flags & kHasVote) != 0;
  state.last_outcome = static_cast<probes::Outcome>(flags >> kOutcomeShift);
  const int said = in.byte();
  state.says = static_cast<event::WaySays>(said & kSaysMask);
  state.is_as_usual = (said & kIsAsUsual) != 0;
  state.stamps = static_cast<probes::StampSource>(in.byte());
  if ((flags & kHasUsual) != 0) state.usual_answer_ratio = static_cast<double>(in.number()) / kRatioParts;
  if ((flags & kHasRtt) != 0) state.last_rtt = Duration(in.integer());
  if ((flags & kWasSettled) != 0) state.last_settled = taken_ - Duration(in.integer());
  if ((flags & kWasAnswered) != 0) state.last_answered = state.last_settled.value_or(taken_) - Duration(in.integer());
  if ((said & kHasNotice) != 0) state.notice = unpack_notice(in, (said & kNoticeIsV4) != 0);
  return state;
}

measure::WindowViews ChannelTable::windows(std::size_t index) const {
  return unpack_windows(Unpacker(bytes_from(index, parts(index).windows)));
}

void ChannelTable::histogram(std::size_t index, measure::HistogramView& view) const {
  Unpacker in(bytes_from(index, parts(index).histogram));
  view.counts.assign(in.number(), 0);
  unsigned mask = 0;
  for (std::size_t i = 0; i < view.counts.size(); ++i, mask >>= 1) {
    if (i % 8 == 0) mask = in.byte();
    if ((mask & 1) != 0) view.counts[i] = in.number();
  }
  view.sum_seconds = in.real();
}

std::shared_ptr<const HttpRow> ChannelTable::http(std::size_t index) const {
  const auto found = std::ranges::lower_bound(http_, index, {}, &HttpEntry::index);
  return found != http_.end() && found->index == index ? found->row : nullptr;
}

std::size_t ChannelTable::heap_bytes() const {
  std::size_t bytes = blocks_.capacity() * sizeof(Block) + http_.capacity() * (sizeof(HttpEntry) + sizeof(HttpRow));
  for (const Block& block : blocks_) bytes += block.bytes.capacity();
  return bytes;
}

}  // namespace blipd::pipeline
