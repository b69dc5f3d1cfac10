#include "daemon/measure/recent.hpp"

#include <algorithm>
#include <bit>

namespace blipd::measure {

Recent& Recent::operator=(const Recent& other) {
  if (this == &other) return *this;
  newest_ = other.newest_;
  seen_ = other.seen_;
  highest_ = other.highest_;
  due_ = other.due_;
  if (old_capacity_ < other.old_count_) {
    old_ = std::make_unique_for_overwrite<std::uint32_t[]>(other.old_count_);
    old_capacity_ = other.old_count_;
  }
  std::copy_n(other.old_.get(), other.old_count_, old_.get());
  old_count_ = other.old_count_;
  young_count_ = other.young_count_;
  young_ = other.young_;
  return *this;
}

void Recent::add(probes::Sequence sequence, base::MonoTime settled, RttCode code) {
  newest_ = seen_ == 0 ? settled : std::max(newest_, settled);
  if (young_count_ == kYoung) age();
  if (count() == 0) due_ = low_bits(due_at(tick_of(newest_)));
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
    if (is_next_known && later < count()) entry(count() - later) |= 0x1000U;
  }
}

void Recent::insert(std::uint32_t from_end, RttCode code, bool follows) {
  const Tick newest = tick_of(newest_);
  std::uint32_t position = count();
  ++young_count_;
  for (std::uint32_t i = 0; i < from_end && position > 0; ++i, --position) {
    if (newest - at(position - 1, newest).settled > kMostReordered) break;
    entry(position) = entry(position - 1);
  }
  entry(position) = (code << 13) | (follows ? 0x1000U : 0U) | static_cast<std::uint32_t>(newest & kTimeMask);
}

// Removes the oldest.
void Recent::drop(std::uint32_t count) {
  const std::uint32_t of_old = std::min<std::uint32_t>(count, old_count_);
  if (of_old > 0) std::copy(old_.get() + of_old, old_.get() + old_count_, old_.get());
  old_count_ = static_cast<std::uint16_t>(old_count_ - of_old);
  std::copy(young_.begin() + (count - of_old), young_.begin() + young_count_, young_.begin());
  young_count_ = static_cast<std::uint16_t>(young_count_ - (count - of_old));
}

// Makes room among the young.
void Recent::age() {
  constexpr std::uint32_t kMoved = kYoung - kStay;
  const std::uint32_t needed = old_count_ + kMoved;
  if (needed > old_capacity_) {
    // By little, since a channel soon has the room that its rate needs, and keeps it. In steps of what the usual
    // allocators hand out: 16 bytes, and eight of those are theirs.
    const std::uint32_t capacity = (needed + needed / 32 + 1) / 4 * 4 + 2;
    auto old = std::make_unique_for_overwrite<std::uint32_t[]>(capacity);
    if (old_count_ > 0) std::copy(old_.get(), old_.get() + old_count_, old.get());
    old_ = std::move(old);
    old_capacity_ = static_cast<std::uint16_t>(capacity);
  }
  std::copy(young_.begin(), young_.begin() + kMoved, old_.get() + old_count_);
  old_count_ = static_cast<std::uint16_t>(needed);
  std::copy(young_.begin() + kMoved, young_.end(), young_.begin());
  young_count_ = kStay;
}

}  // namespace blipd::measure
