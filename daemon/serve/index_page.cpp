#include "daemon/serve/index_page.hpp"

#include <fmt/format.h>
#include <algorithm>

#include <iterator>
#include <optional>

#include "daemon/serve/text_format.hpp"
#include "daemon/serve/version.hpp"
#include "probes/base/text.hpp"

namespace blipd::serve {

namespace {

std::string percent(const std::optional<double>& ratio) {
  return ratio ? fmt::format("{:.0f} %", *ratio * 100) : "unknown";
}

std::string time_of(const std::optional<base::WallTime>& time) { return time ? base::format_time(*time) : "unknown"; }

void add_row(std::string& page, std::string_view kind, std::string_view name, const char* state,
             const std::optional<base::WallTime>& since, const std::optional<double>& reachable,
             const std::optional<double>& usual) {
  fmt::format_to(std::back_inserter(page),
                 "<tr class=\"{0}\"><th scope=\"row\">{1}</th><td class=\"{2}\">{2}</td><td>{3}</td><td>{4}</td>"
                 "<td>{5}</td></tr>\n",
                 kind, escape_html(name), state, time_of(since), percent(reachable), percent(usual));
}

void add_table(std::string& page, const pipeline::Snapshot& snapshot) {
  const config::Plan& plan = *snapshot.plan;
  page +=
      "<table>\n<thead><tr><th scope=\"col\">Where</th><th scope=\"col\">State</th><th scope=\"col\">Since</th>"
      "<th scope=\"col\">Reachable</th><th scope=\"col\">Usually</th></tr></thead>\n<tbody>\n";
  for (std::size_t c = 0; c < plan.countries.size() && c < snapshot.countries.size(); ++c) {
    const config::PlannedCountry& country = plan.countries[c];
    const pipeline::CountryRow& level = snapshot.countries[c];
    if (!country.is_active) continue;
    add_row(page, "country", country.name.empty() ? country.code : country.name,
            pipeline::kCountryLevelNames[static_cast<std::size_t>(level.level)], level.since, level.reachable_ratio,
            level.usual_reachable_ratio);
    for (const auto n : country.networks) {
      if (n >= snapshot.networks.size() || !plan.networks[n].is_active) continue;
      const pipeline::NetworkRow& row = snapshot.networks[n];
      add_row(page, "network", plan.networks[n].name, pipeline::kNetworkStateNames[static_cast<std::size_t>(row.state)],
              row.since, row.reachable_ratio, row.usual_reachable_ratio);
    }
  }
  page += "</tbody>\n</table>\n";
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : replace_invalid_utf8(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string index_page(const Published& published) {
  const pipeline::Snapshot& snapshot = *published.snapshot;
  const std::string vantage = escape_html(snapshot.plan->configuration.vantage_name);
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"refresh\" content=\"10\">\n<title>blipd on {0}</title>\n"
      "<link rel=\"stylesheet\" href=\"style.css\">\n</head>\n<body>\n<h1>blipd on {0}</h1>\n"
      "<p>This vantage point: <strong class=\"{1}\">{1}</strong>, controls answering: {2}. Taken at {3}.</p>\n",
      vantage, pipeline::kVantageStateNames[static_cast<std::size_t>(snapshot.vantage.state)],
      percent(snapshot.vantage.control_answer_ratio), base::format_time(snapshot.taken));
  if (!published.health.is_first_round_settled) {
    page += "<p>The first round of probes has not settled yet: what is said below is preliminary.</p>\n";
  }
  if (std::ranges::none_of(snapshot.plan->countries, &config::PlannedCountry::is_active)) {
    page += "<p>Nobody is watched: the configuration has no target.</p>\n";
  } else {
    add_table(page, snapshot);
  }
  fmt::format_to(std::back_inserter(page),
                 "<p><a href=\"metrics\">Metrics</a> · <a href=\"api/v1/status\">Status as JSON</a> · "
                 "<a href=\"-/healthy\">Healthy?</a> · <a href=\"-/ready\">Ready?</a></p>\n"
                 "<p>blipd {}. Times are in UTC.</p>\n</body>\n</html>\n",
                 kVersion);
  return page;
}

std::string_view style_sheet() {
  return "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;"
         "color:#1a1a1a;background:#fff}\n"
         "table{border-collapse:collapse;width:100%}\n"
         "th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #ddd;font-weight:normal}\n"
         "thead th,.country th{font-weight:bold}\n"
         ".network th{padding-left:1.5rem}\n"
         ".normal,.ok{color:#0a6b2d}\n"
         ".degraded,.partial,.recovering{color:#8a5a00}\n"
         ".outage,.total,.fault{color:#b00020;font-weight:bold}\n"
         ".unknown{color:#5a5a5a}\n"
         "@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}th,td{border-color:#3a3a3a}"
         "a{color:#8ab4f8}.normal,.ok{color:#6fd08c}.degraded,.partial,.recovering{color:#e8b45a}"
         ".outage,.total,.fault{color:#ff7a85}.unknown{color:#a0a0a0}}\n";
}

}  // namespace blipd::serve
