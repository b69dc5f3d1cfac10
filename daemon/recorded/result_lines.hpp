// A result, or a late answer, as a line of JSON: what `record:` and `simulate --record` write and a replay reads. The
// fields are in docs/recorded-results.md.
#pragma once

#include <string>
#include <vector>

#include "config/plan.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::recorded {

class ResultLines {
 public:
  explicit ResultLines(const config::Plan& plan);

  void append(std::string& text, const probes::Result& result, base::WallTime sent) const;
  // Of a remark of kind kLate.
  void append(std::string& text, const probes::Remark& late, base::WallTime sent) const;

 private:
  struct Label {
    std::string text;  // the constant part of its lines
    probes::AnswerKind usual_answer = probes::AnswerKind::kNone;
  };
  std::vector<Label> labels_;  // by channel
};

}  // namespace blipd::recorded
