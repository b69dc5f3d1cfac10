// What an assessment must not forget over a restart: copying it, and reading what became of it, which is JSON.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/detect/assessment.hpp"
#include "probes/base/text.hpp"

namespace blipd::detect {

namespace {

using Json = nlohmann::json;

Flaps::Memory read_flaps(const Json& json, const Ledger& ledger) {
  Flaps::Memory flaps;
  for (const Json& start : json.at("starts")) {
    flaps.starts.push_back(ledger.mono(base::WallTime(base::from_seconds(start.get<double>()))));
  }
  flaps.episodes = json.at("episodes");
  flaps.days = json.at("days");
  flaps.is_unstable = json.at("is_unstable");
  return flaps;
}

NetworkRecord::Memory read_network(const Json& json, const Ledger& ledger) {
  const Json& loss = json.at("loss");
  return {read_flaps(json.at("flaps"), ledger),
          {loss.at(0), loss.at(1), loss.at(2)},
          json.at("usual_share"),
          json.at("usual_down")};
}

}  // namespace

Recollection Assessment::recollect() const {
  Recollection recollection;
  recollection.plan = plan_;
  recollection.now = now_;
  recollection.channels.reserve(plan_->channels.size());
  for (std::size_t i = 0; i < networks_.size(); ++i) {
    const config::PlannedNetwork& planned = plan_->networks[i];
    if (!planned.is_active || planned.is_control()) continue;
    recollection.networks.emplace_back(static_cast<config::NetworkIndex>(i), networks_[i].memory());
  }
  for (std::size_t i = 0; i < countries_.size(); ++i) {
    if (!plan_->countries[i].is_active) continue;
    recollection.countries.emplace_back(static_cast<config::CountryIndex>(i), countries_[i].memory());
  }
  return recollection;
}

void Assessment::recollect(Recollection& recollection, std::size_t channels) const {
  std::vector<Recollection::Channel>& copied = recollection.channels;
  const std::size_t end = copied.size() + std::min(channels, plan_->channels.size() - copied.size());
  while (copied.size() < end) {
    const auto i = copied.size();
    const UsualAnswers::Memory usual = hearing_.roster().channel(static_cast<probes::ChannelIndex>(i)).usual.memory();
    copied.push_back(
        {usual.mean, usual.weight, usual_rtts_[i].mean(), usual.count, usual_rtts_[i].count(), usual.has_answered});
  }
}

base::Expected<void> Assessment::restore(const std::string& memory, const std::vector<event::Event>& open) {
  try {
    const Json json = memory.empty() ? Json::object() : Json::parse(memory);
    const Json none = Json::object();
    const Json channels = json.value("channels", none);
    for (std::size_t i = 0; i < plan_->channels.size(); ++i) {
      const auto found = channels.find(plan_->channel_name(static_cast<config::ChannelIndex>(i)));
      if (!plan_->channels[i].is_active || found == channels.end()) continue;
      hearing_.restore(static_cast<probes::ChannelIndex>(i), {found->at(0), found->at(1), found->at(2), found->at(3)});
      usual_rtts_[i].restore(found->at(4), found->at(5));
    }
    const Json networks = json.value("networks", none);
    for (std::size_t i = 0; i < networks_.size(); ++i) {
      if (!plan_->networks[i].is_active || plan_->networks[i].is_control()) continue;
      const auto found = networks.find(network_key(*plan_, static_cast<config::NetworkIndex>(i)));
      if (found != networks.end()) networks_[i].restore(read_network(*found, ledger_));
    }
    const Json countries = json.value("countries", none);
    for (std::size_t i = 0; i < countries_.size(); ++i) {
      const auto found = countries.find(plan_->countries[i].code);
      if (!plan_->countries[i].is_active || found == countries.end()) continue;
      countries_[i].restore({read_flaps(found->at("flaps"), ledger_), found->at("usual_share")});
    }
  } catch (const std::exception& error) {
    return base::fail("what the last run knew cannot be read ({}); beginning anew", error.what());
  }
  // Networks first: whether a host's silence says anything of its network depends on whether that was down too.
  for (const bool is_of_target : {false, true}) {
    for (const event::Event& event : open) {
      if ((event.scope == event::Scope::kTarget) == is_of_target) resume(event);
    }
  }
  return {};
}

void Assessment::resume(const event::Event& event) {
  ledger_.adopt(event);
  for (std::size_t i = 0; i < countries_.size(); ++i) {
    if (event.scope != event::Scope::kCountry || !plan_->countries[i].is_active) continue;
    if (plan_->countries[i].code != event.country || plan_->countries[i].is_split) continue;
    countries_[i].resume(event, ledger_, now_.mono);
    return;
  }
  for (std::size_t i = 0; i < networks_.size(); ++i) {
    const config::PlannedNetwork& planned = plan_->networks[i];
    if (!planned.is_active || planned.is_control() || planned.name != event.network) continue;
    const auto index = static_cast<config::NetworkIndex>(i);
    if (plan_->country_code(index) != event.country) continue;
    if (event.scope == event::Scope::kNetwork) {
      networks_[i].resume(event, ledger_, now_.mono);
      return;
    }
    for (const config::TargetIndex t : planned.targets) {
      if (event.scope != event::Scope::kTarget || plan_->targets[t].name != event.target) continue;
      targets_[t].standing.adopt(event.id);
      hearing_.restore_down(t, !networks_[i].is_outage_open());
      return;
    }
  }
  drop(event);
}

// What is not asked any more, or began anew with the process: it ended some time while nobody watched.
void Assessment::drop(const event::Event& event) {
  ledger_.revise(event.id, [&](event::Event& e) {
    e.end = event::Span{std::max(e.updated, e.start.latest), std::max(now_.wall, e.start.latest)};
  });
  ledger_.release(event.id);
}

}  // namespace blipd::detect
