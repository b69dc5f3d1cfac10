// Recorded results, row by row, from a file's bytes: finds the lines, and whether they are JSON or CSV, by what the
// first one looks like. Empty lines are passed over. Holds one piece of the file at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "daemon/recorded/byte_source.hpp"
#include "daemon/recorded/csv_rows.hpp"
#include "daemon/recorded/json_rows.hpp"
#include "daemon/recorded/row.hpp"
#include "probes/base/error.hpp"

namespace blipd::recorded {

class RowReader {
 public:
  static constexpr std::size_t kLongestLine = 64 << 10;

  explicit RowReader(std::unique_ptr<ByteSource> source);

  enum class Next : std::uint8_t {
    kRow,
    kEnd,
    kFault,   // this line; the next one may be read
    kBroken,  // nothing more can be read
  };
  // The row lives until the next call.
  Next next(Row& row);

  std::uint64_t line() const { return line_; }         // of what next() told of, from 1
  const base::Error& fault() const { return fault_; }  // of kFault and kBroken
  double share() const { return source_->share(); }

 private:
  // Absent at the end. Behind it JsonRows::kPadding bytes are readable.
  base::Expected<std::optional<std::string_view>> next_line();
  base::Expected<bool> fill();
  base::Expected<void> begin(std::string_view line);

  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  bool is_over_ = false;
  std::uint64_t line_ = 0;
  base::Error fault_;
  bool is_begun_ = false;
  JsonRows json_;
  std::optional<CsvRows> csv_;
};

}  // namespace blipd::recorded
