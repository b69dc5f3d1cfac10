#include "daemon/serve/news.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/event/json.hpp"
#include "probes/base/text.hpp"

namespace blipd::serve {

namespace {

using nlohmann::ordered_json;

// Until a minute that is over can be read from the journal.
constexpr base::Duration kWritten = std::chrono::seconds(3);

ordered_json time_json(const std::optional<base::WallTime>& time) {
  return time ? ordered_json(base::format_time(*time)) : ordered_json(nullptr);
}

ordered_json ratio_json(const std::optional<double>& ratio) {
  return ratio ? ordered_json(*ratio) : ordered_json(nullptr);
}

template <class Row>
void add_row(const Row& row, ordered_json& json) {
  json["since"] = time_json(row.since);
  json["reachable_ratio"] = ratio_json(row.reachable_ratio);
  json["usual_reachable_ratio"] = ratio_json(row.usual_reachable_ratio);
  json["unstable"] = row.stability.is_unstable;
}

std::string verdicts_json(const pipeline::Snapshot& snapshot) {
  const config::Plan& plan = *snapshot.plan;
  ordered_json vantage{
      {"state", pipeline::kVantageStateNames[static_cast<std::size_t>(snapshot.vantage.state)]},
      {"since", time_json(snapshot.vantage.since)},
      {"control_answer_ratio", ratio_json(snapshot.vantage.control_answer_ratio)},
  };
  ordered_json countries = ordered_json::array();
  for (std::size_t c = 0; c < plan.countries.size() && c < snapshot.countries.size(); ++c) {
    if (!plan.countries[c].is_active) continue;
    const pipeline::CountryRow& row = snapshot.countries[c];
    ordered_json country{{"code", plan.countries[c].code},
                         {"name", plan.countries[c].name},
                         {"level", pipeline::kCountryLevelNames[static_cast<std::size_t>(row.level)]}};
    add_row(row, country);
    ordered_json& networks = country["networks"] = ordered_json::array();
    for (const auto n : plan.countries[c].networks) {
      if (n >= snapshot.networks.size() || !plan.networks[n].is_active) continue;
      const pipeline::NetworkRow& of = snapshot.networks[n];
      ordered_json network{{"name", plan.networks[n].name},
                           {"state", pipeline::kNetworkStateNames[static_cast<std::size_t>(of.state)]}};
      add_row(of, network);
      networks.push_back(std::move(network));
    }
    countries.push_back(std::move(country));
  }
  return fmt::format(R"("vantage":{},"countries":{})", vantage.dump(), countries.dump());
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
