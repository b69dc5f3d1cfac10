// Answers on their way: packets by the moment at which they are due, earliest first; of those due at the same
// moment, the one that was put in first. Buffers are used again, so that a steady load allocates nothing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "probes/base/time.hpp"
#include "tests/lab/packet.hpp"

namespace blipd::lab {

class DelayQueue {
 public:
  // A million answers of some 100 bytes are a few hundred megabytes; past that, answers are dropped.
  static constexpr std::size_t kMaxPending = 1'000'000;

  struct Item {
    Packet bytes;
    std::uint32_t tally = 0;   // whom it counts for
    std::uint64_t number = 0;  // of the request that it answers, among those of its tally
    bool is_primary = false;   // the one answer to a request, as opposed to a copy or a forgery
  };

  std::size_t size() const { return heap_.size(); }
  bool is_empty() const { return heap_.empty(); }
  base::MonoTime next_due() const { return heap_.front().due; }

  // Where the next packet is to be written; null when the queue is full. Follow with push().
  Item* prepare() {
    if (free_.empty()) {
      if (items_.size() >= kMaxPending) return nullptr;
      free_.push_back(static_cast<std::uint32_t>(items_.size()));
      items_.emplace_back();
    }
    return &items_[free_.back()];
  }

  // Puts in what prepare() gave.
  void push(base::MonoTime due) {
    heap_.push_back({due, order_++, free_.back()});
    free_.pop_back();
    std::ranges::push_heap(heap_, later);
  }

  // Takes out the earliest item, which is valid until the next prepare().
  const Item& pop() {
    std::ranges::pop_heap(heap_, later);
    const std::uint32_t slot = heap_.back().slot;
    heap_.pop_back();
    free_.push_back(slot);
    return items_[slot];
  }

  // Calls `visit` with each item that still waits, in no order.
  template <class Visit>
  void each(const Visit& visit) const {
    for (const Entry& entry : heap_) visit(items_[entry.slot]);
  }

 private:
  struct Entry {
    base::MonoTime due;
    std::uint64_t order = 0;
    std::uint32_t slot = 0;
  };

  static bool later(const Entry& a, const Entry& b) { return a.due != b.due ? a.due > b.due : a.order > b.order; }

  std::vector<Item> items_;
  std::vector<std::uint32_t> free_;
  std::vector<Entry> heap_;
  std::uint64_t order_ = 0;
};

}  // namespace blipd::lab
