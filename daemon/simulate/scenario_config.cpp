#include "daemon/simulate/scenario_config.hpp"

#include "config/settings.hpp"

namespace blipd::simulate {

namespace {

std::vector<probes::ProbeSpec> ways_of(const Services& services, const Pace& pace, base::Duration interval) {
  std::vector<probes::ProbeSpec> ways;
  const auto add = [&](const char* name, auto ask) {
    probes::ProbeSpec spec;
    spec.name = name;
    spec.interval = interval;
    spec.timeout = pace.timeout;
    spec.rtt_buckets = config::default_rtt_buckets();
    spec.ask = std::move(ask);
    ways.push_back(std::move(spec));
  };
  if (services.icmp) add("ping", probes::IcmpSpec{});
  if (services.dns) {
    probes::DnsSpec dns;
    dns.query = ".";
    dns.record = "SOA";
    add("soa", dns);
  }
  if (!services.open.empty()) {
    probes::TcpSpec tcp;
    tcp.port = services.open.front();
    add("web", tcp);
  }
  if (ways.empty()) add("ping", probes::IcmpSpec{});
  return ways;
}

}  // namespace

config::Configuration configuration_of(const Scenario& scenario) {
  config::Configuration configuration;
  configuration.vantage_name = "simulated";
  config::Country country;
  country.code = scenario.code;
  country.name = scenario.name;
  for (const Network& network : scenario.networks) {
    config::Network planned;
    planned.name = network.name;
    planned.upstream = network.upstream;
    for (const Target& target : network.targets) {
      const base::Duration interval = network.is_control ? scenario.pace.control_interval : scenario.pace.interval;
      config::Target asked{target.name, target.address.to_string(), ways_of(target.services, scenario.pace, interval)};
      if (network.is_control) {
        asked.probes.resize(1);
        configuration.controls.push_back({std::move(asked), network.name, network.upstream});
      } else {
        planned.targets.push_back(std::move(asked));
      }
    }
    if (!network.is_control && !planned.targets.empty()) country.networks.push_back(std::move(planned));
  }
  configuration.countries.push_back(std::move(country));
  return configuration;
}

}  // namespace blipd::simulate
