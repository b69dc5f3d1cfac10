#include "daemon/detect/host_verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <variant>
#include <vector>

namespace blipd::detect {

namespace {

using event::HostVerdict;
using event::WaySays;

// The host itself answered.
bool is_alive(const Way& way) {
  return way.says == WaySays::kAnswers || way.says == WaySays::kNotAsExpected || way.says == WaySays::kRefused;
}
bool is_without_answer(const Way& way) {
  return way.says == WaySays::kSilent || way.says == WaySays::kUnreachable || way.says == WaySays::kNeverAnswered;
}
bool says(const Way& way, WaySays what) { return way.says == what; }

template <class Condition>
bool has(std::span<const Way> ways, Condition condition) {
  return std::any_of(ways.begin(), ways.end(), condition);
}

// Whether there are ways of this kind that do without an answer, and all that do are of this kind.
bool lacks_only(std::span<const Way> ways, WayKind kind) {
  const bool lacks_others = has(ways, [&](const Way& w) { return w.kind != kind && is_without_answer(w); });
  const bool has_some = has(ways, [&](const Way& w) { return w.kind == kind && is_alive(w); });
  return !lacks_others && !has_some && has(ways, [&](const Way& w) { return w.kind == kind && is_without_answer(w); });
}

// Whether all ways of this kind are answered, and no others.
bool answers_only(std::span<const Way> ways, WayKind kind) {
  return !has(ways, [&](const Way& w) { return w.kind == kind ? is_without_answer(w) : is_alive(w); });
}

std::string label(const Way& way) {
  switch (way.kind) {
    case WayKind::kIcmp:
      return "ICMP";
    case WayKind::kTcp:
      return fmt::format("port {}", way.port);
    case WayKind::kDns:
      return "DNS";
    case WayKind::kOther:
      break;
  }
  return std::string(way.probe);
}

// "ICMP, port 80 and DNS", each once; a name in place of a kind that is among the others as well.
template <class Condition>
std::string list(std::span<const Way> ways, Condition condition) {
  std::vector<std::string> names;
  for (const Way& way : ways) {
    if (!condition(way)) continue;
    const bool is_ambiguous = has(ways, [&](const Way& w) { return !condition(w) && label(w) == label(way); });
    std::string name = is_ambiguous ? std::string(way.probe) : label(way);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  }
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  }
  return text;
}

std::string list(std::span<const Way> ways, WaySays what) {
  return list(ways, [&](const Way& way) { return says(way, what); });
}

const char* is_or_are(const std::string& names) { return names.find(" and ") == std::string::npos ? "is" : "are"; }

std::string who_says_unreachable(std::span<const Way> ways) {
  for (const Way& way : ways) {
    if (!says(way, WaySays::kUnreachable) || !way.notice) continue;
    return fmt::format("{} says unreachable (ICMP type {} code {})", way.notice->sender.to_string(), way.notice->type,
                       way.notice->code);
  }
  return "an ICMP error says unreachable";
}

std::string unknown_in_words(std::span<const Way> ways, Basis basis) {
  if (basis == Basis::kNothing) return "not known: our own link is at fault";
  if (basis == Basis::kOneRound) return "not known: nothing could be asked";
  const bool is_silent_ever = !ways.empty() && std::all_of(ways.begin(), ways.end(), [](const Way& way) {
    return says(way, WaySays::kNeverAnswered);
  });
  return is_silent_ever ? "not known: it has never answered" : "not known: too few answers yet";
}

const char* answer_name(probes::AnswerKind kind) {
  switch (kind) {
    case probes::AnswerKind::kEchoReply:
      return "echo replies";
    case probes::AnswerKind::kDnsMessage:
      return "DNS answers";
    case probes::AnswerKind::kSynAck:
      return "SYN-ACKs";
    default:
      return "other answers";
  }
}

// What the verdict itself does not say of the single ways.
std::string further(std::span<const Way> ways, HostVerdict verdict) {
  std::string text;
  const auto add = [&](const std::string& names, std::string_view what) {
    if (!names.empty()) text += fmt::format("; {} {} {}", names, is_or_are(names), what);
  };
  const bool is_up = has(ways, is_alive);
  if (verdict != HostVerdict::kPortRefused) add(list(ways, WaySays::kRefused), "refused");
  if (verdict == HostVerdict::kResetNearer) {
    add(list(ways, [](const Way& w) { return says(w, WaySays::kAnswers) || says(w, WaySays::kNotAsExpected); }),
        "answered");
    add(list(ways, is_without_answer), "not answered");
  }
  if (is_up && has(ways, [](const Way& w) { return says(w, WaySays::kUnreachable); })) {
    text += fmt::format("; of {} {}", list(ways, WaySays::kUnreachable), who_says_unreachable(ways));
  }
  add(list(ways, WaySays::kNotAsExpected), "not answered as expected");
  if (const std::string never = list(ways, WaySays::kNeverAnswered); !never.empty()) {
    text += fmt::format("; {} never {}", never, is_or_are(never) == std::string_view("is") ? "was" : "were");
  }
  if (const std::string unknown = list(ways, WaySays::kUnknown); !unknown.empty()) {
    text += fmt::format("; nothing is known of {}", unknown);
  }
  return text;
}

}  // namespace

