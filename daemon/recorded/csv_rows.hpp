// Reads recorded results that are CSV (RFC 4180) with a header line, in whatever order the columns are. Columns that it
// does not know it passes over. A line break within quotes is not understood: no name holds one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/recorded/row.hpp"
#include "probes/base/error.hpp"

namespace blipd::recorded {

class CsvRows {
 public:
  // From the header line.
  static base::Expected<CsvRows> from(std::string_view header);

  // The row lives as long as `line` and until the next call.
  base::Expected<void> read(std::string_view line, Row& row);

 private:
  base::Expected<void> split(std::string_view line);

  std::vector<std::optional<Field>> columns_;
  std::vector<std::string_view> cells_;  // of the line at hand
  std::string unquoted_;                 // what cells refer to that had doubled quotes
};

}  // namespace blipd::recorded
