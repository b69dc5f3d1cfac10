#include "daemon/serve/news.hpp"

#include <fmt/format.h>

#include <utility>

#include "daemon/event/json.hpp"
#include "daemon/serve/json_parts.hpp"
#include "probes/base/text.hpp"

namespace blipd::serve {

namespace {

// Until a minute that is over can be read from the journal.
constexpr base::Duration kWritten = std::chrono::seconds(3);

template <class Row>
void add_row(const Row& row, Json& json) {
  json["since"] = maybe(row.since);
  json["reachable_ratio"] = maybe(row.reachable_ratio);
  json["usual_reachable_ratio"] = maybe(row.usual_reachable_ratio);
  json["unstable"] = row.stability.is_unstable;
}

std::string verdicts_json(const pipeline::Snapshot& snapshot) {
  const config::Plan& plan = *snapshot.plan;
  Json vantage{
      {"state", name_of(pipeline::kVantageStateNames, snapshot.vantage.state)},
      {"since", maybe(snapshot.vantage.since)},
      {"control_answer_ratio", maybe(snapshot.vantage.control_answer_ratio)},
  };
  Json countries = Json::array();
  for (std::size_t c = 0; c < plan.countries.size() && c < snapshot.countries.size(); ++c) {
    if (!plan.countries[c].is_active) continue;
    const pipeline::CountryRow& row = snapshot.countries[c];
    Json country{{"code", plan.countries[c].code},
                 {"name", plan.countries[c].name},
                 {"level", name_of(pipeline::kCountryLevelNames, row.level)}};
    add_row(row, country);
    Json& networks = country["networks"] = Json::array();
    for (const auto n : plan.countries[c].networks) {
      if (n >= snapshot.networks.size() || !plan.networks[n].is_active) continue;
      const pipeline::NetworkRow& of = snapshot.networks[n];
      Json network{{"name", plan.networks[n].name}, {"state", name_of(pipeline::kNetworkStateNames, of.state)}};
      add_row(of, network);
      networks.push_back(std::move(network));
    }
    countries.push_back(std::move(country));
  }
  return fmt::format(R"("vantage":{},"countries":{})", text_of(vantage), text_of(countries));
}

// JSON of ours has no line ends, which would end the field.
std::string message(const char* kind, const std::string& data) {
  return fmt::format("event: {}\ndata: {}\n\n", kind, data);
}

}  // namespace

std::string News::since(const Published& value) {
  const pipeline::Snapshot& snapshot = *value.snapshot;
  const bool is_first = standing_.empty();
  std::string news;

  std::string verdicts = verdicts_json(snapshot);
  const bool is_changed = verdicts != std::exchange(verdicts_, verdicts);
  standing_ = message("status", fmt::format(R"({{"taken":"{}",{}}})", base::format_time(snapshot.taken), verdicts));
  if (is_changed && !is_first) news += standing_;

  std::unordered_map<std::string, std::uint32_t> revisions;
  const auto look = [&](const event::Event& event) {
    revisions.insert_or_assign(event.id, event.revision);
    const auto known = revisions_.find(event.id);
    if (is_first || (known != revisions_.end() && known->second >= event.revision)) return;
    news += message("event", event::to_json(event));
  };
  if (value.ended) {
    for (const auto& event : *value.ended) look(*event);
  }
  for (const event::Event& event : snapshot.open_events) look(event);
  revisions_ = std::move(revisions);

  const base::WallTime minute = std::chrono::floor<std::chrono::minutes>(snapshot.taken - kWritten);
  if (std::exchange(minute_, minute) != minute && !is_first) {
    news += message("minute", fmt::format(R"({{"start":"{}"}})", base::format_time(minute - std::chrono::minutes(1))));
  }
  return news;
}

}  // namespace blipd::serve
