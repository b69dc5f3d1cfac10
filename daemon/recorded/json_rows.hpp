// Reads recorded results that are JSON, one object a line. What it does not know it passes over, so that later versions
// may write more. Owns the parser's memory, which is that of the longest line.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "daemon/recorded/row.hpp"
#include "probes/base/error.hpp"

namespace blipd::recorded {

class JsonRows {
 public:
  JsonRows();
  ~JsonRows();

  // Behind the line so many bytes must be readable, whatever they are.
  static constexpr std::size_t kPadding = 64;

  // The row lives until the next call.
  base::Expected<void> read(std::string_view line, Row& row);

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace blipd::recorded
