#include "daemon/serve/series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/event/words.hpp"
#include "daemon/journal/history.hpp"
#include "daemon/serve/json_parts.hpp"
#include "daemon/serve/query.hpp"
#include "daemon/serve/text_body.hpp"
#include "daemon/serve/time_range.hpp"
#include "probes/base/text.hpp"

namespace blipd::serve {

namespace {

constexpr base::Duration kUsualRange = std::chrono::hours(24);
// Beyond these the journal has nothing, and arithmetic no room.
constexpr base::WallTime kEarliest{};
constexpr base::WallTime kLatest(std::chrono::hours(24 * 365 * 230));

struct Wish {
  std::string country, network, target, probe;  // empty: not asked for
  std::size_t points = 0;
  TimeRange range;
};

base::Expected<std::size_t> read_points(const std::string& text, std::size_t most) {
  std::size_t points = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), points);
  if (error != std::errc() || end != text.data() + text.size() || points < 1 || points > most) {
    return base::fail("points: '{}' is no number from 1 to {}", text.substr(0, 64), most);
  }
  return points;
}

base::Expected<Wish> read_wish(std::string_view target, base::WallTime now, const SeriesLimits& limits) {
  const auto parameters = parse_query(target);
  if (!parameters) return tl::make_unexpected(parameters.error());
  Wish wish;
  RangeReader times;
  std::string points;
  const std::array<std::pair<std::string_view, std::string*>, 5> texts = {{{"country", &wish.country},
                                                                           {"network", &wish.network},
                                                                           {"target", &wish.target},
                                                                           {"probe", &wish.probe},
                                                                           {"points", &points}}};
  for (const Parameter& parameter : *parameters) {
    const auto is_time = times.take(parameter);
    if (!is_time) return tl::make_unexpected(is_time.error());
    if (*is_time) continue;
    const auto* const text = std::ranges::find(texts, parameter.name, [](const auto& each) { return each.first; });
    if (text == texts.end()) {
      return base::fail("there is no parameter '{}'; there are country, network, target, probe, from, to and points",
                        parameter.name.substr(0, 64));
    }
    if (!text->second->empty()) return base::fail("{} is given twice; leave one out", parameter.name);
    if (parameter.value.empty()) return base::fail("{} is empty; leave it out, or name one", parameter.name);
    *text->second = parameter.value;
  }
  if (wish.country.empty()) return base::fail("say whose it is to be: country=, and network= and target= within it");
  if (wish.network.empty() && !wish.target.empty()) return base::fail("a target is one of a network; add network=");
  if (wish.target.empty() && !wish.probe.empty()) return base::fail("a probe is one of a target; add target=");
  wish.points = limits.usual_points;
  if (!points.empty()) {
    const auto read = read_points(points, limits.most_points);
    if (!read) return tl::make_unexpected(read.error());
    wish.points = *read;
  }
  const auto range = times.range(now, kUsualRange);
  if (!range) return tl::make_unexpected(range.error());
  if (range->from < kEarliest || range->to > kLatest) {
    return base::fail("{} to {} is not within {} to {}", base::format_time(range->from), base::format_time(range->to),
                      base::format_time(kEarliest), base::format_time(kLatest));
  }
  wish.range = *range;
  return wish;
}

// What a wish means in the plan.
struct Subject {
  std::string place;                                    // of a country or network
  std::vector<const config::PlannedChannel*> channels;  // of a target
};

// Says what there is instead, but no more than somebody would read.
std::string nobody(const char* what, const std::string& name, const std::string& where,
                   const std::vector<std::string_view>& names) {
  constexpr std::size_t kShown = 20;
  std::string text = fmt::format("there is no {} '{}'{}", what, name.substr(0, 64), where);
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) {
    fmt::format_to(std::back_inserter(text), "{}{}", i == 0 ? "; there is " : ", ", names[i]);
  }
  if (names.size() > kShown) fmt::format_to(std::back_inserter(text), " and {} more", names.size() - kShown);
  return text;
}

// Of the rows that `indices` name, the active one of that name; what the others are called goes into `names`.
template <class Indices, class Row, class Name>
const Row* find(const Indices& indices, const std::vector<Row>& rows, const std::string& wanted, const Name& name_of,
                std::vector<std::string_view>& names) {
  names.clear();
  for (const auto index : indices) {
    const Row& row = rows[index];
    if (!row.is_active) continue;
    if (name_of(row) == wanted) return &row;
    names.push_back(name_of(row));
  }
  return nullptr;
}

