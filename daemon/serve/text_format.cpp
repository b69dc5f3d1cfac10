#include "daemon/serve/text_format.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace blipd::serve {

namespace {

template <class Number>
void append_chars(std::string& out, Number value) {
  std::array<char, 32> digits;  // the longest double in shortest form has 24 characters
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

}  // namespace

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    append_chars(out, value);
  }
}

void append_number(std::string& out, std::uint64_t value) { append_chars(out, value); }

Fraction::Fraction(std::uint32_t nanoseconds) {
  if (nanoseconds == 0) return;
  text_[0] = '.';
  for (std::size_t i = text_.size() - 1; i > 0; --i, nanoseconds /= 10) {
    text_[i] = static_cast<char>('0' + nanoseconds % 10);
  }
  size_ = text_.size();
  while (text_[size_ - 1] == '0') --size_;
}

void append_seconds(std::string& out, base::Duration value) {
  const std::int64_t ns = value.count();
  if (ns < 0) return append_number(out, base::to_seconds(value));
  append_number(out, static_cast<std::uint64_t>(ns / 1'000'000'000));
  out += Fraction(static_cast<std::uint32_t>(ns % 1'000'000'000)).text();
}

void append_label_value(std::string& out, std::string_view value) {
  for (const char c : replace_invalid_utf8(value)) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '"') {
      out += "\\\"";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

namespace {

std::string escaped(std::string_view value) {
  std::string out;
  append_label_value(out, value);
  return out;
}

}  // namespace

ChannelLabels::ChannelLabels(std::shared_ptr<const config::Plan> plan) : plan_(std::move(plan)) {
  networks_.reserve(plan_->networks.size());
  for (std::size_t i = 0; i < plan_->networks.size(); ++i) {
    std::string& text = networks_.emplace_back("country=\"");
    append_label_value(text, plan_->country_code(static_cast<config::NetworkIndex>(i)));
    text += "\",network=\"";
    append_label_value(text, plan_->networks[i].name);
    text += "\",target=\"";
  }
  is_plain_target_.reserve(plan_->targets.size());
  for (const auto& target : plan_->targets) is_plain_target_.push_back(escaped(target.name) == target.name);
  is_plain_channel_.reserve(plan_->channels.size());
  for (const auto& channel : plan_->channels) {
    is_plain_channel_.push_back(escaped(channel.spec().name) == channel.spec().name);
  }
}

void ChannelLabels::append_target(std::string& out, std::size_t index) const {
  const config::PlannedTarget& target = plan_->targets[index];
  if (!target.is_active) return;
  out += networks_[target.network];
  if (is_plain_target_[index]) {
    out += target.name;
  } else {
    append_label_value(out, target.name);
  }
  out += '"';
}

void ChannelLabels::append_channel(std::string& out, std::size_t index) const {
  const config::PlannedChannel& channel = plan_->channels[index];
  if (!channel.is_active) return;
  append_target(out, channel.target);
  out += ",probe=\"";
  if (is_plain_channel_[index]) {
    out += channel.spec().name;
  } else {
    append_label_value(out, channel.spec().name);
  }
  out += '"';
}

}  // namespace blipd::serve
