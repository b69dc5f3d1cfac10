// Memory for runs of slots whose lengths are powers of two: chunks that never move, and a list of what is free for each
// length. A run is named by its first slot's index, so that a channel keeps it in four bytes. What is given back is
// reused, so that memory follows what the channels need and does not grow with reloads.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace blipd::engine {

template <class Slot>
class SlotPool {
 public:
  static constexpr std::uint32_t kLongestRun = 4096;

  // `length`: a power of two, at most kLongestRun. The slots are as new.
  std::uint32_t take(std::uint32_t length) {
    auto& free = free_[class_of(length)];
    if (free.empty()) return append(length);
    const std::uint32_t first = free.back();
    free.pop_back();
    for (std::uint32_t i = 0; i < length; ++i) (*this)[first + i] = Slot{};
    return first;
  }

  void give_back(std::uint32_t first, std::uint32_t length) { free_[class_of(length)].push_back(first); }

  Slot& operator[](std::uint32_t index) { return chunks_[index / kLongestRun][index % kLongestRun]; }
  const Slot& operator[](std::uint32_t index) const { return chunks_[index / kLongestRun][index % kLongestRun]; }

 private:
  static std::size_t class_of(std::uint32_t length) { return static_cast<std::size_t>(std::countr_zero(length)); }

  std::uint32_t append(std::uint32_t length) {
    const std::uint32_t room = static_cast<std::uint32_t>(chunks_.size()) * kLongestRun - used_;
    if (room < length) {
      // The rest of the last chunk is split into runs, so that nothing of it is wasted.
      while (used_ % kLongestRun != 0) {
        const std::uint32_t run = 1U << std::countr_zero(used_);
        give_back(used_, run);
        used_ += run;
      }
      chunks_.push_back(std::make_unique<Slot[]>(kLongestRun));
    }
    const std::uint32_t first = used_;
    used_ += length;
    return first;
  }

  std::vector<std::unique_ptr<Slot[]>> chunks_;
  std::array<std::vector<std::uint32_t>, std::countr_zero(kLongestRun) + 1> free_;
  std::uint32_t used_ = 0;
};

}  // namespace blipd::engine
