// Numbers as bytes, small ones in few (LEB128, as in DWARF 4, section 7.6; signed ones folded, so that small negative
// numbers are small). For what this program wrote itself, in memory: nothing is checked when it is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace blipd::pipeline {

class Packer {
 public:
  explicit Packer(std::vector<std::uint8_t>& out) : out_(out) {}

  std::size_t size() const { return out_.size(); }
  void byte(std::uint8_t value) { out_.push_back(value); }
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<std::uint8_t>(value | 0x80));
    out_.push_back(static_cast<std::uint8_t>(value));
  }
  void integer(std::int64_t value) {
    number((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void real(double value) {
    const std::size_t at = out_.size();
    out_.resize(at + sizeof(value));
    std::memcpy(&out_[at], &value, sizeof(value));
  }
  // The byte that was written at `position`, to set flags in it.
  std::uint8_t& at(std::size_t position) { return out_[position]; }

 private:
  std::vector<std::uint8_t>& out_;
};

class Unpacker {
 public:
  explicit Unpacker(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::uint8_t byte() { return bytes_[at_++]; }
  std::uint64_t number() {
    std::uint64_t value = bytes_[at_++];
    if (value < 0x80) return value;
    value &= 0x7f;
    for (int shift = 7;; shift += 7) {
      const std::uint64_t next = bytes_[at_++];
      value |= (next & 0x7f) << shift;
      if (next < 0x80) return value;
    }
  }
  std::uint32_t number32() { return static_cast<std::uint32_t>(number()); }
  std::int64_t integer() {
    const std::uint64_t folded = number();
    return static_cast<std::int64_t>(folded >> 1) ^ -static_cast<std::int64_t>(folded & 1);
  }
  double real() {
    double value = 0;
    std::memcpy(&value, &bytes_[at_], sizeof(value));
    at_ += sizeof(value);
    return value;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

}  // namespace blipd::pipeline
