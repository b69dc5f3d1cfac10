#include "daemon/measure/recent.hpp"

#include <algorithm>
#include <bit>

namespace blipd::measure {

Recent& Recent::operator=(const Recent& other) {
  if (this == &other) return *this;
  if (capacity_ < other.count_) {
    entries_ = std::make_unique<std::uint32_t[]>(other.count_);
    capacity_ = other.count_;
  }
  head_ = 0;
  count_ = other.count_;
  const std::uint32_t until_end = std::min(count_, other.capacity_ - other.head_);
  std::copy_n(other.entries_.get() + other.head_, until_end, entries_.get());
  std::copy_n(other.entries_.get(), count_ - until_end, entries_.get() + until_end);
  highest_ = other.highest_;
  seen_ = other.seen_;
  newest_ = other.newest_;
  return *this;
}

void Recent::add(probes::Sequence sequence, Tick settled, RttCode code) {
  newest_ = seen_ == 0 ? settled : std::max(newest_, settled);
  if (count_ == capacity_) grow();
  // Sequence numbers wrap (RFC 1982 arithmetic).
  const auto ahead = static_cast<std::int64_t>(static_cast<std::int32_t>(sequence - highest_));
  if (seen_ == 0 || ahead < -kRestart) {
    seen_ = 1;
    highest_ = sequence;
    insert(0, code, false);
  } else if (ahead > 0) {
    seen_ = ahead < kTracked ? (seen_ << ahead) | 1U : 1U;
    highest_ = sequence;
    insert(0, code, (seen_ & 2U) != 0);
  } else if (ahead <= -kTracked) {
    insert(static_cast<std::uint32_t>(std::popcount(seen_)), code, false);
  } else {
    const int behind = static_cast<int>(-ahead);
    const std::uint64_t bit = std::uint64_t{1} << behind;
    if ((seen_ & bit) != 0) {  // a number given twice: a source that does not count
      insert(0, code, false);
      return;
    }
    const auto later = static_cast<std::uint32_t>(std::popcount(seen_ & (bit - 1)));
    const bool is_next_known = (seen_ & (bit >> 1)) != 0;
    const bool is_previous_known = behind + 1 < kTracked && (seen_ & (bit << 1)) != 0;
    seen_ |= bit;
    insert(later, code, is_previous_known);
    if (is_next_known && later <= count_ - 1) entries_[slot(count_ - later)] |= 0x1000U;
  }
}

void Recent::insert(std::uint32_t from_end, RttCode code, bool follows) {
  std::uint32_t position = count_++;
  for (std::uint32_t i = 0; i < from_end && position > 0; ++i, --position) {
    if (newest_ - at(position - 1).settled > kMostReordered) break;
    entries_[slot(position)] = entries_[slot(position - 1)];
  }
  entries_[slot(position)] = (code << 13) | (follows ? 0x1000U : 0U) | static_cast<std::uint32_t>(newest_ & kTimeMask);
}

void Recent::grow() {
  // By little, since a channel soon has the room that its rate needs, and keeps it.
  const std::uint32_t capacity = std::min(capacity_ + std::max<std::uint32_t>(8, capacity_ / 16), kMost);
  auto entries = std::make_unique<std::uint32_t[]>(capacity);
  for (std::uint32_t i = 0; i < count_; ++i) entries[i] = entries_[slot(i)];
  entries_ = std::move(entries);
  capacity_ = capacity;
  head_ = 0;
}

}  // namespace blipd::measure
