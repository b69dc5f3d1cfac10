#include "daemon/serve/series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/journal/history.hpp"
#include "daemon/serve/json_parts.hpp"
#include "daemon/serve/time_range.hpp"
#include "probes/base/text.hpp"

namespace blipd::serve {

namespace {

constexpr base::Duration kUsualRange = std::chrono::hours(24);
constexpr base::Duration kPatience = std::chrono::seconds(5);
constexpr std::size_t kMostNamed = 20;

struct Question {
  std::string country, network, target, probe;  // empty: not asked about
  TimeRange range;
  std::size_t points = kUsualPoints;
};

struct Refusal {
  unsigned status = 400;
  std::string text;
};

template <class T>
using Found = tl::expected<T, Refusal>;

tl::unexpected<Refusal> refuse(unsigned status, std::string text) {
  return tl::unexpected<Refusal>(Refusal{status, std::move(text)});
}

Found<Question> read_question(std::string_view target, base::WallTime now) {
  const auto parameters = parse_query(target);
  if (!parameters) return refuse(400, parameters.error().text);
  Question question;
  std::string points;
  const std::array<std::pair<std::string_view, std::string*>, 5> known = {{{"country", &question.country},
                                                                           {"network", &question.network},
                                                                           {"target", &question.target},
                                                                           {"probe", &question.probe},
                                                                           {"points", &points}}};
  for (const Parameter& parameter : *parameters) {
    if (parameter.name == "from" || parameter.name == "to") continue;
    if (std::ranges::none_of(known, [&](const auto& each) { return each.first == parameter.name; })) {
      return refuse(400,
                    fmt::format("there is no parameter '{}'; there are country, network, target, probe, from, to and "
                                "points",
                                parameter.name.substr(0, 64)));
    }
  }
  for (const auto& [name, into] : known) {
    const auto value = find_parameter(*parameters, name);
    if (!value) return refuse(400, value.error().text);
    if (*value != nullptr) *into = **value;
  }
  if (question.country.empty()) return refuse(400, "country is missing; say whose series is wanted");
  if (question.network.empty() && !question.target.empty()) return refuse(400, "target needs network as well");
  if (question.target.empty() && !question.probe.empty()) return refuse(400, "probe needs target as well");
  if (!points.empty()) {
    char* end = nullptr;
    const auto number = std::strtoul(points.c_str(), &end, 10);
    if (*end != '\0' || number < 1 || number > kMostPoints) {
      return refuse(400,
                    fmt::format("points: '{}' is not a whole number from 1 to {}", points.substr(0, 64), kMostPoints));
    }
    question.points = number;
  }
  const auto range = time_range(*parameters, now, kUsualRange);
  if (!range) return refuse(400, range.error().text);
  question.range = *range;
  return question;
}

// Of the names that there are, those that one could have meant.
std::string offer(const std::set<std::string>& names) {
  if (names.empty()) return "there is none";
  std::vector<std::string> shown(names.begin(), names.end());
  const bool is_cut = shown.size() > kMostNamed;
  if (is_cut) shown.resize(kMostNamed);
  return fmt::format("there are {}{}", fmt::join(shown, ", "), is_cut ? ", …" : "");
}

struct Way {
  std::string probe;
  const char* type = "";
};

// Whether it is asked, or once was; the ways in which a target is asked.
Found<std::vector<Way>> find_place(const Question& question, const config::Plan& plan,
                                   const std::vector<std::string>& past) {
  std::set<std::string> countries, networks, targets, probes;
  std::vector<Way> ways;
  bool is_network = false, is_target = false, is_country = false;
  for (const config::PlannedCountry& country : plan.countries) {
    if (!country.is_active) continue;
    countries.insert(country.code);
    if (country.code != question.country) continue;
    is_country = true;
    for (const auto n : country.networks) {
      const config::PlannedNetwork& network = plan.networks[n];
      if (!network.is_active) continue;
      networks.insert(network.name);
      if (network.name != question.network) continue;
      is_network = true;
      for (const auto t : network.targets) {
        if (!plan.targets[t].is_active) continue;
        targets.insert(plan.targets[t].name);
        if (plan.targets[t].name != question.target) continue;
        is_target = true;
        for (const auto c : plan.targets[t].channels) {
          if (!plan.channels[c].is_active) continue;
          const probes::ProbeSpec& spec = plan.channels[c].spec();
          probes.insert(spec.name);
          if (!question.probe.empty() && spec.name != question.probe) continue;
          ways.push_back({spec.name, kProbeTypes[spec.ask.index()]});
        }
      }
    }
  }
  // States of those who are asked no more are on record for as long as minutes are kept.
  for (const std::string& place : past) {
    is_country = is_country || place == question.country;
    is_network = is_network || place == question.country + "/" + question.network;
  }
  if (!is_country) return refuse(404, fmt::format("country '{}' is not known; {}", question.country, offer(countries)));
  if (!question.network.empty() && !is_network) {
    return refuse(404, fmt::format("network '{}' is not known; {}", question.network, offer(networks)));
  }
  if (!question.target.empty() && !is_target) {
    return refuse(404, fmt::format("target '{}' is not known; {}", question.target, offer(targets)));
  }
  if (!question.probe.empty() && ways.empty()) {
    return refuse(404, fmt::format("probe '{}' is not known; {}", question.probe, offer(probes)));
  }
  return ways;
}

void put(std::string& out, const std::optional<float>& value) {
  if (value) {
    fmt::format_to(std::back_inserter(out), "{:.6g}", *value);
  } else {
    out += "null";
  }
}
template <class T>
void put(std::string& out, const T& value) {
  fmt::format_to(std::back_inserter(out), "{}", value);
}

// `"name":[…]`, a value a bin.
template <class Bin, class Value>
void column(std::string& out, std::string_view name, const std::vector<Bin>& bins, Value value) {
  fmt::format_to(std::back_inserter(out), "{}\"{}\":[", out.back() == '{' ? "" : ",", name);
  for (std::size_t i = 0; i < bins.size(); ++i) {
    if (i > 0) out += ',';
    put(out, value(bins[i]));
  }
  out += ']';
}

std::string states_json(const std::vector<journal::StateBin>& bins) {
  using Bin = journal::StateBin;
  std::string out = "{";
  column(out, "reachable", bins, [](const Bin& b) { return b.reachable; });
  column(out, "least_reachable", bins, [](const Bin& b) { return b.least_reachable; });
  column(out, "usual", bins, [](const Bin& b) { return b.usual_reachable; });
  column(out, "minutes", bins, [](const Bin& b) { return b.minutes; });
  column(out, "down_seconds", bins, [](const Bin& b) { return base::to_seconds(b.down); });
  column(out, "unknown_seconds", bins, [](const Bin& b) { return base::to_seconds(b.unknown); });
  column(out, "unstable_minutes", bins, [](const Bin& b) { return b.minutes_unstable; });
  for (std::size_t s = 0; s < pipeline::kNetworkStateNames.size(); ++s) {
    column(out, pipeline::kNetworkStateNames[s], bins, [s](const Bin& b) { return b.minutes_in[s]; });
  }
  column(out, "answered", bins, [](const Bin& b) { return b.answered; });
  column(out, "lost", bins, [](const Bin& b) { return b.lost; });
  column(out, "rtt_median", bins, [](const Bin& b) { return b.rtt_median; });
  return out + "}";
}

std::string channel_json(const Way& way, const std::vector<journal::ChannelBin>& bins) {
  using Bin = journal::ChannelBin;
  std::string out = fmt::format("{{\"probe\":{},\"type\":\"{}\"", text_of(Json(way.probe)), way.type);
  column(out, "minutes", bins, [](const Bin& b) { return b.minutes; });
  column(out, "answered", bins, [](const Bin& b) { return b.answered; });
  column(out, "lost", bins, [](const Bin& b) { return b.lost; });
  column(out, "aborted", bins, [](const Bin& b) { return b.aborted; });
  column(out, "late", bins, [](const Bin& b) { return b.late; });
  out += ",\"rtt\":{";
  const auto point = [&](std::string_view name, float journal::RttSpread::*member) {
    column(out, name, bins, [&](const Bin& b) { return b.rtt ? std::optional((*b.rtt).*member) : std::nullopt; });
  };
  point("least", &journal::RttSpread::least);
  point("p10", &journal::RttSpread::p10);
  point("p25", &journal::RttSpread::p25);
  point("p50", &journal::RttSpread::p50);
  point("p75", &journal::RttSpread::p75);
  point("p90", &journal::RttSpread::p90);
  point("most", &journal::RttSpread::most);
  return out + "}}";
}

std::string place_of(const Question& question, const std::string& probe) {
  std::string place = question.country;
  for (const std::string* part : {&question.network, &question.target, &probe}) {
    if (!part->empty()) place += "/" + *part;
  }
  return place;
}

Reply json_reply(unsigned status, std::string body) {
  Reply reply;
  reply.status = status;
  reply.content_type = "application/json";
  reply.is_compressible = true;
  reply.body = std::move(body);
  return reply;
}

Found<std::string> answer(const Question& question, const Published& value) {
  const config::Plan& plan = *value.snapshot->plan;
  const journal::Bins bins = journal::bins_for(question.range.from, question.range.to, question.points);
  std::string problem;
  std::vector<std::string> past;
  std::optional<journal::History> history;
  if (value.journal) {
    journal::JournalReader reader(value.journal->path);
    reader.limit_time(kPatience);
    past = reader.places();
    history.emplace(value.journal->path);
    history->limit_time(kPatience);
    if (!value.journal->is_writing) {
      problem =
          fmt::format("the journal is not being written ({}); the latest minutes are missing", value.journal->problem);
    }
  } else {
    problem = "no journal is kept, so nothing is on record";
  }
  const auto ways = find_place(question, plan, past);
  if (!ways) return tl::unexpected<Refusal>(ways.error());

  std::string body = fmt::format(
      R"({{"from":"{}","to":"{}","step_seconds":{},"source":"{}","problem":{},"country":{},"network":{},"target":{})",
      base::format_time(question.range.from), base::format_time(question.range.to), base::to_seconds(bins.width),
      history ? "journal" : "none", text_of(Json(problem)), text_of(Json(question.country)),
      text_of(Json(question.network)), text_of(Json(question.target)));
  std::vector<std::size_t> numbers(bins.count);
  for (std::size_t i = 0; i < bins.count; ++i) numbers[i] = i;
  column(body, "times", numbers, [&](std::size_t i) {
    return std::chrono::duration_cast<std::chrono::seconds>(bins.start_of(i).time_since_epoch()).count();
  });
  if (question.target.empty()) {
    const std::string place = place_of(question, "");
    body += ",\"states\":" +
            states_json(history ? history->states(place, bins) : std::vector<journal::StateBin>(bins.count));
  } else {
    body += ",\"channels\":[";
    for (const Way& way : *ways) {
      if (body.back() != '[') body += ',';
      const std::string place = place_of(question, way.probe);
      body += channel_json(way, history ? history->channel(place, bins) : std::vector<journal::ChannelBin>(bins.count));
    }
    body += ']';
  }
  return body + "}\n";
}

}  // namespace

Reply series_reply(std::string_view target, const Published& value) {
  const auto refusal = [](const Refusal& why) {
    return json_reply(why.status, fmt::format("{{\"error\":{}}}\n", text_of(Json(why.text))));
  };
  const auto question = read_question(target, value.snapshot->taken);
  if (!question) return refusal(question.error());
  try {
    auto body = answer(*question, value);
    return body ? json_reply(200, std::move(*body)) : refusal(body.error());
  } catch (const journal::SqlFailure& failure) {
    return refusal({503, fmt::format("the journal cannot be read ({})", failure.error().text)});
  }
}

}  // namespace blipd::serve