base::Expected<Subject> find_subject(const Wish& wish, const config::Plan& plan) {
  std::vector<std::string_view> names;
  std::vector<config::CountryIndex> all(plan.countries.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<config::CountryIndex>(i);
  const auto name = [](const auto& row) { return std::string_view(row.name); };
  const auto* const country = find(
      all, plan.countries, wish.country, [](const auto& row) { return std::string_view(row.code); }, names);
  if (country == nullptr) return base::fail("{}", nobody("country", wish.country, "", names));
  Subject subject;
  subject.place = country->code;
  if (wish.network.empty()) return subject;
  const auto* const network = find(country->networks, plan.networks, wish.network, name, names);
  if (network == nullptr) return base::fail("{}", nobody("network", wish.network, " in " + wish.country, names));
  subject.place += '/' + network->name;
  if (wish.target.empty()) return subject;
  const auto* const target = find(network->targets, plan.targets, wish.target, name, names);
  if (target == nullptr) return base::fail("{}", nobody("target", wish.target, " in " + subject.place, names));
  subject.place += '/' + target->name;
  names.clear();
  for (const config::ChannelIndex index : plan.channels_of(*target)) {
    const config::PlannedChannel& channel = plan.channels[index];
    if (!channel.is_active) continue;
    if (wish.probe.empty() || channel.spec().name == wish.probe) subject.channels.push_back(&channel);
    names.push_back(channel.spec().name);
  }
  if (subject.channels.empty() && !wish.probe.empty()) {
    return base::fail("{}", nobody("probe", wish.probe, " of " + subject.place, names));
  }
  return subject;
}

struct Found {
  std::string source = "none";
  std::string problem;
  std::vector<journal::StateBin> states;
  std::vector<std::vector<journal::ChannelBin>> channels;  // as the subject's
};

Found read(const Wish& wish, const Subject& subject, const journal::Bins& bins, const Published& value,
           const SeriesLimits& limits) {
  Found found;
  if (!value.journal) {
    found.problem = "no journal is kept; set journal: to a file";
  } else {
    try {
      journal::History history(value.journal->path);
      history.limit_time(limits.patience);
      if (wish.target.empty()) found.states = history.states(subject.place, bins);
      for (const config::PlannedChannel* channel : subject.channels) {
        found.channels.push_back(history.channel(subject.place + '/' + channel->spec().name, bins));
      }
      found.source = "journal";
      if (!value.journal->is_writing) {
        found.problem = fmt::format("the journal is not being written ({})", value.journal->problem);
      }
    } catch (const journal::SqlFailure& failure) {
      found.problem = fmt::format("the journal cannot be read ({})", failure.error().text);
    }
  }
  found.states.resize(bins.count);
  found.channels.resize(subject.channels.size(), std::vector<journal::ChannelBin>());
  for (auto& channel : found.channels) channel.resize(bins.count);
  return found;
}

using Out = std::back_insert_iterator<std::string>;

void put(Out out, const std::optional<float>& value) {
  if (value) {
    fmt::format_to(out, "{:.6g}", *value);
  } else {
    fmt::format_to(out, "null");
  }
}
void put(Out out, base::Duration value) { fmt::format_to(out, "{:.10g}", base::to_seconds(value)); }
template <class Count>
requires std::is_integral_v<Count>
void put(Out out, Count value) { fmt::format_to(out, "{}", value); }

// One array: what `member` finds in each bin.
template <class Bin, class Member>
void append(std::string& text, std::string_view name, const std::vector<Bin>& bins, const Member& member) {
  const Out out(text);
  fmt::format_to(out, "{}\"{}\":[", text.ends_with('{') ? "" : ",", name);
  for (std::size_t i = 0; i < bins.size(); ++i) {
    if (i > 0) text += ',';
    put(out, member(bins[i]));
  }
  text += ']';
}

void append_states(std::string& text, const std::vector<journal::StateBin>& bins) {
  using Bin = journal::StateBin;
  text += "\"states\":{";
  append(text, "reachable", bins, [](const Bin& bin) { return bin.reachable; });
  append(text, "least_reachable", bins, [](const Bin& bin) { return bin.least_reachable; });
  append(text, "usual", bins, [](const Bin& bin) { return bin.usual_reachable; });
  append(text, "minutes", bins, [](const Bin& bin) { return bin.minutes; });
  append(text, "down_seconds", bins, [](const Bin& bin) { return bin.down; });
  append(text, "unknown_seconds", bins, [](const Bin& bin) { return bin.unknown; });
  append(text, "unstable_minutes", bins, [](const Bin& bin) { return bin.minutes_unstable; });
  for (std::size_t state = 0; state < detect::kNetworkStateNames.size(); ++state) {
    append(text, detect::kNetworkStateNames[state], bins, [state](const Bin& bin) { return bin.minutes_in[state]; });
  }
  append(text, "answered", bins, [](const Bin& bin) { return bin.answered; });
  append(text, "lost", bins, [](const Bin& bin) { return bin.lost; });
  append(text, "rtt_median", bins, [](const Bin& bin) { return bin.rtt_median; });
  text += '}';
}

void append_channel(std::string& text, const probes::ProbeSpec& spec, const std::vector<journal::ChannelBin>& bins) {
  using Bin = journal::ChannelBin;
  using journal::RttSpread;
  constexpr std::array<std::pair<const char*, float RttSpread::*>, 7> kPoints = {{{"least", &RttSpread::least},
                                                                                  {"p10", &RttSpread::p10},
                                                                                  {"p25", &RttSpread::p25},
                                                                                  {"p50", &RttSpread::p50},
                                                                                  {"p75", &RttSpread::p75},
                                                                                  {"p90", &RttSpread::p90},
                                                                                  {"most", &RttSpread::most}}};
  fmt::format_to(Out(text), "{{\"probe\":{},\"type\":\"{}\"", event::json_text(spec.name),
                 kProbeTypes[spec.ask.index()]);
  append(text, "minutes", bins, [](const Bin& bin) { return bin.minutes; });
  append(text, "answered", bins, [](const Bin& bin) { return bin.answered; });
  append(text, "lost", bins, [](const Bin& bin) { return bin.lost; });
  append(text, "aborted", bins, [](const Bin& bin) { return bin.aborted; });
  append(text, "late", bins, [](const Bin& bin) { return bin.late; });
  text += ",\"rtt\":{";
  for (const auto& [name, point] : kPoints) {
    append(text, name, bins,
           [point = point](const Bin& bin) { return bin.rtt ? std::optional((*bin.rtt).*point) : std::nullopt; });
  }
  text += "}}";
}

std::string name_or_null(const std::string& name) { return name.empty() ? "null" : event::json_text(name); }

Reply refusal(unsigned status, const std::string& text) {
  Reply reply;
  reply.status = status;
  reply.content_type = "application/json";
  reply.body = fmt::format("{{\"error\":{}}}\n", event::json_text(text));
  return reply;
}

// Those who are asked no more have a past for as long as minutes are kept.
bool is_on_record(const std::string& place, const Published& value, const SeriesLimits& limits) {
  if (!value.journal) return false;
  try {
    journal::JournalReader reader(value.journal->path);
    reader.limit_time(limits.patience);
    return std::ranges::count(reader.places(), place) > 0;
  } catch (const journal::SqlFailure&) {
    return false;
  }
}

}  // namespace

