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

// Writes slices one after the other, and joins neighbours that are of one longer slice by now.
class Joiner {
 public:
  // Goes on after `out`, whose last slice starts at `last`.
  Joiner(std::vector<std::uint8_t>& out, Period last) : out_(out), last_(last), is_first_(out.empty()) {}

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
    // There is none to measure the first one's start from.
    if (is_first_) last_ = slice_.start;
    note(slice_.grain);
    pack(slice_, last_, out_);
    last_ = slice_.start;
    is_first_ = false;
    slice_.totals = Totals{};
    slice_.bins.clear();
    is_joining_ = false;
  }
  // Slices as they are, the first of that grain, when the slice before starts where it did; settled only.
  void copy(std::span<const std::uint8_t> packed, Grain grain, Period last) {
    note(grain);
    out_.insert(out_.end(), packed.begin(), packed.end());
    last_ = last;
  }

  Period last() const { return last_; }  // start of the last slice that was written
  // Where the first slice of each grain lies, and the start of the one before it; absent: there is none.
  struct First {
    Period before = 0;
    std::size_t at = 0;
  };
  const std::optional<First>& first(Grain grain) const { return firsts_[static_cast<std::size_t>(grain)]; }

 private:
  void note(Grain grain) {
    auto& first = firsts_[static_cast<std::size_t>(grain)];
    if (!first) first = First{last_, out_.size()};
  }

  std::vector<std::uint8_t>& out_;
  std::array<std::optional<First>, kGrains> firsts_;
  Slice slice_;
  bool is_joining_ = false;
  Period last_;
  bool is_first_;
};

// Which part of a history a grain is: the longest comes first.
constexpr std::size_t part_of(Grain grain) { return kGrains - 1 - static_cast<std::size_t>(grain); }
constexpr Grain grain_of(std::size_t part) { return static_cast<Grain>(kGrains - 1 - part); }

void pass_over(SliceReader& slices) {
  slices.read_bins([](std::uint32_t, std::uint32_t) {});
}

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

std::size_t History::room_for(std::size_t size) {
  // The usual allocators hand out 16 bytes at a time, and eight of them are their own.
  constexpr std::size_t kStep = 16;
  return (sizeof(Head) + size + 8 + kStep - 1) / kStep * kStep - 8;
}

History& History::operator=(const History& other) {
  if (this == &other) return *this;
  if (!other.block_) {
    block_ = nullptr;
    return *this;
  }
  const std::size_t size = other.head().size;
  const std::size_t room = room_for(size);
  if (heap_bytes() != room) block_ = std::make_unique_for_overwrite<std::uint8_t[]>(room);
  std::memcpy(block_.get(), other.block_.get(), sizeof(Head) + size);
  return *this;
}

void History::store(Head head, std::uint32_t kept, std::span<const std::uint8_t> tail) {
  head.size = static_cast<std::uint32_t>(kept + tail.size());
  const std::size_t room = room_for(head.size);
  if (heap_bytes() != room) {
    auto block = std::make_unique_for_overwrite<std::uint8_t[]>(room);
    if (kept > 0) std::memcpy(block.get() + sizeof(Head), block_.get() + sizeof(Head), kept);
    block_ = std::move(block);
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
  if (is_first) {
    head.last = static_cast<std::int32_t>(period_of(samples.front().settled));
    head.parts.fill({.before = head.last, .at = 0});
  }
  Bytes packed;
  packed.reserve(64);
  Slice slice;
  slice.bins.reserve(32);
  // Now and then is often enough, since views leave out what is old by themselves: the more seldom, the less there is.
  constexpr std::size_t kFew = Recent::kStretch / 20;  // one in two seconds
  const Period tidied = length_of(samples.size() > kFew ? Grain::kMiddle : Grain::kLong);
  bool is_untidy = false;
  const auto close = [&] {
    pack(slice, head.last, packed);
    is_untidy = is_untidy || floor_to(head.last, tidied) != floor_to(slice.start, tidied);
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

bool History::is_ripe(const Head& head, std::size_t part, base::MonoTime now) const {
  const std::size_t end = part + 1 < kGrains ? head.parts[part + 1].at : head.size;
  const auto [before, at] = head.parts[part];
  if (at == end) return false;
  SliceReader slices(bytes().subspan(at), before);
  return slices.next() && grain_for(slices.start(), now) > grain_of(part);
}

// Drops what has left the hour, and joins what has left the windows that need it in shorter slices.
void History::tidy(base::MonoTime now) {
  Head head = this->head();
  SliceReader slices = this->slices();
  Part kept = head.parts.front();
  while (slices.next() && has_left(slices.start(), kWindows.back(), now)) {
    pass_over(slices);
    kept = {.before = static_cast<std::int32_t>(slices.start()), .at = static_cast<std::uint32_t>(slices.position())};
  }
  for (Part& part : head.parts) {
    if (part.at <= kept.at) part = kept;
  }
  // What lies before the oldest slice that is to be joined stays as it is.
  std::size_t first = part_of(Grain::kMiddle);
  while (first < kGrains && !is_ripe(head, first, now)) ++first;
  const Part joined = first < kGrains ? head.parts[first] : Part{.before = head.last, .at = head.size};
  if (kept.at == 0 && joined.at == head.size) return;

  Bytes tidied;
  tidied.reserve(head.size);
  const auto prefix = bytes().subspan(kept.at, joined.at - kept.at);
  tidied.assign(prefix.begin(), prefix.end());
  Joiner joiner(tidied, joined.before);
  slices = SliceReader(bytes().subspan(joined.at), joined.before);
  Period before = joined.before;
  for (std::size_t from = joined.at; slices.next(); from = joined.at + slices.position()) {
    const Period start = slices.start();
    const Grain own = slices.grain();
    const Grain grain = std::max(own, grain_for(start, now));
    if (grain > own) {
      joiner.join(slices, grain);
    } else if (joiner.settle(); joiner.last() == before) {
      // What follows a short one that has to stay short does so as well.
      if (own == Grain::kShort) {
        joiner.copy(bytes().subspan(from), own, head.last);
        break;
      }
      pass_over(slices);
      joiner.copy(bytes().subspan(from, joined.at + slices.position() - from), own, start);
    } else {
      joiner.join(slices, grain);
      joiner.settle();
    }
    before = start;
  }
  joiner.settle();

  Part next{.before = static_cast<std::int32_t>(joiner.last()), .at = static_cast<std::uint32_t>(tidied.size())};
  head.last = next.before;
  std::array<Part, kGrains> parts;
  for (std::size_t part = kGrains; part-- > 0;) {
    const std::size_t end = part + 1 < kGrains ? head.parts[part + 1].at : head.size;
    if (head.parts[part].at < std::min<std::size_t>(end, joined.at)) {
      next = head.parts[part];
      next.at -= kept.at;
    } else if (const auto& written = joiner.first(grain_of(part))) {
      next = {.before = static_cast<std::int32_t>(written->before), .at = static_cast<std::uint32_t>(written->at)};
    }
    parts[part] = next;
  }
  head.parts = parts;
  store(head, 0, tidied);
}

}  // namespace blipd::measure
