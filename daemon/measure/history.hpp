// What became of one channel's samples once they were a minute old: slices of 15 s, which are joined into longer ones
// as the windows that need them short leave them behind, and forgotten after an hour. One block of memory, which is
// touched only when samples come of age.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "daemon/measure/recent.hpp"
#include "daemon/measure/slice.hpp"
#include "probes/base/time.hpp"

namespace blipd::measure {

class History {
 public:
  History() = default;
  History(History&&) noexcept = default;
  History& operator=(History&&) noexcept = default;
  // Keeps its own memory when that is right: for one that is a copy again and again.
  History& operator=(const History& other);

  // `samples` follow those added before, by whole stretches: what is of the same 15 s comes at once. Where they
  // overlap, a sample counts with the older stretch. Nothing settled after `now`.
  void add(std::vector<Sample> samples, base::MonoTime now);

  // Oldest first: long, middle and short slices.
  SliceReader slices() const { return {bytes(), head().parts.front().before}; }
  // Code of the youngest sample.
  RttCode last_code() const { return head().last_code; }
  std::size_t heap_bytes() const { return block_ ? room_for(head().size) : 0; }

 private:
  // Long, middle and short slices lie in this order, each a part. Where it begins, and the start of the slice before,
  // against which its first one is packed: so that what is old can be left alone, unread.
  struct Part {
    std::int32_t before = 0;  // periods are good for a thousand years
    std::uint32_t at = 0;
  };

  // Lies at the beginning of the block: together with the bytes that it describes, and not in every channel's hot part.
  struct Head {
    std::array<Part, kGrains> parts;  // in their order; an empty one begins where the next one does
    std::int32_t last = 0;            // start of the last slice
    std::uint32_t size = 0;           // bytes that follow
    RttCode last_code = Sample::kFailed;
  };
  using Bytes = std::vector<std::uint8_t>;

  // How large a block for so many bytes of slices is: some go in before another block is needed.
  static std::size_t room_for(std::size_t size);
  Head head() const;
  std::span<const std::uint8_t> bytes() const;
  // The first `kept` bytes stay, and `tail` follows.
  void store(Head head, std::uint32_t kept, std::span<const std::uint8_t> tail);
  void tidy(base::MonoTime now);
  // Whether the oldest slice of that part, if it has one, belongs to a longer one by now.
  bool is_ripe(const Head& head, std::size_t part, base::MonoTime now) const;

  std::unique_ptr<std::uint8_t[]> block_;  // null: no sample yet
};

}  // namespace blipd::measure
