#include "daemon/detect/judge.hpp"

#include <utility>

#include "daemon/detect/assessment.hpp"

namespace blipd::detect {

namespace {

template <class Record>
Stability stability_of(const Record& record, const Assessment& assessment, base::MonoTime now,
                       const config::Detect& rules) {
  Stability stability;
  const Flaps& flaps = record.flaps();
  stability.is_unstable = record.is_unstable();
  stability.penalty = flaps.penalty(now, rules.flap_half_life, rules);
  stability.router_penalty = flaps.penalty(now, kRouterHalfLife, rules);
  stability.usual_per_day = flaps.usual_per_day();
  for (std::size_t i = 0; i < stability.outages.size(); ++i) {
    stability.outages[i] = record.tally().row(static_cast<Counted>(i));
  }
  stability.is_sustained = record.is_sustained();
  if (record.is_outage_open()) stability.outage_start = assessment.start_of(record.outage());
  return stability;
}

// That a port is closed, said by the host itself (RFC 792: 3/3; RFC 4443: 1/4). Said by another it is no word of the
// host. Of a host that is configured by its name nobody here knows the address.
bool is_refusal(const probes::IcmpNotice& notice, const std::string& host) {
  const bool is_closed =
      notice.sender.is_v4() ? notice.type == 3 && notice.code == 3 : notice.type == 1 && notice.code == 4;
  if (!is_closed) return false;
  const auto address = base::Address::parse(host);
  return address && *address == notice.sender;
}

}  // namespace

Judge::Judge(std::shared_ptr<const config::Plan> plan, const base::Moment& start)
    : assessment_(std::make_unique<Assessment>(std::move(plan), start)) {}
Judge::~Judge() = default;

void Judge::on_sent(probes::ChannelIndex channel, base::MonoTime at) { assessment_->hearing().on_sent(channel, at); }
bool Judge::is_void(const probes::Result& result) const { return assessment_->hearing().is_void(result); }
void Judge::on_result(const probes::Result& result) { assessment_->on_result(result); }
void Judge::on_remark(const probes::Remark& remark) { assessment_->on_remark(remark); }
void Judge::prefetch(probes::ChannelIndex channel, probes::ResultSink::Distance distance) const {
  assessment_->prefetch(channel, distance);
}
void Judge::advance(const base::Moment& now) { assessment_->advance(now); }
void Judge::adopt(std::shared_ptr<const config::Plan> plan) { assessment_->adopt(std::move(plan)); }
std::vector<probes::ChannelIndex> Judge::take_urgent() { return assessment_->hearing().take_urgent(); }
std::vector<event::Event> Judge::take_events() { return assessment_->take_events(); }
event::OpenEvents Judge::open_events() { return assessment_->open_events(); }
bool Judge::attach(const std::string& event_id, event::Evidence more) {
  return assessment_->attach(event_id, std::move(more));
}
Recollection Judge::recollect() const { return assessment_->recollect(); }
void Judge::recollect(Recollection& recollection, std::size_t channels) const {
  assessment_->recollect(recollection, channels);
}
base::Expected<void> Judge::restore(const std::string& memory, const std::vector<event::Event>& open) {
  return assessment_->restore(memory, open);
}

ChannelVerdict Judge::channel(probes::ChannelIndex index, base::MonoTime since) const {
  const Hearing& hearing = assessment_->hearing();
  const config::Detect& rules = hearing.plan().configuration.detect;
  const ChannelEntry& entry = hearing.roster().channel(index);
  ChannelVerdict verdict;
  if (entry.usual.is_learned()) verdict.usual_answer_ratio = entry.usual.ratio();
  verdict.has_vote = entry.usual.has_vote(rules.usual_floor);
  if (hearing.is_at_fault() && !entry.is_control) return verdict;
  verdict.says = hearing.roster().says(index, rules, since);
  if (verdict.says == event::WaySays::kUnreachable) {
    const probes::IcmpNotice* const notice = assessment_->signs().notice(index);
    const config::PlannedTarget& target = hearing.plan().targets[entry.target];
    if (notice != nullptr && is_refusal(*notice, target.host)) {
      verdict.says = event::WaySays::kRefused;
    } else if (notice != nullptr) {
      verdict.notice = *notice;
    }
  }
  const bool has_answered = entry.has_answered();
  switch (verdict.says) {
    case event::WaySays::kAnswers:
      verdict.is_as_usual = !entry.saying.mostly_refuses();
      break;
    case event::WaySays::kRefused:
      verdict.is_as_usual = entry.saying.mostly_refuses() || !has_answered;
      break;
    case event::WaySays::kNeverAnswered:
    case event::WaySays::kUnknown:
      break;
    default:
      verdict.is_as_usual = !has_answered;
  }
  return verdict;
}

base::MonoTime Judge::fell(config::TargetIndex index, base::MonoTime since) const {
  const TargetEntry& target = assessment_->hearing().roster().target(index);
  if (target.fell.latest != kNever && target.fell.latest >= since) return target.fell.latest;
  return target.first_failed != kNever && target.first_failed >= since ? target.first_failed : base::MonoTime::max();
}

const TargetSigns* Judge::signs(config::TargetIndex index) const { return assessment_->signs().find(index); }
std::shared_ptr<const SignTable> Judge::signs() { return assessment_->signs().table(); }
std::uint64_t Judge::signs_passed_over() const { return assessment_->signs().passed_over(); }

TargetState Judge::target(config::TargetIndex index) const {
  const Hearing& hearing = assessment_->hearing();
  const TargetEntry& target = hearing.roster().target(index);
  const bool is_of_control = hearing.plan().networks[target.network].is_control();
  return hearing.is_at_fault() && !is_of_control ? TargetState::kUnknown : target.state;
}

NetworkState Judge::state(config::NetworkIndex index) const {
  const Hearing& hearing = assessment_->hearing();
  if (hearing.plan().networks[index].is_control()) return hearing.network(index).state;
  return hearing.is_at_fault() ? NetworkState::kUnknown : assessment_->network(index).state();
}

CountryLevel Judge::level(config::CountryIndex index) const {
  return assessment_->hearing().is_at_fault() ? CountryLevel::kUnknown : assessment_->country(index).level();
}

NetworkVerdict Judge::network(config::NetworkIndex index) const {
  const Hearing& hearing = assessment_->hearing();
  const NetworkRecord& record = assessment_->network(index);
  const config::Detect& rules = hearing.plan().configuration.detect;
  NetworkVerdict verdict{state(index),
                         hearing.network(index).test.evidence(),
                         hearing.roster().network(index).reachable_ratio(),
                         record.usual_reachable_ratio(),
                         record.since(),
                         stability_of(record, *assessment_, hearing.now(), rules)};
  if (hearing.plan().networks[index].is_control()) {
    verdict.since = hearing.network(index).since;
  } else if (hearing.is_at_fault()) {
    verdict.reachable_ratio.reset();
    verdict.since = hearing.vantage().since();
  }
  return verdict;
}

CountryVerdict Judge::country(config::CountryIndex index) const {
  const Hearing& hearing = assessment_->hearing();
  const CountryRecord& record = assessment_->country(index);
  CountryVerdict verdict{level(index), record.standing().reachable_ratio, record.usual_reachable_ratio(),
                         record.since(),
                         stability_of(record, *assessment_, hearing.now(), hearing.plan().configuration.detect)};
  if (hearing.is_at_fault()) {
    verdict.reachable_ratio.reset();
    verdict.since = hearing.vantage().since();
  }
  return verdict;
}

VantageVerdict Judge::vantage() const {
  const VantageTest& vantage = assessment_->hearing().vantage();
  return {vantage.state(), vantage.answer_ratio(), vantage.since()};
}

}  // namespace blipd::detect
