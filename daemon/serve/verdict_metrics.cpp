#include "daemon/serve/verdict_metrics.hpp"

#include <algorithm>
#include <array>

#include "daemon/detect/flaps.hpp"
#include "daemon/event/event.hpp"
#include "daemon/serve/host_verdicts.hpp"
#include "probes/base/text.hpp"

namespace blipd::serve {

namespace {

// Calls put(labels, index) for each network of a country. Networks of controls have no state of their own.
template <class Put>
void for_each_network(const pipeline::Snapshot& snapshot, const Put& put) {
  const config::Plan& plan = *snapshot.plan;
  for (std::size_t i = 0; i < plan.networks.size() && i < snapshot.networks.size(); ++i) {
    const config::PlannedNetwork& network = plan.networks[i];
    if (!network.is_active || network.is_control()) continue;
    put(Labels{label("country", plan.countries[*network.country].code), label("network", network.name)}, i);
  }
}

template <class Put>
void for_each_country(const pipeline::Snapshot& snapshot, const Put& put) {
  const auto& countries = snapshot.plan->countries;
  for (std::size_t i = 0; i < countries.size() && i < snapshot.countries.size(); ++i) {
    if (countries[i].is_active) put(Labels{label("country", countries[i].code)}, i);
  }
}

void add_penalties(Families& out, const Labels& labels, const detect::Stability& stability, const config::Plan& plan) {
  const base::Duration own = plan.configuration.detect.flap_half_life;
  const auto put = [&](base::Duration half_life, double penalty) {
    Labels all = labels;
    all.push_back(label("half_life", base::format_duration(half_life)));
    out.put(std::move(all), penalty);
  };
  put(own, stability.penalty);
  if (own != detect::kRouterHalfLife) put(detect::kRouterHalfLife, stability.router_penalty);
}

// Calls put(labels, stability) for each network and then, without the label `network`, each country.
template <class Put>
void for_each_stability(const pipeline::Snapshot& snapshot, const Put& put) {
  for_each_network(snapshot, [&](const Labels& labels, std::size_t i) { put(labels, snapshot.networks[i].stability); });
  for_each_country(snapshot,
                   [&](const Labels& labels, std::size_t i) { put(labels, snapshot.countries[i].stability); });
}

void add_outages(Families& out, const pipeline::Snapshot& snapshot) {
  const auto by_class = [&](const char* name, const char* help, const auto& value) {
    out.begin(MetricType::Counter, name, help);
    for_each_stability(snapshot, [&](const Labels& labels, const detect::Stability& stability) {
      for (std::size_t i = 0; i < stability.outages.size(); ++i) {
        Labels all = labels;
        all.push_back(label("class", detect::kCountedNames[i]));
        out.put(std::move(all), value(stability.outages[i]));
      }
    });
  };
  by_class("blipd_outages_total",
           "Outages since the start: of a network and, without that label, of a country; a flap is a blip during an "
           "instability.",
           [](const detect::OutageTally::Row& row) { return static_cast<double>(row.count); });
  by_class("blipd_outage_seconds_total", "How long these took.",
           [](const detect::OutageTally::Row& row) { return row.seconds; });
  out.begin(MetricType::Gauge, "blipd_outage_start_timestamp_seconds", "When the open outage began; 0 without one.");
  for_each_stability(snapshot, [&](const Labels& labels, const detect::Stability& stability) {
    out.put(labels, stability.outage_start ? base::to_unix_seconds(*stability.outage_start) : 0.0);
  });
  out.begin(MetricType::Gauge, "blipd_outage_sustained",
            "1 once an outage is known to have lasted detect.sustained, until a relapse would be another outage.");
  for_each_stability(snapshot, [&](const Labels& labels, const detect::Stability& stability) {
    out.put(labels, stability.is_sustained ? 1 : 0);
  });
  out.gauge("blipd_sustained_seconds", "How long an outage must last to be sustained: detect.sustained.",
            base::to_seconds(snapshot.plan->configuration.detect.sustained));
}

// How the outage of a network or a country that is open began, as far as it is known.
const event::Event* open_outage(const pipeline::Snapshot& snapshot, std::string_view country,
                                std::string_view network) {
  return snapshot.open_events.find(country, network, event::Kind::kOutage);
}

void add_onsets(Families& out, const pipeline::Snapshot& snapshot) {
  const config::Plan& plan = *snapshot.plan;
  const auto for_each_place = [&](const auto& put) {
    for_each_network(snapshot, [&](const Labels& labels, std::size_t i) {
      const config::PlannedNetwork& network = plan.networks[i];
      put(labels, open_outage(snapshot, plan.countries[*network.country].code, network.name));
    });
    for_each_country(snapshot, [&](const Labels& labels, std::size_t i) {
      put(labels, open_outage(snapshot, plan.countries[i].code, ""));
    });
  };
  out.begin(MetricType::Gauge, "blipd_outage_shape", "1 for how the open outage began, or for none, else 0.");
  for_each_place([&](const Labels& labels, const event::Event* outage) {
    std::array<const char*, event::kShapeNames.size() + 1> names{};
    std::ranges::copy(event::kShapeNames, names.begin());
    names.back() = "none";
    const std::size_t none = event::kShapeNames.size();
    out.states(labels, "shape", names, outage ? static_cast<std::size_t>(outage->onset.shape) : none);
  });
  out.begin(MetricType::Gauge, "blipd_outage_fall_seconds",
            "How long the open outage's fall from 90 % to 10 % of what was reachable took; NaN without one.");
  for_each_place([&](const Labels& labels, const event::Event* outage) {
    out.put(labels, outage && outage->onset.fall ? base::to_seconds(*outage->onset.fall) : kNan);
  });
}

void add_networks(Families& out, const pipeline::Snapshot& snapshot) {
  const auto gauge = [&](const char* name, const char* help, const auto& value) {
    out.begin(MetricType::Gauge, name, help);
    for_each_network(snapshot,
                     [&](const Labels& labels, std::size_t i) { out.put(labels, value(snapshot.networks[i])); });
  };
  using pipeline::NetworkRow;
  out.begin(MetricType::Gauge, "blipd_network_state", "1 for the state that the network is in, else 0.");
  for_each_network(snapshot, [&](const Labels& labels, std::size_t i) {
    out.states(labels, "state", pipeline::kNetworkStateNames, snapshot.networks[i].state);
  });
  gauge("blipd_network_evidence", "Log-likelihood ratio of down against up: positive speaks for down, negative for up.",
        [](const NetworkRow& row) { return row.evidence; });
  gauge("blipd_network_reachable_ratio", "Share of the network's voting targets that are up; NaN if unknown.",
        [](const NetworkRow& row) { return or_nan(row.reachable_ratio); });
  gauge("blipd_network_usual_reachable_ratio", "What the reachable ratio usually is; NaN until learned.",
        [](const NetworkRow& row) { return or_nan(row.usual_reachable_ratio); });
  gauge("blipd_network_unstable", "1 while it goes down more often than is usual there, else 0.",
        [](const NetworkRow& row) { return row.stability.is_unstable ? 1.0 : 0.0; });
  gauge("blipd_network_usual_flaps_per_day", "How often a day the network usually goes down.",
        [](const NetworkRow& row) { return row.stability.usual_per_day; });
  out.begin(MetricType::Gauge, "blipd_network_flap_penalty", "Flap penalty (RFC 2439) by its half-life.");
  for_each_network(snapshot, [&](const Labels& labels, std::size_t i) {
    add_penalties(out, labels, snapshot.networks[i].stability, *snapshot.plan);
  });
  out.begin(MetricType::Gauge, "blipd_network_weight", "Configured weight of the network in its country.");
  for_each_network(snapshot,
                   [&](const Labels& labels, std::size_t i) { out.put(labels, snapshot.plan->networks[i].weight); });
  out.begin(MetricType::Gauge, "blipd_network_info", "What is configured about the network; always 1.");
  for_each_network(snapshot, [&](Labels labels, std::size_t i) {
    const config::PlannedNetwork& network = snapshot.plan->networks[i];
    labels.push_back(label("asn", network.asn ? std::to_string(*network.asn) : ""));
    labels.push_back(label("access", network.access));
    labels.push_back(label("upstream", network.upstream));
    out.put(std::move(labels), 1);
  });
}

void add_countries(Families& out, const pipeline::Snapshot& snapshot) {
  const auto gauge = [&](const char* name, const char* help, const auto& value) {
    out.begin(MetricType::Gauge, name, help);
    for_each_country(snapshot,
                     [&](const Labels& labels, std::size_t i) { out.put(labels, value(snapshot.countries[i])); });
  };
  using pipeline::CountryRow;
  out.begin(MetricType::Gauge, "blipd_country_level", "1 for the level that the country is at, else 0.");
  for_each_country(snapshot, [&](const Labels& labels, std::size_t i) {
    out.states(labels, "level", pipeline::kCountryLevelNames, snapshot.countries[i].level);
  });
  gauge("blipd_country_reachable_ratio", "Share of the country that is reachable, by network weight; NaN if unknown.",
        [](const CountryRow& row) { return or_nan(row.reachable_ratio); });
  gauge("blipd_country_usual_reachable_ratio", "What the reachable ratio usually is; NaN until learned.",
        [](const CountryRow& row) { return or_nan(row.usual_reachable_ratio); });
  gauge("blipd_country_unstable", "1 while it, or enough of its networks, goes down more often than usual, else 0.",
        [](const CountryRow& row) { return row.stability.is_unstable ? 1.0 : 0.0; });
  gauge("blipd_country_usual_flaps_per_day", "How often a day the country usually goes down in whole or in part.",
        [](const CountryRow& row) { return row.stability.usual_per_day; });
  out.begin(MetricType::Gauge, "blipd_country_split",
            "1 while some of the country's networks are another process's to ask, so that nothing is said of it as a "
            "whole; else 0.");
  for_each_country(snapshot, [&](const Labels& labels, std::size_t i) {
    out.put(labels, snapshot.plan->countries[i].is_split ? 1 : 0);
  });
  out.begin(MetricType::Gauge, "blipd_country_info", "What is configured about the country; always 1.");
  for_each_country(snapshot, [&](Labels labels, std::size_t i) {
    labels.push_back(label("name", snapshot.plan->countries[i].name));
    out.put(std::move(labels), 1);
  });
}

void add_hosts(Families& out, const pipeline::Snapshot& snapshot) {
  const std::vector<HostCounts> counts = count_hosts(snapshot);
  out.begin(MetricType::Gauge, "blipd_network_hosts",
            "Targets of the network by what all ways of asking say together.");
  for_each_network(snapshot, [&](const Labels& labels, std::size_t i) {
    for (std::size_t v = 0; v < counts[i].size(); ++v) {
      Labels all = labels;
      all.push_back(label("verdict", event::kHostVerdictNames[v]));
      out.put(std::move(all), counts[i][v]);
    }
  });
  out.counter("blipd_interference_signs_passed_over_total",
              "Signs of interference of targets beyond those that signs are kept of.", snapshot.signs_passed_over);
}

}  // namespace

void add_verdicts(Families& out, const pipeline::Snapshot& snapshot) {
  add_countries(out, snapshot);
  add_networks(out, snapshot);
  add_outages(out, snapshot);
  add_onsets(out, snapshot);
  add_hosts(out, snapshot);
}

}  // namespace blipd::serve
