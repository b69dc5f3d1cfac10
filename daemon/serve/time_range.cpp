#include "daemon/serve/time_range.hpp"

#include <algorithm>

#include "probes/base/text.hpp"

namespace blipd::serve {

namespace {

base::Expected<std::optional<base::WallTime>> find_time(const std::vector<Parameter>& parameters,
                                                        std::string_view name) {
  const auto text = find_parameter(parameters, name);
  if (!text) return tl::make_unexpected(text.error());
  if (*text == nullptr) return std::nullopt;
  const auto time = base::parse_time(**text);
  if (!time) return base::fail("{}: {}", name, time.error().text);
  return *time;
}

}  // namespace

base::Expected<const std::string*> find_parameter(const std::vector<Parameter>& parameters, std::string_view name) {
  const auto is_it = [&](const Parameter& parameter) { return parameter.name == name; };
  const auto found = std::ranges::find_if(parameters, is_it);
  if (found == parameters.end()) return nullptr;
  if (std::any_of(found + 1, parameters.end(), is_it)) return base::fail("{} is given twice; leave one out", name);
  return &found->value;
}

base::Expected<TimeRange> time_range(const std::vector<Parameter>& parameters, base::WallTime now,
                                     base::Duration usual) {
  const auto from = find_time(parameters, "from");
  if (!from) return tl::make_unexpected(from.error());
  const auto to = find_time(parameters, "to");
  if (!to) return tl::make_unexpected(to.error());
  TimeRange range;
  range.to = to->value_or(now);
  range.from = from->value_or(std::max(range.to, base::WallTime::min() + usual) - usual);
  if (range.from >= range.to) {
    return base::fail("from ({}) is not before to ({}); exchange them, or leave one out", base::format_time(range.from),
                      base::format_time(range.to));
  }
  return range;
}

}  // namespace blipd::serve
