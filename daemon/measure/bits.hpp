// Numbers as bit strings, packed without gaps from the lowest bit of each byte: a writer that appends to a vector of
// bytes, and a reader. Small counts take few bits (Exp-Golomb codes, as in ITU-T H.264, 9.1). Reading past the
// end yields zeros.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace blipd::measure {

// How many bits put_count() takes: least for values below 2^k, and some two more for each doubling beyond.
constexpr int bits_of_count(std::uint32_t value, int k) {
  const auto shifted = std::uint64_t{value} + (std::uint64_t{1} << k);
  return 2 * (static_cast<int>(std::bit_width(shifted)) - 1) - k + 1;
}

class BitWriter {
 public:
  explicit BitWriter(std::vector<std::uint8_t>& out) : out_(out) {}

  // The lowest `bits` of `value`, at most 32; the others are zero.
  void put(std::uint64_t value, int bits) {
    waiting_ |= value << filled_;
    filled_ += bits;
    if (filled_ >= 32) flush(4);
  }
  void put_flag(bool flag) { put(flag ? 1 : 0, 1); }
  // 0 <= k < 32.
  void put_count(std::uint32_t value, int k) {
    const auto shifted = std::uint64_t{value} + (std::uint64_t{1} << k);
    const int bits = std::max(static_cast<int>(std::bit_width(shifted)), 1) - 1;
    const std::uint64_t low = shifted ^ (std::uint64_t{1} << bits);
    const int zeros = std::max(bits - k, 0);
    if (zeros + 1 + bits <= 32) {
      put((std::uint64_t{1} << zeros) | (low << (zeros + 1)), zeros + 1 + bits);
    } else {
      put(0, zeros);
      put(1, 1);
      put(low, bits);
    }
  }
  // Fills the last byte with zeros; what follows begins a byte.
  void align() {
    flush((filled_ + 7) / 8);
    waiting_ = 0;
    filled_ = 0;
  }

 private:
  void flush(int bytes) {
    std::array<std::uint8_t, 4> lowest{};
    for (std::size_t i = 0; i < lowest.size(); ++i) lowest[i] = static_cast<std::uint8_t>(waiting_ >> (8 * i));
    out_.insert(out_.end(), lowest.begin(), lowest.begin() + bytes);
    waiting_ >>= 8 * bytes;
    filled_ -= 8 * bytes;
  }

  std::vector<std::uint8_t>& out_;
  std::uint64_t waiting_ = 0;
  int filled_ = 0;
};

class BitReader {
 public:
  explicit BitReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  // At most 32 bits.
  std::uint32_t take(int bits) {
    if (filled_ < bits) fill();
    return drop(bits);
  }
  bool take_flag() { return take(1) != 0; }
  std::uint32_t take_count(int k) {
    if (filled_ < 33) fill();
    const int zeros = std::min(std::countr_zero(waiting_), 32 - k);
    const int bits = zeros + k;
    const auto base = static_cast<std::uint32_t>((std::uint64_t{1} << bits) - (std::uint64_t{1} << k));
    drop(zeros + 1);
    return base + take(bits);
  }
  void align() { drop(filled_ % 8); }
  // Of the byte that is read next; aligned only.
  std::size_t position() const { return next_ - static_cast<std::size_t>(filled_) / 8; }

 private:
  std::uint32_t drop(int bits) {
    const auto value = static_cast<std::uint32_t>(waiting_ & ((std::uint64_t{1} << bits) - 1));
    waiting_ >>= bits;
    filled_ -= bits;
    if (filled_ < 0) filled_ = 0;  // past the end
    return value;
  }
  // At least 56 bits are there afterwards, unless the bytes end.
  void fill() {
    if constexpr (std::endian::native == std::endian::little) {
      if (bytes_.size() - next_ >= sizeof(waiting_)) {
        std::uint64_t ahead = 0;
        std::memcpy(&ahead, bytes_.data() + next_, sizeof(ahead));
        // Bits above filled_ are set too early where they do not make a byte; the next fill() sets them to the same.
        waiting_ |= ahead << filled_;
        const int whole = (63 - filled_) / 8;
        next_ += static_cast<std::size_t>(whole);
        filled_ += 8 * whole;
        return;
      }
    }
    for (; filled_ <= 56 && next_ < bytes_.size(); filled_ += 8) waiting_ |= std::uint64_t{bytes_[next_++]} << filled_;
  }

  std::span<const std::uint8_t> bytes_;
  std::size_t next_ = 0;
  std::uint64_t waiting_ = 0;
  int filled_ = 0;
};

}  // namespace blipd::measure
