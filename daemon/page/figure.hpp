// A chart's surroundings: <figure>, caption, key, and its numbers as a table. Internal to the charts.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/page/charts.hpp"

namespace blipd::page {

struct KeyEntry {
  const char* style;  // class of the sign
  std::string text;
};

struct Column {
  const char* heading;
  std::function<std::string(std::size_t)> text;  // by bin
};

Html figure(const Subject& subject, std::string_view kind, std::string_view title, const Html& picture,
            const std::vector<KeyEntry>& key, const std::vector<Column>& columns);

}  // namespace blipd::page