Way way_of(const probes::ProbeSpec& spec) {
  Way way;
  way.probe = spec.name;
  std::visit(
      [&]<class Ask>(const Ask& ask) {
        if constexpr (std::is_same_v<Ask, probes::IcmpSpec>) {
          way.kind = WayKind::kIcmp;
        } else if constexpr (std::is_same_v<Ask, probes::TcpSpec>) {
          way.kind = WayKind::kTcp;
          way.port = ask.port;
        } else if constexpr (std::is_same_v<Ask, probes::DnsSpec>) {
          way.kind = WayKind::kDns;
        }
      },
      spec.ask);
  return way;
}

std::string in_words(std::string_view what, const TtlPair& pair) {
  return fmt::format("a {} with TTL {}, {} with {}", what, pair.odd, answer_name(pair.host_answer), pair.host);
}

HostVerdict verdict_of(std::span<const Way> ways) {
  if (has(ways, [](const Way& w) { return says(w, WaySays::kResetNearer); })) return HostVerdict::kResetNearer;
  if (!has(ways, is_alive)) {
    if (has(ways, [](const Way& w) { return says(w, WaySays::kUnreachable); })) return HostVerdict::kUnreachable;
    // Of what never answered nobody can tell silence from a wrong address.
    const bool is_silent = has(ways, [](const Way& w) { return says(w, WaySays::kSilent); });
    return is_silent ? HostVerdict::kSilent : HostVerdict::kUnknown;
  }
  if (!has(ways, is_without_answer)) {
    const bool is_refused = has(ways, [](const Way& w) { return says(w, WaySays::kRefused); });
    return is_refused ? HostVerdict::kPortRefused : HostVerdict::kUpAll;
  }
  if (lacks_only(ways, WayKind::kIcmp)) return HostVerdict::kIcmpFiltered;
  if (lacks_only(ways, WayKind::kDns)) return HostVerdict::kNameServerSilent;
  if (answers_only(ways, WayKind::kDns)) return HostVerdict::kDnsOnly;
  if (answers_only(ways, WayKind::kIcmp)) return HostVerdict::kIcmpOnly;
  return HostVerdict::kUpPartly;
}

bool is_as_usual(std::span<const Way> ways) {
  return std::all_of(ways.begin(), ways.end(), [](const Way& way) { return way.is_as_usual; });
}

std::string verdict_in_words(std::span<const Way> ways, Basis basis, const std::optional<TtlPair>& reset) {
  const HostVerdict verdict = verdict_of(ways);
  if (verdict == HostVerdict::kUnknown || basis == Basis::kNothing) return unknown_in_words(ways, basis);
  const auto text = [&]() -> std::string {
    switch (verdict) {
      case HostVerdict::kUpAll:
        return "up, answers every way";
      case HostVerdict::kIcmpFiltered:
        return "up, ICMP is not answered, others are";
      case HostVerdict::kPortRefused: {
        const std::string refused = list(ways, WaySays::kRefused);
        return fmt::format("up, {} {} refused", refused, is_or_are(refused));
      }
      case HostVerdict::kDnsOnly:
        return "up, DNS is answered, nothing else is";
      case HostVerdict::kIcmpOnly:
        return "up, ICMP is answered, nothing else is";
      case HostVerdict::kNameServerSilent:
        return "up, DNS is not answered, others are";
      case HostVerdict::kUpPartly: {
        const std::string silent = list(ways, is_without_answer);
        return fmt::format("up, but not by every way: {} {} not answered", silent, is_or_are(silent));
      }
      case HostVerdict::kResetNearer: {
        const std::string where = list(ways, WaySays::kResetNearer);
        const std::string ttls = reset ? ": " + in_words("reset", *reset) : std::string();
        return fmt::format("{} {} reset by something nearer than the host{}", where, is_or_are(where), ttls);
      }
      case HostVerdict::kUnreachable:
        return "no answer by any way; " + who_says_unreachable(ways);
      case HostVerdict::kSilent:
        return "no answer by any way";
      case HostVerdict::kUnknown:
        break;
    }
    return {};
  }();
  return text + further(ways, verdict) + (basis == Basis::kOneRound ? " (asked once)" : "");
}

}  // namespace blipd::detect