Reply series_reply(std::string_view target, const Published& value, const SeriesLimits& limits) {
  const auto wish = read_wish(target, value.snapshot->taken, limits);
  if (!wish) return refusal(400, wish.error().text);
  auto subject = find_subject(*wish, *value.snapshot->plan);
  if (!subject && wish->target.empty()) {
    const std::string place = wish->network.empty() ? wish->country : wish->country + '/' + wish->network;
    if (is_on_record(place, value, limits)) subject = Subject{place, {}};
  }
  if (!subject) return refusal(404, subject.error().text);
  const journal::Bins bins = journal::bins_for(wish->range.from, wish->range.to, wish->points);
  const Found found = read(*wish, *subject, bins, value, limits);

  std::string text;
  fmt::format_to(Out(text),
                 "{{\"from\":\"{}\",\"to\":\"{}\",\"step_seconds\":{},\"source\":\"{}\",\"problem\":{},\"country\":{},"
                 "\"network\":{},\"target\":{},\"times\":[",
                 base::format_time(wish->range.from), base::format_time(wish->range.to),
                 std::chrono::duration_cast<std::chrono::seconds>(bins.width).count(), found.source,
                 event::json_text(found.problem), event::json_text(wish->country), name_or_null(wish->network),
                 name_or_null(wish->target));
  for (std::size_t i = 0; i < bins.count; ++i) {
    const auto start = std::chrono::floor<std::chrono::seconds>(bins.start_of(i).time_since_epoch());
    fmt::format_to(Out(text), "{}{}", i > 0 ? "," : "", start.count());
  }
  text += "],\n";
  if (wish->target.empty()) {
    append_states(text, found.states);
  } else {
    text += "\"channels\":[";
    for (std::size_t i = 0; i < subject->channels.size(); ++i) {
      if (i > 0) text += ",\n";
      append_channel(text, subject->channels[i]->spec(), found.channels[i]);
    }
    text += ']';
  }
  text += "}\n";
  Reply reply;
  reply.content_type = "application/json";
  reply.stream = std::make_unique<TextBody>(std::move(text));
  return reply;
}

}  // namespace blipd::serve
