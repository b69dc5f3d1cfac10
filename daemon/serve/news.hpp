// What is new since one looked last, as messages of a server-sent event stream (WHATWG HTML, 9.2). Pure: compares one
// Published with the one before. docs/api.md has the shape of the messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/serve/published.hpp"

namespace blipd::serve {

class News {
 public:
  // One text of all messages that `value` gives rise to; empty: none. The first time, what is known already is no news.
  std::string since(const Published& value);

  // For somebody who comes now: how it stands. Empty before the first since().
  const std::string& standing() const { return standing_; }

 private:
  std::string verdicts_;  // of the last status message, but for its time
  std::string standing_;
  std::unordered_map<std::string, std::uint32_t> revisions_;  // of the events that are open or ended lately
  std::optional<base::WallTime> minute_;
};

}  // namespace blipd::serve
