// Memory for runs of slots: chunks that never move, and a list of what is free for each length. Lengths are even, with
// steps of an eighth of the power of two below: few lists, and little is wasted. A run is named by its first slot's
// index, so that a channel keeps it in four bytes. What is given back is reused, so that memory follows what the
// channels need and does not grow with reloads.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace blipd::engine {

template <class Slot>
class SlotPool {
 public:
  static constexpr std::uint32_t kLongestRun = 4096;

  // The least length of a run with room for so many, which are at most kLongestRun.
  static constexpr std::uint32_t length_for(std::uint32_t slots) {
    const std::uint32_t step = step_at(slots);
    return (std::max(slots, 1U) + step - 1) / step * step;
  }

  // `length`: of length_for(). The slots are as new.
  std::uint32_t take(std::uint32_t length) {
    auto& free = free_[length];
    if (free.empty()) return append(length);
    const std::uint32_t first = free.back();
    free.pop_back();
    for (std::uint32_t i = 0; i < length; ++i) (*this)[first + i] = Slot{};
    return first;
  }

  void give_back(std::uint32_t first, std::uint32_t length) { free_[length].push_back(first); }

  Slot& operator[](std::uint32_t index) { return chunks_[index / kLongestRun][index % kLongestRun]; }
  const Slot& operator[](std::uint32_t index) const { return chunks_[index / kLongestRun][index % kLongestRun]; }

 private:
  static constexpr std::uint32_t step_at(std::uint32_t length) { return std::max(2U, std::bit_floor(length) / 8); }

  std::uint32_t append(std::uint32_t length) {
    const std::uint32_t room = static_cast<std::uint32_t>(chunks_.size()) * kLongestRun - used_;
    if (room < length) {
      // The rest of the last chunk is split into runs, so that nothing of it is wasted.
      for (std::uint32_t rest = room; rest > 0;) {
        const std::uint32_t run = rest / step_at(rest) * step_at(rest);
        give_back(used_, run);
        used_ += run;
        rest -= run;
      }
      chunks_.push_back(std::make_unique<Slot[]>(kLongestRun));
    }
    const std::uint32_t first = used_;
    used_ += length;
    return first;
  }

  std::vector<std::unique_ptr<Slot[]>> chunks_;
  std::map<std::uint32_t, std::vector<std::uint32_t>> free_;  // first slots, by length
  std::uint32_t used_ = 0;
};

}  // namespace blipd::engine
