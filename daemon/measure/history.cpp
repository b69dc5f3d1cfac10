#include "daemon/measure/history.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "daemon/measure/view.hpp"

namespace blipd::measure {

namespace {

Period floor_to(Period period, Period step) { return period - ((period % step) + step) % step; }

Period period_of(Tick tick) { return floor_to(tick, kPeriodTicks) / kPeriodTicks; }

bool has_left(Period start, base::Duration window, base::MonoTime now) {
  return now.time_since_epoch() - start * kPeriod >= window;
}

// The longest grain whose slice around `start` is needed in no part by a window that has shorter ones.
Grain grain_for(Period start, base::MonoTime now) {
  const auto is_ripe = [&](Grain grain, base::Duration window) {
    const Period length = length_of(grain);
    return has_left(floor_to(start, length) + length - 1, window, now);
  };
  if (is_ripe(Grain::kLong, std::chrono::minutes(15))) return Grain::kLong;
  return is_ripe(Grain::kMiddle, std::chrono::minutes(5)) ? Grain::kMiddle : Grain::kShort;
}

// Puts slices one after the other, and joins neighbours that are of one longer slice by now.
class Joiner {
 public:
  // Base and last slice are `now` as long as nothing is written.
  Joiner(std::vector<std::uint8_t>& out, Period now) : out_(out), base_(now), last_(now) {}

  // `slices` stands on the slice; its bins are read.
  void join(SliceReader& slices, Grain grain) {
    const Period start = floor_to(slices.start(), length_of(grain));
    if (!is_joining_ || slice_.grain != grain || slice_.start != start) {
      settle();
      slice_.start = start;
      slice_.grain = grain;
      is_joining_ = true;
    }
    slice_.totals.join(slices.totals());
    const std::uint32_t width = bins_per_octave(slices.grain()) / bins_per_octave(grain);
    slices.read_bins([&](std::uint32_t bin, std::uint32_t count) { slice_.count(bin / width, count); });
  }
  // Writes what is joined.
  void settle() {
    if (!is_joining_) return;
    note(slice_.start);
    pack(slice_, before_, out_);
    slice_.totals = Totals{};
    slice_.bins.clear();
    is_joining_ = false;
  }
  // A slice as it is, when the one before is too; settled only.
  void copy(std::span<const std::uint8_t> packed, Period start) {
    note(start);
    out_.insert(out_.end(), packed.begin(), packed.end());
  }

  // All slices that are left, as they are; the one before was written anew.
  void copy_rest(std::span<const std::uint8_t> packed, Period last) {
    out_.insert(out_.end(), packed.begin(), packed.end());
    last_ = last;
  }

  Period base() const { return base_; }
  Period last() const { return last_; }  // start of the last slice that was written

 private:
  void note(Period start) {
    if (is_empty_) base_ = last_ = start;
    is_empty_ = false;
    before_ = std::exchange(last_, start);
  }

