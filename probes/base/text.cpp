#include "probes/base/text.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

namespace blipd::base {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t nanoseconds;
  bool only_whole;  // written only when nothing is left over: 8 days are "8d", not "1w1d"
};

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kDay = 86'400 * kSecond;
constexpr std::array<Unit, 9> kUnits = {{{"y", 365 * kDay, true},
                                         {"w", 7 * kDay, true},
                                         {"d", kDay, false},
                                         {"h", 3'600 * kSecond, false},
                                         {"m", 60 * kSecond, false},
                                         {"s", kSecond, false},
                                         {"ms", 1'000'000, false},
                                         {"us", 1'000, false},
                                         {"ns", 1, false}}};

constexpr std::uint64_t kLongest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes what `belongs` accepts off the front of `text`.
template <class Belongs>
std::string_view take_while(std::string_view& text, Belongs belongs) {
  std::size_t length = 0;
  while (length < text.size() && belongs(text[length])) ++length;
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(length);
  return taken;
}

// The decimal number that `digits` spell, empty beyond `limit`.
std::optional<std::uint64_t> to_number(std::string_view digits, std::uint64_t limit) {
  std::uint64_t value = 0;
  for (const char c : digits) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (digit > limit || value > (limit - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

}  // namespace

Expected<Duration> parse_duration(std::string_view text) {
  const auto bad = [text] {
    return fail("'{}' is not a duration; write one like 500ms, 5s or 1m30s", text.substr(0, 64));
  };
  if (text == "0") return Duration::zero();
  if (text.empty()) return bad();
  std::uint64_t total = 0;
  std::size_t next_unit = 0;  // units may only get smaller
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view digits = take_while(rest, is_digit);
    const std::string_view name = take_while(rest, [](char c) { return !is_digit(c); });
    while (next_unit < kUnits.size() && kUnits[next_unit].name != name) ++next_unit;
    if (digits.empty() || next_unit == kUnits.size()) return bad();
    const std::uint64_t unit = kUnits[next_unit++].nanoseconds;
    const auto count = to_number(digits, (kLongest - total) / unit);
    if (!count) return fail("'{}' is too long a duration; the longest is 292y", text.substr(0, 64));
    total += *count * unit;
  }
  return Duration(static_cast<Duration::rep>(total));
}

std::string format_duration(Duration duration) {
  if (duration == Duration::zero()) return "0s";
  std::string text;
  auto left = static_cast<std::uint64_t>(duration.count());
  if (duration < Duration::zero()) {  // a difference that somebody prints; parse_duration refuses it
    text = "-";
    left = 0 - left;
  }
  for (const Unit& unit : kUnits) {
    if (left < unit.nanoseconds || (unit.only_whole && left % unit.nanoseconds != 0)) continue;
    text += fmt::format("{}{}", left / unit.nanoseconds, unit.name);
    left %= unit.nanoseconds;
  }
  return text;
}

namespace {

// Reads a time piece by piece. Like the byte cursor, it fails once and for good.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : rest_(text) {}

  bool ok() const { return ok_; }
  bool is_done() const { return ok_ && rest_.empty(); }

  // Exactly `count` digits that spell no more than `highest`.
  int number(std::size_t count, int highest) {
    std::string_view digits = rest_.substr(0, count);
    const std::string_view taken = take_while(digits, is_digit);
    const auto value = to_number(taken, static_cast<std::uint64_t>(highest));
    if (taken.size() != count || !value) return refuse();
    rest_.remove_prefix(count);
    return static_cast<int>(*value);
  }

  // One of `choices`.
  char one_of(std::string_view choices) {
    if (rest_.empty() || choices.find(rest_.front()) == std::string_view::npos) {
      refuse();
      return '\0';
    }
    const char found = rest_.front();
    rest_.remove_prefix(1);
    return found;
  }

  // ".123" as nanoseconds; zero where there is none. Digits past the ninth are dropped.
  std::int64_t fraction() {
    if (rest_.empty() || rest_.front() != '.') return 0;
    rest_.remove_prefix(1);
    const std::string_view digits = take_while(rest_, is_digit);
    if (digits.empty()) return refuse();
    std::int64_t nanoseconds = 0;
    for (std::size_t i = 0; i < 9; ++i) nanoseconds = nanoseconds * 10 + (i < digits.size() ? digits[i] - '0' : 0);
    return nanoseconds;
  }

  // "Z" or "+01:30", as seconds east of Greenwich.
  std::int64_t offset() {
    const char sign = one_of("Zz+-");
    if (sign != '+' && sign != '-') return 0;
    const int hours = number(2, 23);
    one_of(":");
    const int minutes = number(2, 59);
    const std::int64_t east = hours * 3600 + minutes * 60;
    return sign == '-' ? -east : east;
  }

 private:
  int refuse() {
    ok_ = false;
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

// Empty beyond what 64 bits of nanoseconds hold, which is 1677-09-21 to 2262-04-11.
std::optional<WallTime> to_wall_time(std::int64_t seconds, std::int64_t nanoseconds) {
  constexpr auto kLimit = static_cast<std::int64_t>(kLongest / kSecond) - 1;
  if (seconds < -kLimit || seconds > kLimit) return std::nullopt;
  return WallTime(std::chrono::seconds(seconds) + Duration(nanoseconds));
}

// RFC 3339, 5.6, with a blank in place of the T as its note allows.
std::optional<WallTime> parse_rfc3339(std::string_view text) {
  TimeReader in(text);
  const int year = in.number(4, 9999);
  in.one_of("-");
  const int month = in.number(2, 12);
  in.one_of("-");
  const int day = in.number(2, 31);
  in.one_of("Tt ");
  const int hour = in.number(2, 23);
  in.one_of(":");
  const int minute = in.number(2, 59);
  in.one_of(":");
  const int second = in.number(2, 60);
  const std::int64_t nanoseconds = in.fraction();
  const std::int64_t east = in.offset();
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!in.is_done() || !date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = days * 86'400 + hour * 3'600 + minute * 60 + second - east;
  // A leap second ends a day in UTC; Unix time gives it the number of the second that follows.
  if (second == 60 && seconds % 86'400 != 0) return std::nullopt;
  return to_wall_time(seconds, nanoseconds);
}

std::optional<WallTime> parse_unix_seconds(std::string_view text) {
  const std::string_view digits = take_while(text, is_digit);
  const auto seconds = to_number(digits, kLongest);
  TimeReader in(text);
  const std::int64_t nanoseconds = in.fraction();
  if (digits.empty() || !seconds || !in.is_done()) return std::nullopt;
  return to_wall_time(static_cast<std::int64_t>(*seconds), nanoseconds);
}

}  // namespace

Expected<WallTime> parse_time(std::string_view text) {
  const bool is_number = text.find_first_not_of("0123456789.") == std::string_view::npos;
  // A date alone (RFC 3339, full-date) is the moment at which that day begins.
  const bool is_date = text.size() == 10 && text[4] == '-';
  const auto time = is_number ? parse_unix_seconds(text)
                    : is_date ? parse_rfc3339(fmt::format("{}T00:00:00Z", text))
                              : parse_rfc3339(text);
  if (time) return *time;
  return fail("'{}' is not a time; write one like 2014-12-22T16:15:00Z or 1419264900", text.substr(0, 64));
}

std::string format_time(WallTime time) {
  const auto whole = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  const auto days = std::chrono::floor<std::chrono::days>(whole);
  const std::chrono::year_month_day date{std::chrono::sys_days(days)};
  const std::chrono::hh_mm_ss clock(whole - days);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

}  // namespace blipd::base
