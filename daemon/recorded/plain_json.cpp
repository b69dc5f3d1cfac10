#include "daemon/recorded/plain_json.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

namespace blipd::recorded {

namespace {

// Eight bytes at once: the lowest bit that is set is the highest one of the first byte that is asked for. A byte is
// below a limit when taking that away borrows; a borrow spoils what is above it only.
constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighest = kOnes << 7U;
constexpr std::uint64_t below(std::uint64_t bytes, std::uint64_t limit) { return (bytes - kOnes * limit) & ~bytes; }

// What ends a text, or would need a closer look: quotes, backslashes, and whatever is no printable ASCII.
struct EndsText {
  static bool is(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\';
  }
  static std::uint64_t find(std::uint64_t bytes) {
    const auto any = [&](std::uint64_t c) { return below(bytes ^ (kOnes * c), 1); };
    return (below(bytes, 0x20) | any(0x7f) | any('"') | any('\\') | bytes) & kHighest;
  }
};

struct EndsDigits {
  static bool is(char c) { return c < '0' || c > '9'; }
  // Digits are 0x30 to 0x39.
  static std::uint64_t find(std::uint64_t bytes) {
    return (below(bytes, '0') | (bytes + kOnes * (0x7f - '9')) | bytes) & kHighest;
  }
};

// How many bytes there are from `from` until one ends it.
template <class Ends>
std::size_t length(std::string_view text, std::size_t from) {
  std::size_t at = from;
  if constexpr (std::endian::native == std::endian::little) {
    for (std::uint64_t bytes = 0; at + sizeof(bytes) <= text.size(); at += sizeof(bytes)) {
      std::memcpy(&bytes, text.data() + at, sizeof(bytes));
      if (const std::uint64_t found = Ends::find(bytes); found != 0) {
        return at - from + static_cast<std::size_t>(std::countr_zero(found)) / 8;
      }
    }
  }
  while (at < text.size() && !Ends::is(text[at])) ++at;
  return at - from;
}

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
  // The name of a member, quotes and colon included.
  bool take_name(std::string_view name) {
    const std::size_t size = name.size();
    if (rest_.size() < size + 3 || rest_[0] != '"' || rest_[size + 1] != '"' || rest_[size + 2] != ':') return false;
    if (rest_.substr(1, size) != name) return false;
    rest_.remove_prefix(size + 3);
    return true;
  }
  // The rest of a text whose opening quote is taken, and its closing one.
  std::optional<std::string_view> text() {
    const std::size_t size = length<EndsText>(rest_, 0);
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return take('"') ? std::optional(text) : std::nullopt;
  }
  // Digits, or digits with a point among them.
  std::optional<std::string_view> number() {
    const std::size_t whole = length<EndsDigits>(rest_, 0);
    const bool has_point = whole < rest_.size() && rest_[whole] == '.';
    const std::size_t fraction = has_point ? length<EndsDigits>(rest_, whole + 1) : 0;
    if (whole == 0 || (has_point && fraction == 0)) return std::nullopt;
    const std::string_view number = rest_.substr(0, whole + (has_point ? 1 + fraction : 0));
    rest_.remove_prefix(number.size());
    return number;
  }

 private:
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
    // A field that does not come after the one before is there twice, or somebody else's.
    while (next < kFields && !cursor.take_name(kFieldNames[next])) ++next;
    if (next == kFields) return false;
    const auto found = value(cursor);
    if (!found) return false;
    row.set(static_cast<Field>(next++), *found);
  } while (cursor.take(','));
  return cursor.take('}') && cursor.is_done();
}

}  // namespace blipd::recorded
