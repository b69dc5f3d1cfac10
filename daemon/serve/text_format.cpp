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

unsigned byte_at(std::string_view text, std::size_t index) { return static_cast<unsigned char>(text[index]); }

// The length of the well-formed UTF-8 sequence at `index` (RFC 3629, section 4), 0 when there is none.
std::size_t sequence_length(std::string_view text, std::size_t index) {
  const unsigned first = byte_at(text, index);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  unsigned low = 0x80;  // bounds of the second byte; they exclude overlong forms, surrogates and > U+10FFFF
  unsigned high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (text.size() - index < length) return 0;
  if (byte_at(text, index + 1) < low || byte_at(text, index + 1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte_at(text, index + i) & 0xC0U) != 0x80) return 0;
  }
  return length;
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

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_length(text, i);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      ++i;
    } else {
      out.append(text, i, length);
      i += length;
    }
  }
  return out;
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
