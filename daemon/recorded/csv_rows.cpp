#include "daemon/recorded/csv_rows.hpp"

#include <algorithm>

#include "daemon/recorded/words.hpp"

namespace blipd::recorded {

base::Expected<CsvRows> CsvRows::from(std::string_view header) {
  CsvRows rows;
  if (auto split = rows.split(header); !split) return tl::unexpected<base::Error>(split.error());
  for (const std::string_view name : rows.cells_) {
    const auto found = find_word(kFieldNames, name);
    const auto field = found ? std::optional(static_cast<Field>(*found)) : std::nullopt;
    if (field && std::ranges::find(rows.columns_, field) != rows.columns_.end()) {
      return base::fail("column {} is there twice; keep one", name);
    }
    rows.columns_.push_back(field);
  }
  for (const Field field : kRequired) {
    if (std::ranges::find(rows.columns_, std::optional(field)) != rows.columns_.end()) continue;
    return base::fail(
        "neither a JSON object nor a CSV header with a column {}; begin with a header such as "
        "time,country,network,target,probe,outcome,rtt",
        name_of(field));
  }
  return rows;
}

base::Expected<void> CsvRows::read(std::string_view line, Row& row) {
  row.clear();
  if (auto done = split(line); !done) return done;
  if (cells_.size() != columns_.size()) {
    return base::fail("{} columns, but the header has {}; write as many", cells_.size(), columns_.size());
  }
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    if (columns_[i]) row.set(*columns_[i], cells_[i]);
  }
  return {};
}

base::Expected<void> CsvRows::split(std::string_view line) {
  cells_.clear();
  unquoted_.clear();
  unquoted_.reserve(line.size());  // so that it never moves under a cell
  std::size_t at = 0;
  while (true) {
    if (at < line.size() && line[at] == '"') {
      const std::size_t from = unquoted_.size();
      bool is_closed = false;
      for (++at; at < line.size() && !is_closed; ++at) {
        const bool is_doubled = line[at] == '"' && at + 1 < line.size() && line[at + 1] == '"';
        is_closed = line[at] == '"' && !is_doubled;
        if (!is_closed) unquoted_ += line[at];
        if (is_doubled) ++at;
      }
      if (!is_closed || (at < line.size() && line[at] != ',')) {
        return base::fail("a quote that does not end where its column ends; double quotes within quotes");
      }
      cells_.push_back(std::string_view(unquoted_).substr(from));
    } else {
      const std::size_t end = std::min(line.find(',', at), line.size());
      cells_.push_back(line.substr(at, end - at));
      at = end;
    }
    if (at >= line.size()) return {};
    ++at;
  }
}

}  // namespace blipd::recorded
