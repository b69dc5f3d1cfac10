// What all documents have around them: head, the way back up, foot.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "daemon/page/html.hpp"
#include "daemon/page/page.hpp"

namespace blipd::page {

struct Frame {
  std::string title;
  std::string vantage;
  // From the top to here: text and address. The last one is here.
  std::vector<std::pair<std::string, std::string>> way;
  base::WallTime taken{};
  // Whether it is about now: then it is read again from time to time where no script does.
  bool is_live = false;
};

Html document(const Frame& frame, const Assets& assets, const Html& main);

// The patterns that pictures fill with; once in each document.
Html patterns();

}  // namespace blipd::page
