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

LabelBlocks::LabelBlocks(std::shared_ptr<const config::Plan> plan) : plan_(std::move(plan)) {
  target_ends_.reserve(plan_->targets.size() + 1);
  channel_ends_.reserve(plan_->channels.size() + 1);
  text_.reserve((plan_->targets.size() + plan_->channels.size()) * 64);
  const auto append_target = [this](const config::PlannedTarget& target) {
    text_ += "country=\"";
    append_label_value(text_, plan_->country_code(target.network));
    text_ += "\",network=\"";
    append_label_value(text_, plan_->networks[target.network].name);
    text_ += "\",target=\"";
    append_label_value(text_, target.name);
    text_ += '"';
  };
  target_ends_.push_back(0);
  for (const auto& target : plan_->targets) {
    if (target.is_active) append_target(target);
    target_ends_.push_back(text_.size());
  }
  channel_ends_.push_back(text_.size());
  for (const auto& channel : plan_->channels) {
    if (channel.is_active) {
      append_target(plan_->targets[channel.target]);
      text_ += ",probe=\"";
      append_label_value(text_, channel.spec().name);
      text_ += '"';
    }
    channel_ends_.push_back(text_.size());
  }
  text_.shrink_to_fit();
}

}  // namespace blipd::serve
