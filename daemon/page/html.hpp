// Writes HTML and SVG. String literals are markup, ours; whatever else is written is text and is escaped, so that a
// name can stand anywhere between tags or in a quoted attribute and never be anything but a name.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace blipd::page {

// With & < > and both quotes escaped; bytes that are not UTF-8, and control characters, as U+FFFD.
void append_escaped(std::string& out, std::string_view text);

class Html {
 public:
  // In their order.
  template <class... Parts>
  Html& operator()(const Parts&... parts) {
    (add(parts), ...);
    return *this;
  }

  const std::string& text() const { return out_; }
  std::string take() { return std::move(out_); }
  bool is_empty() const { return out_.empty(); }

 private:
  template <std::size_t N>
  void add(const char (&markup)[N]) {
    out_.append(markup, N - 1);
  }
  void add(const Html& markup) { out_ += markup.out_; }
  void add(std::string_view text) { append_escaped(out_, text); }
  void add(const std::string& text) { append_escaped(out_, text); }
  template <std::same_as<const char*> Text>
  void add(const Text& text) {
    append_escaped(out_, text);
  }
  // Fractions are for whoever shows them to round.
  template <std::integral Number>
  void add(Number number) {
    out_ += std::to_string(number);
  }

  std::string out_;
};

}  // namespace blipd::page
