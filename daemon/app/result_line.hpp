// A result as a line of JSON: what `record:` and `simulate --record` write and `replay` reads.
#pragma once

#include <string>
#include <vector>

#include "config/plan.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::app {

class ResultLines {
 public:
  explicit ResultLines(const config::Plan& plan);

  void append(std::string& text, const probes::Result& result, base::WallTime sent) const;

 private:
  std::vector<std::string> labels_;  // by channel: the constant part of its lines
};

}  // namespace blipd::app
