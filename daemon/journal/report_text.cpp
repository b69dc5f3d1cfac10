#include <fmt/format.h>

#include <iterator>

#include "daemon/event/json.hpp"
#include "daemon/event/words.hpp"
#include "daemon/journal/report.hpp"
#include "probes/base/text.hpp"

namespace blipd::journal {

namespace {

using Out = std::back_insert_iterator<std::string>;

double percent(base::Duration part, base::Duration whole) {
  return whole.count() == 0 ? 0 : 100.0 * base::to_seconds(part) / base::to_seconds(whole);
}

std::string seconds_text(base::Duration duration) {
  return base::format_duration(std::chrono::round<std::chrono::seconds>(duration));
}

std::string place_of(const Availability& availability) {
  return availability.network.empty() ? availability.country : availability.country + "/" + availability.network;
}

void write_onset(const event::Event& event, std::string_view indent, Out out) {
  const event::Onset& onset = event.onset;
  if (onset.order.size() > 1) {
    std::string order;
    for (const event::Fall& fall : onset.order) {
      order += fmt::format("{}{}. {}", order.empty() ? "" : ", ", fall.rank, fall.place);
    }
    fmt::format_to(out, "{}fell in this order (one number: cannot be told apart): {}\n", indent, order);
  }
  for (const event::Before& before : onset.before) {
    if (!before.loss_ratio) continue;
    fmt::format_to(out, "{}in the {} before: down {} times, loss {:.1f} %", indent, seconds_text(before.length),
                   before.flaps, 100 * *before.loss_ratio);
    if (before.loss_slope) fmt::format_to(out, " ({:+.1f} points an hour)", 100 * *before.loss_slope);
    if (before.rtt_ratio) fmt::format_to(out, ", round trips {:.2f} times as long as usual", *before.rtt_ratio);
    fmt::format_to(out, ", {} late answers\n", before.late);
  }
  const event::Failures& failures = onset.failures;
  if (failures.silent + failures.unreachable + failures.reset > 0) {
    fmt::format_to(out, "{}failed until declared: {} times silent, {} unreachable, {} reset\n", indent, failures.silent,
                   failures.unreachable, failures.reset);
  }
  for (const event::Notice& notice : failures.notices) {
    fmt::format_to(out, "{}ICMP type {} code {} from {}: {} times\n", indent, notice.type, notice.code, notice.sender,
                   notice.count);
  }
}

bool is_shown(const event::Event& event) {
  // Hosts that fell with their network, and the single blips of a beat, are told of by those.
  const bool is_beat =
      event.kind == event::Kind::kOutage && event.length == event::Class::kBlip && !event.during.empty();
  return event.scope != event::Scope::kTarget && !is_beat;
}

std::string text_of(const Report& report, bool is_markdown) {
  std::string text;
  const Out out(text);
  const base::Duration whole = report.to - report.from;
  fmt::format_to(out, "{}From {} to {} ({})\n\n", is_markdown ? "# " : "", base::format_time(report.from),
                 base::format_time(report.to), seconds_text(whole));
  if (report.availability.empty()) fmt::format_to(out, "No country or network had an event.\n\n");
  if (is_markdown && !report.availability.empty()) {
    fmt::format_to(out, "| place | up | down | vantage fault | not watched |\n|---|--:|--:|--:|--:|\n");
  }
  for (const Availability& a : report.availability) {
    fmt::format_to(out,
                   fmt::runtime(is_markdown ? "| {} | {:.4f} % | {} | {} | {} |\n"
                                            : "{:<24} up {:.4f} %, down {}, vantage fault {}, not watched {}\n"),
                   place_of(a), percent(a.up, whole), seconds_text(a.down), seconds_text(a.vantage_fault),
                   seconds_text(a.not_watched));
  }
  fmt::format_to(out, "\n{}Events\n\n", is_markdown ? "## " : "");
  const char* const bullet = is_markdown ? "- " : "";
  const char* const indent = is_markdown ? "  - " : "    ";
  for (const event::Event& event : report.events) {
    if (!is_shown(event)) continue;
    fmt::format_to(out, "{}{}\n", bullet, event::in_words(event));
    write_onset(event, indent, out);
    for (const std::string& line : event::evidence_in_words(event.evidence)) {
      fmt::format_to(out, "{}{}\n", indent, line);
    }
  }
  if (report.events.empty()) fmt::format_to(out, "{}none\n", bullet);
  fmt::format_to(out, "\n{}Not watched\n\n", is_markdown ? "## " : "");
  for (const Watched& gap : report.gaps) {
    fmt::format_to(out, "{}{} to {} ({})\n", bullet, base::format_time(gap.from), base::format_time(gap.until),
                   seconds_text(gap.until - gap.from));
  }
  if (report.gaps.empty()) fmt::format_to(out, "{}nothing: all of it was watched\n", bullet);
  return text;
}

std::string json_of(const Report& report) {
  std::string text;
  const Out out(text);
  fmt::format_to(out, R"({{"from":"{}","to":"{}","gaps":[)", base::format_time(report.from),
                 base::format_time(report.to));
  const char* comma = "";
  for (const Watched& gap : report.gaps) {
    fmt::format_to(out, R"({}{{"from":"{}","to":"{}"}})", std::exchange(comma, ","), base::format_time(gap.from),
                   base::format_time(gap.until));
  }
  text += R"(],"availability":[)";
  comma = "";
  for (const Availability& a : report.availability) {
    fmt::format_to(out,
                   R"({}{{"country":{},"network":{},"up_seconds":{:.3f},"down_seconds":{:.3f},)"
                   R"("vantage_fault_seconds":{:.3f},"not_watched_seconds":{:.3f}}})",
                   std::exchange(comma, ","), event::json_text(a.country), event::json_text(a.network),
                   base::to_seconds(a.up), base::to_seconds(a.down), base::to_seconds(a.vantage_fault),
                   base::to_seconds(a.not_watched));
  }
  text += R"(],"events":[)";
  comma = "";
  for (const event::Event& event : report.events) {
    text += std::exchange(comma, ",");
    text += event::to_json(event);
  }
  text += "]}\n";
  return text;
}

// RFC 4180.
std::string quoted(std::string_view value) {
  if (value.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(value);
  std::string text = "\"";
  for (const char c : value) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + '"';
}

std::string csv_of(const Report& report) {
  std::string text =
      "id,incident,scope,country,network,target,kind,class,start_earliest,start_latest,end_earliest,end_latest,"
      "duration_seconds,shape,fall_seconds,reachable_usual,reachable_lowest,flaps,during,path,needs_review,revision\n";
  const Out out(text);
  for (const event::Event& e : report.events) {
    const auto end = [&](base::WallTime event::Span::*side) {
      return e.end ? base::format_time(*e.end.*side) : std::string();
    };
    const auto number = [](const std::optional<double>& value) { return value ? fmt::format("{:.6g}", *value) : ""; };
    std::optional<double> fall;
    if (e.onset.fall) fall = base::to_seconds(*e.onset.fall);
    fmt::format_to(out, "{},{},{},{},{},{},{},{},{},{},{},{},{:.3f},{},{},{},{:.6g},{},{},{},{},{}\n", quoted(e.id),
                   quoted(e.incident), event::kScopeNames[static_cast<std::size_t>(e.scope)], quoted(e.country),
                   quoted(e.network), quoted(e.target), event::kKindNames[static_cast<std::size_t>(e.kind)],
                   e.length ? event::kClassNames[static_cast<std::size_t>(*e.length)] : "",
                   base::format_time(e.start.earliest), base::format_time(e.start.latest), end(&event::Span::earliest),
                   end(&event::Span::latest), base::to_seconds(e.duration()),
                   event::kShapeNames[static_cast<std::size_t>(e.onset.shape)], number(fall), number(e.reachable.usual),
                   e.reachable.lowest, e.flaps, quoted(e.during), quoted(e.path), e.needs_review, e.revision);
  }
  return text;
}

}  // namespace

std::string format_report(const Report& report, ReportFormat format) {
  switch (format) {
    case ReportFormat::kJson:
      return json_of(report);
    case ReportFormat::kCsv:
      return csv_of(report);
    case ReportFormat::kMarkdown:
      return text_of(report, true);
    case ReportFormat::kText:
      break;
  }
  return text_of(report, false);
}

}  // namespace blipd::journal
