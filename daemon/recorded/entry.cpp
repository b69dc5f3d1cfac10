#include "daemon/recorded/entry.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <string_view>

#include "config/reader.hpp"
#include "config/settings.hpp"
#include "daemon/recorded/words.hpp"
#include "probes/base/text.hpp"

namespace blipd::recorded {

namespace {

using config::cited;
using probes::Outcome;

// So that virtual time, which begins a little before and goes on a little after, has room in 64 bits.
constexpr base::WallTime kFirst{};
constexpr base::WallTime kLast{std::chrono::hours(24LL * 365 * 230)};

// Seconds as we write them ourselves: at most ten digits, a point and at most nine more. Exact; absent where it is
// written otherwise.
std::optional<base::Duration> plain_seconds(std::string_view text) {
  constexpr std::size_t kMostWhole = 10;
  constexpr std::array<std::uint64_t, 10> kUnits = {1'000'000'000, 100'000'000, 10'000'000, 1'000'000, 100'000,
                                                    10'000,        1'000,       100,        10,        1};
  constexpr std::uint64_t kMostSeconds = 9'000'000'000;  // with room in 64 bits for their nanoseconds
  std::size_t i = 0;
  const auto take_digits = [&] {
    std::uint64_t value = 0;
    for (; i < text.size(); ++i) {
      const unsigned digit = static_cast<unsigned>(text[i]) - '0';
      if (digit > 9) break;
      value = value * 10 + digit;
    }
    return value;
  };
  const std::uint64_t whole = take_digits();
  if (i == 0 || i > kMostWhole || whole > kMostSeconds) return std::nullopt;
  std::uint64_t nanoseconds = 0;
  if (i < text.size()) {
    if (text[i] != '.') return std::nullopt;
    const std::size_t point = i++;
    nanoseconds = take_digits();
    const std::size_t places = i - point - 1;
    if (i < text.size() || places == 0 || places >= kUnits.size()) return std::nullopt;
    nanoseconds *= kUnits[places];
  }
  return base::Duration(static_cast<std::int64_t>(whole * 1'000'000'000 + nanoseconds));
}

base::Expected<base::WallTime> time_of(const Row& row) {
  const auto plain = plain_seconds(row[Field::kTime]);
  const auto time = plain ? base::WallTime(*plain) : base::parse_time(row[Field::kTime]);
  if (!time) return base::fail("time: {}", time.error().text);
  if (*time < kFirst || *time > kLast) {
    return base::fail("time: {} is not within 1970 to 2199; write Unix seconds", cited(row[Field::kTime]));
  }
  return *time;
}

// Absent where the field is, or is empty.
base::Expected<std::optional<base::Duration>> seconds_of(const Row& row, Field field) {
  const std::string_view text = row[field];
  if (text.empty()) return std::nullopt;
  constexpr double kMost = 86400;
  const auto plain = plain_seconds(text);
  if (plain && *plain <= base::from_seconds(kMost)) return *plain;
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(seconds)) {
    return base::fail("{}: {} is not a number; write seconds, or nothing where there is none", name_of(field),
                      cited(text));
  }
  if (seconds < 0 || seconds > kMost) {
    return base::fail("{}: {} is out of range; write seconds, 0 to {}", name_of(field), cited(text), kMost);
  }
  return base::from_seconds(seconds);
}

base::Expected<std::uint8_t> byte_of(const Row& row, Field field) {
  const std::string_view text = row[field];
  std::uint8_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  return base::fail("{}: {} is not a number from 0 to 255; write the ICMP message's", name_of(field), cited(text));
}

base::Expected<std::size_t> word_of(const Row& row, Field field, std::span<const std::string_view> words) {
  if (const auto found = find_word(words, row[field])) return *found;
  return base::fail("{}: {} is unknown; write {}", name_of(field), cited(row[field]), listed(words));
}

base::Expected<void> read_notice(const Row& row, Entry& entry) {
  if (row[Field::kIcmpFrom].empty()) return {};
  const auto sender = base::Address::parse(row[Field::kIcmpFrom]);
  if (!sender) return base::fail("icmp_from: {}", config::with_remedy(sender.error().text, "write an IP address"));
  const auto type = byte_of(row, Field::kIcmpType);
  if (!type) return tl::unexpected<base::Error>(type.error());
  const auto code = byte_of(row, Field::kIcmpCode);
  if (!code) return tl::unexpected<base::Error>(code.error());
  entry.notice = probes::IcmpNotice{*type, *code, *sender};
  return {};
}

base::Expected<void> read_abort(const Row& row, Entry& entry) {
  if (!row[Field::kReason].empty()) {
    const auto reason = word_of(row, Field::kReason, kReasons);
    if (!reason) return tl::unexpected<base::Error>(reason.error());
    entry.reason = static_cast<probes::AbortReason>(*reason);
  }
  const std::string_view sent = row[Field::kSent];
  if (!sent.empty() && sent != "true" && sent != "false") {
    return base::fail("sent: {} is neither true nor false; write one of them", cited(sent));
  }
  entry.was_sent = sent == "true";
  return {};
}

}  // namespace

base::Expected<Entry> entry_of(const Row& row) {
  for (const Field field : kRequired) {
    if (!row.has(field)) return base::fail("{} is missing; every line needs it", name_of(field));
  }
  const auto time = time_of(row);
  if (!time) return tl::unexpected<base::Error>(time.error());
  const auto outcome = word_of(row, Field::kOutcome, kOutcomes);
  if (!outcome) return tl::unexpected<base::Error>(outcome.error());
  const auto rtt = seconds_of(row, Field::kRtt);
  if (!rtt) return tl::unexpected<base::Error>(rtt.error());
  const auto settled = seconds_of(row, Field::kSettled);
  if (!settled) return tl::unexpected<base::Error>(settled.error());

  Entry entry;
  const bool is_late = *outcome == kLateOutcome;
  entry.outcome = is_late ? Outcome::kLost : static_cast<Outcome>(*outcome);
  const bool is_answered = entry.outcome == Outcome::kAnswered;
  if (*rtt && !is_late && (entry.outcome == Outcome::kLost || entry.outcome == Outcome::kAborted)) {
    return base::fail("rtt: a probe that was {} has none; leave it empty", kOutcomes[*outcome]);
  }
  if (is_answered && *rtt && **rtt > config::kLongestTimeout) {
    return base::fail("rtt: {} is longer than any timeout; write seconds", cited(row[Field::kRtt]));
  }
  if (*rtt && (is_answered || is_late)) entry.rtt = **rtt;
  const auto after = *settled ? *settled : *rtt;
  // What is not waited for is known at once.
  entry.is_timed = after || (!is_late && entry.outcome != Outcome::kLost);
  entry.turn = {*time + after.value_or(base::Duration::zero()),
                is_late ? pipeline::What::kLate : pipeline::What::kResult, 0, *time};
  if (is_answered && !row[Field::kAnswer].empty()) {
    const auto answer = word_of(row, Field::kAnswer, kAnswers);
    if (!answer) return tl::unexpected<base::Error>(answer.error());
    entry.answer = static_cast<probes::AnswerKind>(*answer);
  }
  if (entry.outcome == Outcome::kUnreachable) {
    if (auto read = read_notice(row, entry); !read) return tl::unexpected<base::Error>(read.error());
  }
  if (entry.outcome == Outcome::kAborted) {
    if (auto read = read_abort(row, entry); !read) return tl::unexpected<base::Error>(read.error());
  }
  return entry;
}

}  // namespace blipd::recorded
