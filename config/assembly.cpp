#include "config/assembly.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "config/names.hpp"
#include "probes/base/text.hpp"

namespace blipd::config {

namespace {

constexpr std::size_t kFewestControls = 5;
constexpr std::size_t kFewestControlNetworks = 3;
constexpr int kMostIntervalsInFlight = 10;
// What is polite without the owner's consent: a packet, and an exchange of some ten that is logged over there.
constexpr std::chrono::seconds kShortestPolite(1);
constexpr std::chrono::seconds kShortestPoliteHttp(10);

// "line 12", or "other.json line 12" when that is another file.
std::string describe(const Where& where, const std::string& file) {
  if (*where.file == file) return fmt::format("line {}", where.place.line);
  return fmt::format("{} line {}", *where.file, where.place.line);
}

// What ways of asking mostly differ in, should they differ.
std::string outline(const probes::ProbeSpec& spec) {
  const auto* const dns = std::get_if<probes::DnsSpec>(&spec.ask);
  return fmt::format("{} {} {} {}/", spec.name, spec.interval.count(), spec.timeout.count(), dns ? dns->query : "");
}

// The unit that the budget is counted by: an IPv4 /24 or an IPv6 /48.
base::Prefix budget_prefix(const base::Address& address) { return {address, address.is_v4() ? 24U : 48U}; }

}  // namespace

CountryDraft& Assembly::add_country(Country country, Place place, const Path& path, Faults& faults) {
  const Where where{&faults.file(), place};
  const auto taken = by_code_.find(country.code);
  const bool is_taken = !country.code.empty() && taken != by_code_.end();
  if (is_taken) {
    faults.fault(place, path,
                 fmt::format("country {} stands on {} already; put its networks there", cited(country.code),
                             describe(taken->second->where, faults.file())));
  }
  auto& drafts = is_taken || country.code.empty() ? discarded_ : countries_;
  CountryDraft& draft = drafts.emplace_back();
  draft.where = where;
  draft.path = path.to_string();
  draft.country = std::move(country);
  if (&drafts == &countries_) by_code_.emplace(draft.country.code, &draft);
  return draft;
}

NetworkDraft& Assembly::add_network(CountryDraft& country, Network network, Place place, const Path& path,
                                    Faults& faults) {
  const auto taken = country.by_name.find(network.name);
  const bool is_taken = taken != country.by_name.end();
  if (is_taken) {
    faults.fault(place, path,
                 fmt::format("network {} stands on {} already; name each network of a country once",
                             cited(network.name), describe(taken->second->where, faults.file())));
  }
  NetworkDraft& draft = (is_taken ? discarded_networks_ : country.networks).emplace_back();
  draft.where = {&faults.file(), place};
  draft.path = path.to_string();
  draft.network = std::move(network);
  if (!is_taken) country.by_name.emplace(draft.network.name, &draft);
  return draft;
}

CountryDraft* Assembly::find_country(const std::string& code) {
  const auto found = by_code_.find(code);
  return found == by_code_.end() ? nullptr : found->second;
}

void Assembly::set_ways(Target& target, const Settings* network, const ProbeList* network_list,
                        const TargetDraft& draft, Place place, const Path& path, Faults& faults) {
  std::vector<probes::ProbeSpec> specs =
      book_.specs(network, &draft.settings, draft.list ? &*draft.list : network_list);
  // Not that of std::ranges, whose subrange clang 14 cannot parse.
  const auto traces = std::stable_partition(specs.begin(), specs.end(), [](const probes::ProbeSpec& spec) {
    return !std::holds_alternative<probes::TraceSpec>(spec.ask);
  });
  if (traces == specs.begin() && !specs.empty()) {
    faults.fault(place, path, "only traces, which say nothing of whether it answers; add a probe, such as ping");
  }
  target.traces = shared({std::make_move_iterator(traces), std::make_move_iterator(specs.end())});
  specs.erase(traces, specs.end());
  target.probes = shared(std::move(specs));
}

Ways Assembly::shared(std::vector<probes::ProbeSpec> specs) {
  if (specs.empty()) return {};
  Ways made(std::move(specs));
  std::string outlines;
  for (const probes::ProbeSpec& spec : made) outlines += outline(spec);
  std::vector<Ways>& alike = ways_[outlines];
  const auto known = std::ranges::find(alike, made);
  return known == alike.end() ? alike.emplace_back(std::move(made)) : *known;
}

void Assembly::add_target(NetworkDraft& network, const TargetDraft& draft, Place place, const Path& path,
                          Faults& faults) {
  const auto [taken, is_new] = network.targets.emplace(draft.name, Where{&faults.file(), place});
  if (!is_new) {
    faults.fault(place, path,
                 fmt::format("target {} stands on {} already; name each target of a network once", cited(draft.name),
                             describe(taken->second, faults.file())));
    return;
  }
  Target target{draft.name, draft.host, {}, {}};
  set_ways(target, &network.settings, network.list ? &*network.list : nullptr, draft, place, path, faults);
  if (control_hosts_.contains(target.host)) {
    faults.warn(place, path,
                fmt::format("{} is a control too; controls must lie outside the country that is watched", target.host));
  }
  check_manners(target, place, path, faults);
  network.network.targets.push_back(std::move(target));
  ++target_count_;
}

void Assembly::add_control(const TargetDraft& draft, std::string network, std::string upstream, Place place,
                           const Path& path, Faults& faults) {
  const auto [taken, is_new] = control_names_.emplace(draft.name, Where{&faults.file(), place});
  if (!is_new) {
    faults.fault(place, path,
                 fmt::format("control {} stands on {} already; name each control once", cited(draft.name),
                             describe(taken->second, faults.file())));
    return;
  }
  Target target{draft.name, draft.host, {}, {}};
  set_ways(target, nullptr, nullptr, draft, place, path, faults);
  control_hosts_.insert(target.host);
  check_manners(target, place, path, faults);
  controls_.push_back({std::move(target), std::move(network), std::move(upstream)});
}

void Assembly::check_manners(const Target& target, Place place, const Path& path, Faults& faults) {
  const auto address = base::Address::parse(target.host);
  if (address) {
    const auto& refused = budget_.do_not_probe;
    const auto found = std::ranges::find_if(refused, [&](const base::Prefix& p) { return p.contains(*address); });
    if (found != refused.end()) {
      faults.warn(place, path,
                  fmt::format("{} lies in {} of budget.do_not_probe and will never be asked; remove one of them",
                              target.host, found->to_string()));
    }
  }
  for (const probes::ProbeSpec& spec : target.probes) {
    const double rate = 1.0 / base::to_seconds(spec.interval);
    total_rate_ += rate;
    if (address) prefix_rates_[budget_prefix(*address)] += rate;
    const bool is_http = std::holds_alternative<probes::HttpSpec>(spec.ask);
    const std::chrono::seconds polite = is_http ? kShortestPoliteHttp : kShortestPolite;
    const bool is_hasty = spec.interval < polite && (!address || is_public(*address));
    if (is_hasty && warned_.insert("hasty " + spec.name).second) {
      faults.warn(
          place, path,
          fmt::format("asks {} every {} by probe {}; without the owner's consent {} is the shortest that is polite",
                      target.host, base::format_duration(spec.interval), cited(spec.name),
                      base::format_duration(polite)));
    }
    if (spec.timeout > spec.interval * kMostIntervalsInFlight && warned_.insert("slow " + spec.name).second) {
      faults.warn(place, path,
                  fmt::format("probe {} waits {} but asks every {}, so more than {} are under way; shorten the timeout",
                              cited(spec.name), base::format_duration(spec.timeout),
                              base::format_duration(spec.interval), kMostIntervalsInFlight));
    }
  }
}

void Assembly::check_rates(Faults& faults) const {
  const Path root;
  const Path budget = root.child("budget");
  if (budget_.total_rate > 0 && total_rate_ > budget_.total_rate) {
    faults.warn({1, 1}, budget.child("total_rate"),
                fmt::format("{:.6g} probes a second are asked for, {:.6g} allowed; raise it or lengthen intervals",
                            total_rate_, budget_.total_rate));
  }
  if (budget_.prefix_rate <= 0) return;
  for (const auto& [prefix, rate] : prefix_rates_) {
    if (rate <= budget_.prefix_rate) continue;
    faults.warn({1, 1}, budget.child("prefix_rate"),
                fmt::format("{:.6g} probes a second are asked of {}, {:.6g} allowed; raise it or lengthen intervals",
                            rate, prefix.to_string(), budget_.prefix_rate));
  }
}

void Assembly::check_controls(Faults& faults) const {
  if (target_count_ == 0) return;  // nothing that they could vouch for
  const Path root;
  const Path vantage = root.child("vantage");
  std::set<std::string> networks;
  std::size_t vouching = 0;  // path controls say nothing of our own link
  for (const Control& control : controls_) {
    if (!control.upstream.empty()) continue;
    networks.insert(control.network);
    ++vouching;
  }
  constexpr const char* kRemedy =
      "add targets outside the country, such as public resolvers, in three networks or more";
  if (vouching == 0) {
    faults.warn({1, 1}, vantage.child("controls"),
                fmt::format("no controls, so a fault of our own link looks like an outage; {}", kRemedy));
  } else if (vouching < kFewestControls || networks.size() < kFewestControlNetworks) {
    faults.warn({1, 1}, vantage.child("controls"),
                fmt::format("{} of {} (at least {} of {} are advised), so our own faults are told apart badly; {}",
                            vouching == 1 ? "1 control" : fmt::format("{} controls", vouching),
                            networks.size() == 1 ? "1 network" : fmt::format("{} networks", networks.size()),
                            kFewestControls, kFewestControlNetworks, kRemedy));
  }
}

void Assembly::check_filled(Faults& faults) const {
  const Path root;
  for (const CountryDraft& country : countries_) {
    if (!country.is_filled) {
      faults.fault(country.where.place, root.child(country.path),
                   "no networks; add one with targets, or remove the country");
    }
    for (const NetworkDraft& network : country.networks) {
      if (network.is_filled) continue;
      faults.fault(network.where.place, root.child(network.path), "no targets; add one, or remove the network");
    }
  }
  if (target_count_ == 0 && faults.is_empty()) {
    faults.warn({1, 1}, root.child("countries"),
                "no target, so nobody is asked; add one, such as [{code: XX, networks: [{targets: [192.0.2.1]}]}]");
  }
}

void Assembly::finish(Configuration& configuration, Faults& faults) {
  check_filled(faults);
  check_controls(faults);
  check_rates(faults);
  for (CountryDraft& country : countries_) {
    for (NetworkDraft& network : country.networks) country.country.networks.push_back(std::move(network.network));
    configuration.countries.push_back(std::move(country.country));
  }
  configuration.controls = std::move(controls_);
}

}  // namespace blipd::config
