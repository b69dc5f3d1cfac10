#include "daemon/page/words.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>

#include "probes/base/text.hpp"

namespace blipd::page {

namespace {

constexpr const char* kUnknown = "unknown";
constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// No line is broken between a number and its unit: U+00A0.
std::string with_unit(const std::string& number, const char* unit) { return number + "\u00A0" + unit; }

struct Calendar {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<std::chrono::seconds> clock;

  explicit Calendar(base::WallTime time)
      : Calendar(std::chrono::floor<std::chrono::seconds>(time.time_since_epoch())) {}
  explicit Calendar(std::chrono::seconds seconds)
      : date(std::chrono::sys_days(std::chrono::floor<std::chrono::days>(seconds))),
        clock(seconds - std::chrono::floor<std::chrono::days>(seconds)) {}
};

std::string whole_seconds(base::WallTime time) {
  const std::string text = base::format_time(time);
  return text.substr(0, text.find('.')) + "Z";
}

}  // namespace

std::string percent(const std::optional<double>& ratio) {
  if (!ratio || !std::isfinite(*ratio)) return kUnknown;
  // Halves go up, as in daemon/page/web/words.ts: what the script puts in place of a text reads the same.
  const double share = *ratio * 100;
  if (share > 0 && share < 1) {
    return with_unit(share < 0.1 ? "< 0.1" : fmt::format("{:.1f}", std::round(share * 10) / 10), "%");
  }
  if (share > 99 && share < 100) return with_unit(fmt::format("{:.1f}", std::floor(share * 10) / 10), "%");
  return with_unit(fmt::format("{:.0f}", std::round(share)), "%");
}

std::string length_in_words(base::Duration length) {
  struct Unit {
    std::int64_t seconds;
    const char* name;
  };
  constexpr std::array<Unit, 4> kUnits = {{{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}}};
  const std::int64_t exact = std::llabs(std::chrono::round<std::chrono::seconds>(length).count());
  for (std::size_t i = 0; i + 1 < kUnits.size(); ++i) {
    if (exact < kUnits[i].seconds) continue;
    const std::int64_t small = kUnits[i + 1].seconds;
    const std::int64_t rounded = (exact + small / 2) / small * small;
    if (i > 0 && rounded >= kUnits[i - 1].seconds) return with_unit("1", kUnits[i - 1].name);
    std::string text = with_unit(std::to_string(rounded / kUnits[i].seconds), kUnits[i].name);
    const std::int64_t rest = rounded % kUnits[i].seconds / small;
    if (rest > 0) text += " " + with_unit(std::to_string(rest), kUnits[i + 1].name);
    return text;
  }
  return with_unit(std::to_string(exact), "s");
}

std::string round_trip_in_words(const std::optional<double>& seconds) {
  if (!seconds || !std::isfinite(*seconds)) return kUnknown;
  if (*seconds >= 1) return with_unit(fmt::format("{:.2f}", *seconds), "s");
  const double ms = *seconds * 1000;
  return with_unit(fmt::format("{:.{}f}", ms, ms < 1 ? 2 : ms < 10 ? 1 : 0), "ms");
}

std::string count_in_words(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3 && digits.size() > 4;) {
    at -= 3;
    digits.insert(at, "\u202F");
    if (at <= 3) break;
  }
  return digits;
}

std::string size_in_words(std::uint64_t bytes) {
  constexpr std::array<const char*, 4> kUnits = {"B", "KiB", "MiB", "GiB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  // What would be shown as 1024 is one of the next.
  for (; unit + 1 < kUnits.size() && size >= 1023.5; ++unit) size /= 1024;
  return with_unit(fmt::format("{:.{}f}", size, unit > 0 && size < 9.95 ? 1 : 0), kUnits[unit]);
}

std::string day_in_words(base::WallTime time) {
  const Calendar calendar(time);
  return fmt::format("{}\u00A0{}", static_cast<unsigned>(calendar.date.day()),
                     kMonths[static_cast<unsigned>(calendar.date.month()) - 1]);
}

std::string clock_in_words(base::WallTime time) {
  const Calendar calendar(time);
  return fmt::format("{:02}:{:02}", calendar.clock.hours().count(), calendar.clock.minutes().count());
}

std::string time_in_words(base::WallTime time) {
  const Calendar calendar(time);
  return fmt::format("{} {} {:02}:{:02}:{:02}", day_in_words(time), static_cast<int>(calendar.date.year()),
                     calendar.clock.hours().count(), calendar.clock.minutes().count(),
                     calendar.clock.seconds().count());
}

Html time_element(base::WallTime time) {
  Html html;
  html("<time datetime=\"", whole_seconds(time), "\">", time_in_words(time), "</time>");
  return html;
}

std::string doubt_in_words(const event::Span& span) {
  const base::Duration half = (span.latest - span.earliest) / 2;
  return half < std::chrono::milliseconds(500) ? "" : "±\u00A0" + length_in_words(half);
}

Html span_element(const event::Span& span) {
  Html html = time_element(std::chrono::round<std::chrono::seconds>(span.middle()));
  if (const std::string doubt = doubt_in_words(span); !doubt.empty()) {
    html(" <span class=\"doubt\" title=\"between ", base::format_time(span.earliest), " and ",
         base::format_time(span.latest), "\">", doubt, "</span>");
  }
  return html;
}

const char* sentence_of(pipeline::CountryLevel level) {
  switch (level) {
    case pipeline::CountryLevel::kNormal:
      return "It answers as it usually does.";
    case pipeline::CountryLevel::kDegraded:
      return "It answers, with more loss or delay than is usual.";
    case pipeline::CountryLevel::kPartial:
      return "A part of it that usually answers is silent.";
    case pipeline::CountryLevel::kTotal:
      return "Nothing there answers any more.";
    case pipeline::CountryLevel::kRecovering:
      return "It answers again, not for long yet.";
    case pipeline::CountryLevel::kUnknown:
      break;
  }
  return "Not enough is known to say.";
}

const char* sentence_of(pipeline::NetworkState state) {
  switch (state) {
    case pipeline::NetworkState::kNormal:
      return "It answers as it usually does.";
    case pipeline::NetworkState::kDegraded:
      return "It answers, with more loss or delay than is usual.";
    case pipeline::NetworkState::kPartial:
      return "More of its hosts are silent than chance explains.";
    case pipeline::NetworkState::kOutage:
      return "None of it answers any more.";
    case pipeline::NetworkState::kRecovering:
      return "It answers again, not for long yet.";
    case pipeline::NetworkState::kUnknown:
      break;
  }
  return "Not enough is known to say.";
}

const char* kind_in_words(const event::Event& event) {
  switch (event.kind) {
    case event::Kind::kOutage:
      return event.length == event::Class::kBlip ? "blip" : "outage";
    case event::Kind::kPartial:
      return "partial outage";
    case event::Kind::kInstability:
      return "instability";
    case event::Kind::kDegraded:
      return "degraded";
    case event::Kind::kVantageFault:
      break;
  }
  return "fault of the vantage point";
}

}  // namespace blipd::page
