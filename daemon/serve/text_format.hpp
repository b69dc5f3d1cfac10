// Prometheus text format 0.0.4, the parts that are written a million times: numbers, label values, and the
// label block that all series of one channel begin with.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/plan.hpp"
#include "probes/base/utf8.hpp"

namespace blipd::serve {

// The shortest text that reads back as the same number; NaN, +Inf and -Inf as the format spells them.
void append_number(std::string& out, double value);
void append_number(std::string& out, std::uint64_t value);
// In seconds, to the nanosecond: what append_number() writes for the same number of seconds, found without a search for
// the shortest text.
void append_seconds(std::string& out, base::Duration value);

// What append_seconds() puts behind the seconds: a point and the digits of these nanoseconds (less than a second's), or
// nothing.
class Fraction {
 public:
  explicit Fraction(std::uint32_t nanoseconds);
  std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, 10> text_{};
  std::size_t size_ = 0;
};

// With backslash, double quote and line feed escaped; bytes that are not UTF-8 become U+FFFD.
void append_label_value(std::string& out, std::string_view value);

using base::replace_invalid_utf8;

// country="KP",network="star-jv",target="ns1"[,probe="ping"] for each channel and target of a plan, put together from
// their parts whenever it is needed, which costs hardly more than copying it. Immutable.
class ChannelLabels {
 public:
  explicit ChannelLabels(std::shared_ptr<const config::Plan> plan);

  const config::Plan& plan() const { return *plan_; }
  const std::shared_ptr<const config::Plan>& shared_plan() const { return plan_; }
  // Append; nothing for inactive indices.
  void append_target(std::string& out, std::size_t index) const;
  void append_channel(std::string& out, std::size_t index) const;

 private:
  std::shared_ptr<const config::Plan> plan_;
  std::vector<std::string> networks_;   // what targets of a network begin with, up to and with the name's quote
  std::vector<bool> is_plain_target_;   // its name is as it must be written
  std::vector<bool> is_plain_channel_;  // so is the name of its probe
};

}  // namespace blipd::serve
