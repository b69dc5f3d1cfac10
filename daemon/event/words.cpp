#include "daemon/event/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "probes/base/text.hpp"

namespace blipd::event {

namespace {

std::string what(const Event& event) {
  if (event.kind == Kind::kOutage && event.length) return kClassNames[static_cast<std::size_t>(*event.length)];
  return kKindNames[static_cast<std::size_t>(event.kind)];
}

std::string seconds_text(base::WallTime time) {
  const std::string text = base::format_time(std::chrono::round<std::chrono::seconds>(time));
  return text.substr(0, text.find('.')) + "Z";
}

std::string clock_text(base::WallTime time) { return seconds_text(time).substr(11, 8); }

std::string with_commas(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

// The middle of an interval, and how far off it may be.
std::string span_text(const Span& span) {
  const double half = base::to_seconds(span.latest - span.earliest) / 2;
  return fmt::format("{} ± {:.0f} s", seconds_text(span.middle()), half);
}

std::string hop_text(const PathHop& hop) {
  const std::string about = whereabouts_in_words(hop);
  return about.empty() ? hop.address : fmt::format("{} ({})", hop.address, about);
}

}  // namespace

std::string whereabouts_in_words(const PathHop& hop) {
  std::string about = hop.as_number == 0 ? std::string() : fmt::format("AS{}", hop.as_number);
  if (hop.place == PathPlace::kUnknown) return about;
  return about + (about.empty() ? "" : ", ") + kPathPlaceNames[static_cast<std::size_t>(hop.place)];
}

std::string loss_in_words(const PathEvidence& path) {
  if (!path.loss) return {};
  const PathLoss& loss = *path.loss;
  const std::string end =
      loss.after.distance == 0 ? std::string("no hop answers") : "first silent hop after " + hop_text(loss.after);
  if (!loss.hop) return end;
  const bool is_target =
      path.before && !path.before->hops.empty() && loss.hop->address == path.before->hops.back().address;
  if (is_target) return end + ", which is the target";
  return fmt::format("{}, where {} answered before", end, hop_text(*loss.hop));
}

std::string loss_in_words(const Evidence& evidence) {
  std::map<std::string, std::size_t> votes;
  std::size_t paths = 0;
  for (const PathEvidence& path : evidence.paths) {
    if (path.moment != Moment::kStart || path.is_control) continue;
    ++paths;
    if (path.loss) ++votes[loss_in_words(path)];
  }
  const auto most = std::ranges::max_element(votes, {}, [](const auto& entry) { return entry.second; });
  if (most == votes.end()) return {};
  if (most->second == paths) return most->first;
  return fmt::format("{} ({} of {} paths)", most->first, most->second, paths);
}

std::string place_in_words(const Event& event) {
  if (event.scope == Scope::kVantage) return "vantage point";
  std::string text = event.country;
  for (const std::string* part : {&event.network, &event.target}) {
    if (!part->empty()) text += "/" + *part;
  }
  return text;
}

std::string in_words(const Event& event) {
  std::string line = fmt::format("{}  {:<24} {:<13} ", span_text(event.start), place_in_words(event), what(event));
  const auto length = std::chrono::round<std::chrono::seconds>(event.duration());
  if (event.end) {
    line += fmt::format("{}, until {}", base::format_duration(length), span_text(*event.end));
  } else {
    line += fmt::format("open, {} so far", base::format_duration(length));
  }
  if (event.kind == Kind::kOutage || event.kind == Kind::kPartial) {
    if (event.scope != Scope::kTarget) {
      line += fmt::format("; {}", kShapeNames[static_cast<std::size_t>(event.onset.shape)]);
      if (event.onset.fall) line += fmt::format(" in {:.0f} s", base::to_seconds(*event.onset.fall));
      line += fmt::format("; reachable {:.0f} %", 100 * event.reachable.lowest);
      if (event.reachable.usual) line += fmt::format(" of usually {:.0f} %", 100 * *event.reachable.usual);
    }
    if (!event.during.empty()) line += "; during instability";
    if (!event.path.empty()) line += "; path controls in " + event.path + " failed too";
  }
  if (event.kind == Kind::kInstability) line += fmt::format("; down {} times", event.flaps);
  return line;
}

std::string hosts_in_words(const Evidence& evidence, Moment moment) {
  std::map<HostVerdict, std::size_t> verdicts;
  std::string signs;
  for (const HostEvidence& host : evidence.hosts) {
    if (host.moment != moment) continue;
    ++verdicts[host.verdict];
    for (const HostSign sign : host.signs) {
      signs += fmt::format("{}{} ({})", signs.empty() ? "; signs: " : ", ",
                           kHostSignNames[static_cast<std::size_t>(sign)], host.target);
    }
  }
  std::string text;
  for (const auto& [verdict, count] : verdicts) {
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : ", ", count, kHostVerdictNames[static_cast<std::size_t>(verdict)]);
  }
  return text + signs;
}

std::vector<std::string> evidence_in_words(const Evidence& evidence) {
  std::vector<std::string> lines;
  if (std::string loss = loss_in_words(evidence); !loss.empty()) lines.push_back(std::move(loss));
  for (const Moment moment : {Moment::kStart, Moment::kEnd}) {
    const std::string hosts = hosts_in_words(evidence, moment);
    if (hosts.empty()) continue;
    lines.push_back(fmt::format("hosts at its {}: {}", kMomentNames[static_cast<std::size_t>(moment)], hosts));
  }
  for (const PacketFile& file : evidence.packets) {
    lines.push_back(fmt::format("packets at its {}: {} ({} packets, {}–{})",
                                kMomentNames[static_cast<std::size_t>(file.moment)], file.file,
                                with_commas(file.packets), clock_text(file.from), clock_text(file.to)));
  }
  return lines;
}

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace blipd::event