  std::vector<std::uint8_t>& out_;
  Slice slice_;
  bool is_joining_ = false;
  bool is_empty_ = true;
  Period base_;
  Period last_;
  Period before_ = 0;
};

}  // namespace

History::Head History::head() const {
  Head head;
  if (block_) std::memcpy(&head, block_.get(), sizeof(head));
  return head;
}

std::span<const std::uint8_t> History::bytes() const {
  if (!block_) return {};
  return {block_.get() + sizeof(Head), head().size};
}

History& History::operator=(const History& other) {
  if (this == &other) return *this;
  Head head = other.head();
  const std::size_t room = block_ ? this->head().capacity : 0;
  if (head.size > room || !other.block_) {
    block_ = other.block_ ? std::make_unique_for_overwrite<std::uint8_t[]>(sizeof(Head) + head.size) : nullptr;
    head.capacity = head.size;
  } else {
    head.capacity = static_cast<std::uint32_t>(room);
  }
  if (!block_) return *this;
  std::memcpy(block_.get(), &head, sizeof(head));
  std::memcpy(block_.get() + sizeof(Head), other.bytes().data(), head.size);
  return *this;
}

void History::store(Head head, std::uint32_t kept, std::span<const std::uint8_t> tail) {
  // The usual allocators hand out 16 bytes at a time, and eight of them are their own.
  constexpr std::size_t kStep = 16;
  constexpr std::size_t kTooMuch = 48;
  const std::size_t size = sizeof(Head) + kept + tail.size();
  const std::size_t room = block_ ? sizeof(Head) + this->head().capacity : 0;
  head.size = static_cast<std::uint32_t>(kept + tail.size());
  if (size > room || size + kTooMuch < room) {
    const std::size_t bytes = (size + 8 + kStep - 1) / kStep * kStep - 8;
    auto block = std::make_unique_for_overwrite<std::uint8_t[]>(bytes);
    if (kept > 0) std::memcpy(block.get() + sizeof(Head), block_.get() + sizeof(Head), kept);
    block_ = std::move(block);
    head.capacity = static_cast<std::uint32_t>(bytes - sizeof(Head));
  } else {
    head.capacity = this->head().capacity;
  }
  std::memcpy(block_.get(), &head, sizeof(head));
  if (!tail.empty()) std::memcpy(block_.get() + sizeof(Head) + kept, tail.data(), tail.size());
}

void History::add(std::vector<Sample> samples, base::MonoTime now) {
  if (samples.empty()) return;
  // No slice may hold what is older than its start: what precedes an older one in the sequence goes with it.
  for (std::size_t i = samples.size() - 1; i > 0; --i) {
    samples[i - 1].settled = std::min(samples[i - 1].settled, samples[i].settled);
  }
  Head head = this->head();
  const bool is_first = !block_;
  if (is_first) head.base = head.last = static_cast<std::int32_t>(period_of(samples.front().settled));
  Bytes packed;
  packed.reserve(64);
  Slice slice;
  slice.bins.reserve(32);
  bool is_untidy = false;
  const auto close = [&] {
    pack(slice, head.last, packed);
    // Now and then is often enough: views leave out what is old by themselves.
    constexpr Period kTidied = length_of(Grain::kMiddle);
    is_untidy = is_untidy || floor_to(head.last, kTidied) != floor_to(slice.start, kTidied);
    head.last = static_cast<std::int32_t>(slice.start);
    slice.totals = Totals{};
    slice.bins.clear();
  };
  slice.start = std::max<Period>(period_of(samples.front().settled), head.last);
  for (const Sample& sample : samples) {
    if (const Period period = period_of(sample.settled); period > slice.start) {
      close();
      slice.start = period;
    }
    slice.add(sample, head.last_code);
    head.last_code = sample.code;
  }
  close();
  store(head, is_first ? 0 : head.size, packed);
  if (is_untidy) tidy(now);
}

// Drops what has left the hour, and joins what has left the windows that need it in shorter slices.
void History::tidy(base::MonoTime now) {
  Head head = this->head();
  Bytes tidied;
  tidied.reserve(head.size);
  Joiner joiner(tidied, head.last);
  SliceReader slices = this->slices();
  Period before = head.base;
  for (std::size_t from = 0; slices.next();) {
    const Period start = slices.start();
    const Grain grain = std::max(slices.grain(), grain_for(start, now));
    if (has_left(start, kWindows.back(), now)) {
      slices.read_bins([](std::uint32_t, std::uint32_t) {});
    } else if (grain > slices.grain()) {
      joiner.join(slices, grain);
    } else if (joiner.settle(); joiner.last() == before && from > 0) {
      // As bytes where nothing changes, not even the slice before.
      slices.read_bins([](std::uint32_t, std::uint32_t) {});
      joiner.copy(bytes().subspan(from, slices.position() - from), start);
    } else {
      joiner.join(slices, grain);
      joiner.settle();
      // What follows is younger, and as short as this one still has to be: all of it stays.
      if (grain == Grain::kShort) {
        joiner.copy_rest(bytes().subspan(slices.position()), head.last);
        break;
      }
    }
    before = start;
    from = slices.position();
  }
  joiner.settle();
  head.base = static_cast<std::int32_t>(joiner.base());
  head.last = static_cast<std::int32_t>(joiner.last());
  store(head, 0, tidied);
}

}  // namespace blipd::measure
