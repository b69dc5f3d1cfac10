#include "daemon/detect/host_inquiry.hpp"

#include <algorithm>
#include <utility>

#include "daemon/detect/host_verdict.hpp"

namespace blipd::detect {

namespace {

using config::NetworkIndex;
using config::TargetIndex;

bool is_fall(const event::Event& event) {
  const bool has_hosts = event.scope == event::Scope::kNetwork || event.scope == event::Scope::kCountry;
  return has_hosts && (event.kind == event::Kind::kOutage || event.kind == event::Kind::kPartial);
}

// A host that fell so long before its network is said to have begun to fall still fell with it.
constexpr base::Duration kOneFall = std::chrono::minutes(1);

}  // namespace

void HostInquiry::adopt(std::shared_ptr<const config::Plan> plan) { plan_ = std::move(plan); }

bool HostInquiry::is_current(const Host& host) const {
  if (host.target >= plan_->targets.size()) return false;
  const config::PlannedTarget& target = plan_->targets[host.target];
  return target.is_active && target.since_generation == host.generation;
}

void HostInquiry::on_event(const event::Event& event, const base::Moment& now, const Judge& judge) {
  if (!is_fall(event)) return;
  const auto known = open_.find(event.id);
  if (event.is_open() == (known != open_.end())) return;
  if (event.is_open()) {
    ask(event, event::Moment::kStart, now, judge);
    return;
  }
  // What is heard from now on says nothing of how it began.
  std::erase_if(questions_, [&](const Question& question) { return question.event_id == event.id; });
  ask(event, event::Moment::kEnd, now, judge);
  open_.erase(event.id);
}

void HostInquiry::ask(const event::Event& event, event::Moment moment, const base::Moment& now, const Judge& judge) {
  // A probe of the time in which it may have ended already may have been lost still.
  const base::WallTime when = moment == event::Moment::kStart ? event.start.earliest : event.end->latest;
  Question question{event.id, moment, now.mono + (when - now.wall), now.mono, {}};
  if (const auto known = open_.find(event.id); known != open_.end()) {
    question.hosts = known->second;
  } else {
    question.hosts = choose(event, question.since, judge);
    open_.emplace(event.id, question.hosts);
  }
  // After a restart its start has been told.
  const bool is_told = std::ranges::any_of(event.evidence.hosts, [&](const auto& h) { return h.moment == moment; });
  if (is_told || question.hosts.empty()) return;
  if (questions_.size() >= kMostAtOnce) {
    ++passed_over_;
    return;
  }
  questions_.push_back(std::move(question));
}

HostInquiry::Hosts HostInquiry::choose(const event::Event& event, base::MonoTime since, const Judge& judge) const {
  std::vector<NetworkIndex> networks;
  for (NetworkIndex n = 0; n < plan_->networks.size(); ++n) {
    const config::PlannedNetwork& network = plan_->networks[n];
    if (!network.is_active || network.is_control() || plan_->countries[*network.country].code != event.country)
      continue;
    if (event.scope == event::Scope::kCountry || network.name == event.network) networks.push_back(n);
  }
  if (networks.empty()) return {};
  struct Candidate {
    base::MonoTime fell;
    TargetIndex target;
  };
  std::vector<Candidate> candidates;
  const std::size_t share = std::max(kMostHosts, kMostSought / networks.size());
  for (const NetworkIndex n : networks) {
    const std::vector<TargetIndex>& targets = plan_->networks[n].targets;
    for (std::size_t i = 0; i < targets.size() && i < share && candidates.size() < kMostSought; ++i) {
      if (plan_->channels_of(targets[i]).empty()) continue;
      candidates.push_back({judge.fell(targets[i], since - kOneFall), targets[i]});
    }
  }
  std::ranges::stable_sort(candidates, {}, &Candidate::fell);
  if (candidates.size() > kMostHosts) candidates.erase(candidates.begin() + kMostHosts, candidates.end());
  Hosts hosts;
  for (const Candidate& c : candidates) hosts.push_back({c.target, plan_->targets[c.target].since_generation});
  return hosts;
}

bool HostInquiry::is_heard(const Question& question, const Judge& judge) const {
  return std::ranges::all_of(question.hosts, [&](const Host& host) {
    if (!is_current(host)) return true;
    return std::ranges::all_of(plan_->channels_of(host.target), [&](config::ChannelIndex channel) {
      return judge.channel(channel, question.since).says != event::WaySays::kUnknown;
    });
  });
}

event::HostEvidence HostInquiry::describe(const Host& host, const Question& question, const base::Moment& now,
                                          const Judge& judge) const {
  const config::PlannedTarget& target = plan_->targets[host.target];
  event::HostEvidence evidence;
  evidence.moment = question.moment;
  evidence.network = plan_->networks[target.network].name;
  evidence.target = target.name;
  std::vector<Way> ways;
  for (const config::ChannelIndex channel : plan_->channels_of(target)) {
    const ChannelVerdict verdict = judge.channel(channel, question.since);
    Way way = way_of(plan_->channels[channel].spec());
    way.says = verdict.says;
    way.notice = verdict.notice;
    evidence.ways.push_back({std::string(way.probe), way.says});
    ways.push_back(way);
  }
  evidence.verdict = verdict_of(ways);
  const TargetSigns* const signs = judge.signs(host.target);
  const bool is_ours = judge.vantage().state == VantageState::kFault;
  evidence.words = verdict_in_words(ways, is_ours ? Basis::kNothing : Basis::kWatched,
                                    signs == nullptr ? std::nullopt : signs->reset);
  if (signs == nullptr) return evidence;
  const base::WallTime from = now.wall - (now.mono - question.since) - kSignsBefore;
  for (std::size_t i = 0; i < signs->counts.size(); ++i) {
    const auto sign = static_cast<event::HostSign>(i);
    if (signs->of(sign).count > 0 && signs->of(sign).last >= from) evidence.signs.push_back(sign);
  }
  return evidence;
}

std::vector<HostInquiry::Finding> HostInquiry::take_findings(const base::Moment& now, const Judge& judge) {
  std::vector<Finding> findings;
  if (questions_.empty() || now.mono < look_at_) return findings;
  look_at_ = now.mono + kLook;
  std::erase_if(questions_, [&](const Question& question) {
    if (!is_heard(question, judge) && now.mono - question.asked < kPatience) return false;
    Finding finding{question.event_id, {}};
    for (const Host& host : question.hosts) {
      if (is_current(host)) finding.evidence.hosts.push_back(describe(host, question, now, judge));
    }
    if (!finding.evidence.is_empty()) findings.push_back(std::move(finding));
    return true;
  });
  return findings;
}

}  // namespace blipd::detect
