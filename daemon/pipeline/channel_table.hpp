// The channels of a snapshot, packed into some hundred bytes each where a ChannelRow takes 800: most counters are
// zero, most numbers small, and the round trips of windows are codes. Rows are appended in the order of their index;
// then the table is only read, by any number of threads. What is read is what was appended, to the bit, but for the
// usual answer ratio, which is kept to a millionth.
//
// A row has four parts that are read by themselves, since a scrape goes through all rows once for each metric.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "daemon/pipeline/channel_row.hpp"

namespace blipd::pipeline {

class ChannelTable {
 public:
  // Times are kept as distances from `taken`.
  explicit ChannelTable(base::WallTime taken = {}) : taken_(taken) {}

  // Makes room for so many rows at once.
  void reserve(std::size_t rows) { blocks_.reserve((rows + kBlockRows - 1) / kBlockRows); }
  void append(const ChannelSums& row, const measure::WindowViews& windows);

  std::size_t size() const { return size_; }
  ChannelRow operator[](std::size_t index) const;
  measure::Counters counters(std::size_t index) const;
  ChannelState state(std::size_t index) const;
  measure::WindowViews windows(std::size_t index) const;
  // Into what the caller has, so that no memory is asked for anew with each row.
  void histogram(std::size_t index, measure::HistogramView& view) const;

  // Of the channels that ask by HTTP, in the order of their index.
  struct HttpEntry {
    std::size_t index;
    std::shared_ptr<const HttpRow> row;
  };
  const std::vector<HttpEntry>& http() const { return http_; }
  // Null for any other channel.
  std::shared_ptr<const HttpRow> http(std::size_t index) const;

  std::size_t heap_bytes() const;

 private:
  static constexpr std::size_t kBlockRows = 64;

  // Where the parts of a row begin: its counters within the bytes of the block, the others after those.
  struct Parts {
    std::uint32_t counters;
    std::uint8_t state;
    std::uint8_t windows;
    std::uint16_t histogram;
  };
  struct Block {
    std::array<Parts, kBlockRows> rows;
    std::vector<std::uint8_t> bytes;
  };
  using Bytes = std::span<const std::uint8_t>;
  const Parts& parts(std::size_t index) const { return blocks_[index / kBlockRows].rows[index % kBlockRows]; }
  Bytes bytes_from(std::size_t index, std::size_t part) const {
    return Bytes(blocks_[index / kBlockRows].bytes).subspan(parts(index).counters + part);
  }

  base::WallTime taken_;
  std::vector<Block> blocks_;
  std::size_t size_ = 0;
  std::vector<HttpEntry> http_;
};

}  // namespace blipd::pipeline
