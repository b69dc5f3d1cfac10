#include "daemon/serve/time_range.hpp"

#include <algorithm>

#include "probes/base/text.hpp"

namespace blipd::serve {

base::Expected<bool> RangeReader::take(const Parameter& parameter) {
  if (parameter.name != "from" && parameter.name != "to") return false;
  std::optional<base::WallTime>& time = parameter.name == "from" ? from_ : to_;
  if (time) return base::fail("{} is given twice; leave one out", parameter.name);
  const auto parsed = base::parse_time(parameter.value);
  if (!parsed) return base::fail("{}: {}", parameter.name, parsed.error().text);
  time = *parsed;
  return true;
}

base::Expected<TimeRange> RangeReader::range(base::WallTime now, base::Duration usual) const {
  TimeRange range;
  range.to = to_.value_or(now);
  const base::WallTime earliest = base::WallTime::min() + usual;
  range.from = from_.value_or(std::max(range.to, earliest) - usual);
  if (range.from >= range.to) {
    return base::fail("from ({}) is not before to ({}); exchange them, or leave one out", base::format_time(range.from),
                      base::format_time(range.to));
  }
  return range;
}

}  // namespace blipd::serve
