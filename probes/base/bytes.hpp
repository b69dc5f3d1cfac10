// One bounded cursor for reading packets and one for writing them, both big-endian (network order,
// RFC 1700). A read or write past the end sets `ok()` to false for good, yields zeros and touches
// nothing, so a decoder checks once, at the end, and never runs off its input.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace blipd::base {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

class ByteReader {
 public:
  explicit ByteReader(Bytes input) : input_(input) {}

  bool ok() const { return ok_; }
  std::size_t position() const { return position_; }
  std::size_t remaining() const { return ok_ ? input_.size() - position_ : 0; }

  std::uint8_t u8() { return static_cast<std::uint8_t>(integer(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(integer(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(integer(4)); }
  std::uint64_t u64() { return integer(8); }

  // The next `count` bytes; empty when there are fewer.
  Bytes take(std::size_t count) {
    if (!has(count)) return {};
    const Bytes taken = input_.subspan(position_, count);
    position_ += count;
    return taken;
  }

  // Everything that is left, without moving.
  Bytes rest() const { return ok_ ? input_.subspan(position_) : Bytes{}; }

  void skip(std::size_t count) {
    if (has(count)) position_ += count;
  }

 private:
  bool has(std::size_t count) {
    if (!ok_ || input_.size() - position_ < count) ok_ = false;
    return ok_;
  }

  std::uint64_t integer(std::size_t width) {
    if (!has(width)) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      value = (value << 8U) | std::to_integer<std::uint64_t>(input_[position_ + i]);
    }
    position_ += width;
    return value;
  }

  Bytes input_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

class ByteWriter {
 public:
  explicit ByteWriter(MutableBytes output) : output_(output) {}

  bool ok() const { return ok_; }
  std::size_t position() const { return position_; }

  // What has been written so far.
  Bytes written() const { return output_.first(position_); }

  void u8(std::uint8_t value) { integer(value, 1); }
  void u16(std::uint16_t value) { integer(value, 2); }
  void u32(std::uint32_t value) { integer(value, 4); }
  void u64(std::uint64_t value) { integer(value, 8); }

  void copy(Bytes bytes) {
    if (!has(bytes.size())) return;
    std::ranges::copy(bytes, output_.begin() + static_cast<std::ptrdiff_t>(position_));
    position_ += bytes.size();
  }

  void fill(std::byte value, std::size_t count) {
    if (!has(count)) return;
    std::ranges::fill(output_.subspan(position_, count), value);
    position_ += count;
  }

  // Overwrites two bytes at `at`, which must have been written already: for checksums and lengths
  // that are known only at the end.
  void patch_u16(std::size_t at, std::uint16_t value) {
    if (at + 2 > position_) {
      ok_ = false;
      return;
    }
    output_[at] = static_cast<std::byte>(value >> 8U);
    output_[at + 1] = static_cast<std::byte>(value & 0xffU);
  }

 private:
  bool has(std::size_t count) {
    if (!ok_ || output_.size() - position_ < count) ok_ = false;
    return ok_;
  }

  void integer(std::uint64_t value, std::size_t width) {
    if (!has(width)) return;
    for (std::size_t i = 0; i < width; ++i) {
      output_[position_ + i] = static_cast<std::byte>((value >> (8U * (width - 1 - i))) & 0xffU);
    }
    position_ += width;
  }

  MutableBytes output_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace blipd::base
