#include "daemon/recorded/plain_json.hpp"

#include <array>
#include <optional>

namespace blipd::recorded {

namespace {

enum class Kind : std::uint8_t { kOther, kDigit, kText };

// Of a byte within quotes, kOther is what ends the text or would need a closer look.
constexpr std::array<Kind, 256> make_kinds() {
  std::array<Kind, 256> kinds{};
  for (std::size_t c = 0x20; c < 0x7f; ++c) kinds[c] = Kind::kText;
  for (const char c : {'"', '\\'}) kinds[static_cast<unsigned char>(c)] = Kind::kOther;
  for (std::size_t c = '0'; c <= '9'; ++c) kinds[c] = Kind::kDigit;
  return kinds;
}
constexpr std::array<Kind, 256> kKinds = make_kinds();

Kind kind_of(char c) { return kKinds[static_cast<unsigned char>(c)]; }

class Cursor {
 public:
  explicit Cursor(std::string_view line) : rest_(line) {}

  bool is_done() const { return rest_.empty(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  // The rest of a text whose opening quote is taken, and its closing one.
  std::optional<std::string_view> text() {
    std::size_t size = 0;
    while (size < rest_.size() && kind_of(rest_[size]) != Kind::kOther) ++size;
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return take('"') ? std::optional(text) : std::nullopt;
  }
  // Digits, or digits with a point among them.
  std::optional<std::string_view> number() {
    const std::size_t whole = digits(0);
    const bool has_point = whole < rest_.size() && rest_[whole] == '.';
    const std::size_t fraction = has_point ? digits(whole + 1) : 0;
    if (whole == 0 || (has_point && fraction == 0)) return std::nullopt;
    const std::string_view number = rest_.substr(0, whole + (has_point ? 1 + fraction : 0));
    rest_.remove_prefix(number.size());
    return number;
  }

 private:
  std::size_t digits(std::size_t from) const {
    std::size_t size = 0;
    while (from + size < rest_.size() && kind_of(rest_[from + size]) == Kind::kDigit) ++size;
    return size;
  }

  std::string_view rest_;
};

std::optional<std::string_view> value(Cursor& cursor) {
  if (cursor.take('"')) return cursor.text();
  if (const auto number = cursor.number()) return number;
  for (const std::string_view word : {"null", "true", "false"}) {
    if (cursor.take(word)) return word == "null" ? std::string_view("") : word;
  }
  return std::nullopt;
}

}  // namespace

bool read_plain_json(std::string_view line, Row& row) {
  Cursor cursor(line);
  if (!cursor.take('{')) return false;
  std::size_t next = 0;
  do {
    const auto name = cursor.take('"') ? cursor.text() : std::nullopt;
    if (!name || !cursor.take(':')) return false;
    // A field that does not come after the one before is there twice, or somebody else's.
    while (next < kFields && kFieldNames[next] != *name) ++next;
    if (next == kFields) return false;
    const auto found = value(cursor);
    if (!found) return false;
    row.set(static_cast<Field>(next++), *found);
  } while (cursor.take(','));
  return cursor.take('}') && cursor.is_done();
}

}  // namespace blipd::recorded
