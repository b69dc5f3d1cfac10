#include "daemon/recorded/directory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "config/names.hpp"
#include "config/reader.hpp"
#include "config/settings.hpp"
#include "daemon/recorded/words.hpp"

namespace blipd::recorded {

namespace {

using config::cited;

constexpr std::array<Field, 4> kIdentity = {Field::kCountry, Field::kNetwork, Field::kTarget, Field::kProbe};

// Each part with its length in front, so that no two lines that differ have one key.
void write_key(const Row& row, std::string& key) {
  std::size_t whole = 0;
  for (const Field field : kIdentity) whole += sizeof(std::uint32_t) + row[field].size();
  key.resize(whole);
  char* at = key.data();
  for (const Field field : kIdentity) {
    const std::string_view text = row[field];
    const auto size = row.has(field) ? static_cast<std::uint32_t>(text.size()) : UINT32_MAX;
    std::memcpy(at, &size, sizeof(size));
    at = std::ranges::copy(text, at + sizeof(size)).out;
  }
}

// The one with this name, made at the end where there is none.
template <class T, class IsIt>
T& find_or_add(std::vector<T>& all, IsIt is_it) {
  const auto found = std::ranges::find_if(all, is_it);
  return found != all.end() ? *found : all.emplace_back();
}

}  // namespace

Directory::Directory(config::Configuration configuration)
    : configuration_(std::move(configuration)),
      plan_(config::make_plan(configuration_, nullptr)),
      configured_(plan_->channels.size()) {
  for (std::size_t i = 0; i < configured_; ++i) {
    const auto index = static_cast<probes::ChannelIndex>(i);
    channels_.push_back(index);
    by_target_[plan_->targets[plan_->channels[i].target].name].push_back(index);
  }
}

base::Expected<Number> Directory::find(const Row& row) {
  write_key(row, key_);
  if (const auto found = known_.find(key_); found != known_.end()) return found->second;
  const auto number = look_up(row);
  if (number) known_.emplace(key_, *number);
  return number;
}

base::Expected<Number> Directory::look_up(const Row& row) {
  std::vector<probes::ChannelIndex> asked;
  const auto found = by_target_.find(std::string(row[Field::kTarget]));
  if (found != by_target_.end()) asked = found->second;
  const auto keep = [&](auto belongs) {
    std::erase_if(asked, [&](probes::ChannelIndex i) { return !belongs(plan_->channels[i]); });
  };
  keep([&](const config::PlannedChannel& c) { return c.spec().name == row[Field::kProbe]; });
  if (!row[Field::kNetwork].empty()) {
    keep([&](const config::PlannedChannel& c) { return plan_->networks[c.network].name == row[Field::kNetwork]; });
  }
  // An empty country means a control, unless there is none of that name.
  const auto of_country = [&](probes::ChannelIndex i) {
    return plan_->country_code(plan_->channels[i].network) == row[Field::kCountry];
  };
  if (!row[Field::kCountry].empty() || std::ranges::any_of(asked, of_country)) {
    std::erase_if(asked, [&](probes::ChannelIndex i) { return row.has(Field::kCountry) && !of_country(i); });
  }
  if (asked.size() == 1) return asked.front();
  if (asked.size() > 1) {
    std::set<std::string> networks;
    for (const auto i : asked) networks.insert(plan_->networks[plan_->channels[i].network].name);
    return base::fail("target: {} is in more than one network ({}); say country and network too",
                      cited(row[Field::kTarget]), fmt::join(networks, ", "));
  }
  if (row.has(Field::kCountry) && !row[Field::kNetwork].empty()) return welcome(row);
  return tl::unexpected<base::Error>(unknown(row));
}

base::Error Directory::unknown(const Row& row) const {
  const auto found = by_target_.find(std::string(row[Field::kTarget]));
  const bool is_place_said = !row[Field::kNetwork].empty() || !row[Field::kCountry].empty();
  if (found == by_target_.end() || is_place_said) {
    return {fmt::format("target: {} is not in the configuration; add it there, or say country and network here",
                        cited(row[Field::kTarget]))};
  }
  std::set<std::string> ways;
  for (const auto i : found->second) ways.insert(plan_->channels[i].spec().name);
  return {fmt::format("probe: {} is not asked {}; known here: {}, or say country and network to add it",
                      cited(row[Field::kTarget]), cited(row[Field::kProbe]), fmt::join(ways, ", "))};
}

base::Expected<Number> Directory::welcome(const Row& row) {
  Newcomer newcomer;
  const auto take = [&](Field field, config::Problem problem, std::string& to) -> base::Expected<void> {
    if (problem) return base::fail("{}: {}", name_of(field), config::with_remedy(*problem, "write another"));
    to = row[field];
    return {};
  };
  const auto country = row[Field::kCountry];
  for (const auto& [field, to] :
       {std::pair{Field::kNetwork, &newcomer.network}, std::pair{Field::kTarget, &newcomer.target},
        std::pair{Field::kProbe, &newcomer.probe}}) {
    if (auto taken = take(field, config::name_problem(row[field]), *to); !taken)
      return tl::unexpected<base::Error>(taken.error());
  }
  if (!country.empty()) {
    if (auto taken = take(Field::kCountry, config::country_code_problem(country), newcomer.country); !taken)
      return tl::unexpected<base::Error>(taken.error());
  }
  if (!row[Field::kType].empty()) {
    const auto type = find_word(kTypes, row[Field::kType]);
    if (!type) return base::fail("type: {} is unknown; write {}", cited(row[Field::kType]), listed(kTypes));
    newcomer.type = *type;
  }
  newcomer.upstream = row[Field::kUpstream];
  newcomer.name = fmt::format("{}/{}/{}/{}", country.empty() ? "vantage" : country, newcomer.network, newcomer.target,
                              newcomer.probe);
  newcomers_.push_back(std::move(newcomer));
  channels_.push_back(kWaiting);
  return static_cast<Number>(channels_.size() - 1);
}

void Directory::grow(const std::vector<Number>& numbers) {
  std::vector<const Newcomer*> sorted;
  for (const Number number : numbers) sorted.push_back(&newcomers_[number - configured_]);
  std::ranges::sort(sorted, {}, &Newcomer::name);
  for (const Newcomer* newcomer : sorted) add(*newcomer);
  plan_ = config::make_plan(configuration_, plan_.get());
  std::unordered_map<std::string, probes::ChannelIndex> by_name;
  for (const probes::ChannelIndex i : plan_->changes.channels) by_name.emplace(plan_->channel_name(i), i);
  for (const Number number : numbers) {
    const auto found = by_name.find(newcomers_[number - configured_].name);
    channels_[number] = found == by_name.end() ? kWaiting : found->second;
  }
}

void Directory::add(const Newcomer& newcomer) {
  probes::ProbeSpec spec;
  spec.name = newcomer.probe;
  spec.rtt_buckets = config::default_rtt_buckets();
  if (newcomer.type == 1) spec.ask = probes::TcpSpec{};
  if (newcomer.type == 2) spec.ask = probes::DnsSpec{};
  if (newcomer.type == 3) spec.ask = probes::HttpSpec{};
  config::Target* target = nullptr;
  if (newcomer.country.empty()) {
    config::Control& control = find_or_add(configuration_.controls, [&](const config::Control& c) {
      return c.network == newcomer.network && c.target.name == newcomer.target;
    });
    control.network = newcomer.network;
    if (!newcomer.upstream.empty()) control.upstream = newcomer.upstream;
    target = &control.target;
  } else {
    config::Country& country =
        find_or_add(configuration_.countries, [&](const config::Country& c) { return c.code == newcomer.country; });
    if (country.name.empty()) country.name = newcomer.country;
    country.code = newcomer.country;
    config::Network& network =
        find_or_add(country.networks, [&](const config::Network& n) { return n.name == newcomer.network; });
    network.name = newcomer.network;
    if (network.upstream.empty()) network.upstream = newcomer.upstream;
    target = &find_or_add(network.targets, [&](const config::Target& t) { return t.name == newcomer.target; });
  }
  target->name = newcomer.target;
  target->probes.push_back(std::move(spec));
}

}  // namespace blipd::recorded
