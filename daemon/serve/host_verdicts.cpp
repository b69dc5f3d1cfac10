#include "daemon/serve/host_verdicts.hpp"

#include <string_view>
#include <variant>

#include "daemon/serve/json_parts.hpp"
#include "daemon/serve/json_text.hpp"

namespace blipd::serve {

namespace {

using event::HostSign;

void fill_ways(std::vector<detect::Way>& ways, const pipeline::Snapshot& snapshot, std::size_t target) {
  const config::Plan& plan = *snapshot.plan;
  ways.clear();
  for (const config::ChannelIndex channel : plan.channels_of(static_cast<config::TargetIndex>(target))) {
    if (channel >= snapshot.channels.size()) continue;
    const pipeline::ChannelState state = snapshot.channels.state(channel);
    detect::Way& way = ways.emplace_back(detect::way_of(plan.channels[channel].spec()));
    way.says = state.says;
    way.is_as_usual = state.is_as_usual;
    way.notice = state.notice;
  }
}

const detect::TargetSigns* signs_of(const pipeline::Snapshot& snapshot, std::size_t target) {
  if (!snapshot.signs) return nullptr;
  return detect::find_signs(*snapshot.signs, static_cast<config::TargetIndex>(target));
}

}  // namespace

std::vector<detect::Way> ways_of(const pipeline::Snapshot& snapshot, std::size_t target) {
  std::vector<detect::Way> ways;
  fill_ways(ways, snapshot, target);
  return ways;
}

void append_verdict(std::string& out, const pipeline::Snapshot& snapshot, std::size_t target) {
  const std::vector<detect::Way> ways = ways_of(snapshot, target);
  const detect::TargetSigns* const signs = signs_of(snapshot, target);
  const bool is_control = snapshot.plan->networks[snapshot.plan->targets[target].network].is_control();
  const bool is_ours = !is_control && snapshot.vantage.state == pipeline::VantageState::kFault;
  const std::string words = detect::verdict_in_words(ways, is_ours ? detect::Basis::kNothing : detect::Basis::kWatched,
                                                     signs == nullptr ? std::nullopt : signs->reset);
  append_json(out, R"(,"verdict":)", std::string_view(name_of(event::kHostVerdictNames, detect::verdict_of(ways))));
  append_json(out, R"(,"verdict_words":)", std::string_view(words));
  append_json(out, R"(,"verdict_as_usual":)", detect::is_as_usual(ways));
  out += R"(,"signs":[)";
  for (std::size_t i = 0; signs != nullptr && i < signs->counts.size(); ++i) {
    const auto sign = static_cast<HostSign>(i);
    if (signs->of(sign).count == 0) continue;
    append_json(out, out.back() == '[' ? R"({"sign":)" : R"(,{"sign":)",
                std::string_view(name_of(event::kHostSignNames, sign)));
    append_json(out, R"(,"count":)", signs->of(sign).count);
    append_json(out, R"(,"last":)", signs->of(sign).last);
    append_json(out, R"(,"words":)", std::string_view(detect::in_words(sign, *signs)));
    out += '}';
  }
  out += ']';
}

void append_says(std::string& out, const pipeline::ChannelState& state) {
  append_json(out, R"(,"says":)", std::string_view(name_of(event::kWaySaysNames, state.says)));
  append_json(out, R"(,"says_as_usual":)", state.is_as_usual);
}

std::vector<HostCounts> count_hosts(const pipeline::Snapshot& snapshot) {
  const config::Plan& plan = *snapshot.plan;
  std::vector<HostCounts> counts(plan.networks.size(), HostCounts{});
  std::vector<detect::Way> ways;
  for (std::size_t target = 0; target < plan.targets.size() && target < snapshot.targets.size(); ++target) {
    if (!plan.targets[target].is_active) continue;
    fill_ways(ways, snapshot, target);
    ++counts[plan.targets[target].network][static_cast<std::size_t>(detect::verdict_of(ways))];
  }
  return counts;
}

std::array<bool, event::kHostSignNames.size()> possible_signs(const config::Plan& plan, std::size_t target) {
  bool has_dns = false;
  bool has_syn = false;
  const auto channels = plan.channels_of(static_cast<config::TargetIndex>(target));
  for (const config::ChannelIndex channel : channels) {
    const probes::ProbeSpec& spec = plan.channels[channel].spec();
    has_dns = has_dns || std::holds_alternative<probes::DnsSpec>(spec.ask);
    const auto* const tcp = std::get_if<probes::TcpSpec>(&spec.ask);
    has_syn = has_syn || (tcp != nullptr && tcp->mode == probes::TcpMode::kSyn);
  }
  const bool is_comparable = has_syn && channels.size() > 1;
  return {has_dns, has_dns, is_comparable, is_comparable};
}

}  // namespace blipd::serve
