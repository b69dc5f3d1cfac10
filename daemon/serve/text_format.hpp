// Prometheus text format 0.0.4, the parts that are written a million times: numbers, label values, and the
// label block that all series of one channel begin with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/plan.hpp"

namespace blipd::serve {

// The shortest text that reads back as the same number; NaN, +Inf and -Inf as the format spells them.
void append_number(std::string& out, double value);
void append_number(std::string& out, std::uint64_t value);

// With backslash, double quote and line feed escaped; bytes that are not UTF-8 become U+FFFD.
void append_label_value(std::string& out, std::string_view value);

// `text` with every byte that is not part of well-formed UTF-8 (RFC 3629) replaced by U+FFFD.
std::string replace_invalid_utf8(std::string_view text);

// country="KP",network="star-jv",target="ns1"[,probe="ping"] for each channel and target of a plan, made once a
// plan: every series of a scrape copies it. Immutable; inactive indices are empty.
class LabelBlocks {
 public:
  explicit LabelBlocks(std::shared_ptr<const config::Plan> plan);

  const config::Plan& plan() const { return *plan_; }
  const std::shared_ptr<const config::Plan>& shared_plan() const { return plan_; }
  std::string_view target(std::size_t index) const { return part(target_ends_, index); }
  std::string_view channel(std::size_t index) const { return part(channel_ends_, index); }

 private:
  // Ends within `text_` of consecutive blocks, the first element being the start of the first one.
  using Ends = std::vector<std::size_t>;
  std::string_view part(const Ends& ends, std::size_t index) const {
    return std::string_view(text_).substr(ends[index], ends[index + 1] - ends[index]);
  }

  std::shared_ptr<const config::Plan> plan_;
  std::string text_;
  Ends target_ends_;
  Ends channel_ends_;
};

}  // namespace blipd::serve
