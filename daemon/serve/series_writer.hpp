// Writes lines of the text format at the speed of copying: into room made once a piece, each line from parts that are
// ready to be copied. Internal to the metrics of this floor.
#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "daemon/serve/text_format.hpp"
#include "probes/base/time.hpp"

namespace blipd::serve {

class SeriesWriter {
 public:
  // Replaces what `piece` holds. Its size means nothing before finish().
  SeriesWriter(std::string& piece, std::size_t room) : piece_(piece) {
    if (piece_.size() < room) piece_.resize(room);
  }

  std::size_t size() const { return size_; }
  void finish() { piece_.resize(size_); }

  void text(std::string_view text) {
    make_room(text.size());
    copy(text);
  }

  // One line. `name` is a name with its brace, `tail` what stands between the labels and the value, with its own brace
  // and blank: `} ` or `,reason="timeout"} `.
  template <class Number>
  void line(std::string_view name, std::string_view labels, std::string_view tail, Number value) {
    make_room(name.size() + labels.size() + tail.size() + kMostDigits);
    copy(name);
    copy(labels);
    copy(tail);
    put(value);
    piece_[size_++] = '\n';
  }

 private:
  static constexpr std::size_t kMostDigits = 32;  // the longest double in shortest form has 24, with a line feed 25

  void make_room(std::size_t bytes) {
    if (piece_.size() - size_ < bytes) piece_.resize(piece_.size() * 2 + bytes);
  }
  void copy(std::string_view text) {
    std::memcpy(&piece_[size_], text.data(), text.size());
    size_ += text.size();
  }
  template <class Number>
  void digits(Number value) {
    size_ = static_cast<std::size_t>(std::to_chars(&piece_[size_], &piece_[size_] + kMostDigits, value).ptr -
                                     piece_.data());
  }

  void put(std::uint64_t value) {
    if (value < 10) {
      piece_[size_++] = static_cast<char>('0' + value);
    } else {
      digits(value);
    }
  }

  // The shortest text that reads back as the same number; NaN and infinities as the format spells them.
  void put(double value) {
    if (value == 0 || value == 1) {
      put(static_cast<std::uint64_t>(value));
    } else if (std::isnan(value)) {
      copy("NaN");
    } else if (std::isinf(value)) {
      copy(value > 0 ? "+Inf" : "-Inf");
    } else {
      digits(value);
    }
  }

  // In seconds, as append_seconds() writes it.
  void put(base::Duration value) {
    const std::int64_t ns = value.count();
    if (ns < 0) return put(base::to_seconds(value));
    put(static_cast<std::uint64_t>(ns / 1'000'000'000));
    copy(Fraction(static_cast<std::uint32_t>(ns % 1'000'000'000)).text());
  }

  std::string& piece_;
  std::size_t size_ = 0;
};

}  // namespace blipd::serve
