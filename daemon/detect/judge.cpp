#include "daemon/detect/judge.hpp"

#include <utility>

#include "daemon/detect/hearing.hpp"

namespace blipd::detect {

Judge::Judge(std::shared_ptr<const config::Plan> plan, base::MonoTime start)
    : hearing_(std::make_unique<Hearing>(std::move(plan), start)) {}
Judge::~Judge() = default;

void Judge::on_sent(probes::ChannelIndex channel, base::MonoTime at) { hearing_->on_sent(channel, at); }
bool Judge::is_void(const probes::Result& result) const { return hearing_->is_void(result); }
void Judge::on_result(const probes::Result& result) { hearing_->on_result(result); }
void Judge::advance(base::MonoTime now) { hearing_->advance(now); }
void Judge::adopt(std::shared_ptr<const config::Plan> plan) { hearing_->adopt(std::move(plan)); }
std::vector<probes::ChannelIndex> Judge::take_urgent() { return hearing_->take_urgent(); }

ChannelVerdict Judge::channel(probes::ChannelIndex index) const {
  const UsualAnswers& usual = hearing_->roster().channel(index).usual;
  ChannelVerdict verdict;
  if (usual.is_learned()) verdict.usual_answer_ratio = usual.ratio();
  verdict.has_vote = usual.has_vote(hearing_->plan().configuration.detect.usual_floor);
  return verdict;
}

TargetState Judge::target(config::TargetIndex index) const {
  const TargetEntry& target = hearing_->roster().target(index);
  const bool is_of_control = hearing_->plan().networks[target.network].is_control();
  return hearing_->is_at_fault() && !is_of_control ? TargetState::kUnknown : target.state;
}

NetworkVerdict Judge::network(config::NetworkIndex index) const {
  const NetworkEntry& network = hearing_->network(index);
  NetworkVerdict verdict{network.state, network.test.evidence(), hearing_->roster().network(index).reachable_ratio(),
                         network.usual_share.mean(), network.since};
  if (hearing_->is_at_fault() && !hearing_->plan().networks[index].is_control()) {
    verdict.state = NetworkState::kUnknown;
    verdict.reachable_ratio.reset();
    verdict.since = hearing_->vantage().since();
  }
  return verdict;
}

CountryVerdict Judge::country(config::CountryIndex index) const {
  const CountryEntry& country = hearing_->country(index);
  CountryVerdict verdict{country.test.level(), country.standing.reachable_ratio, country.usual_share.mean(),
                         country.test.since()};
  if (hearing_->is_at_fault()) {
    verdict.level = CountryLevel::kUnknown;
    verdict.reachable_ratio.reset();
    verdict.since = hearing_->vantage().since();
  }
  return verdict;
}

VantageVerdict Judge::vantage() const {
  return {hearing_->vantage().state(), hearing_->vantage().answer_ratio(), hearing_->vantage().since()};
}

}  // namespace blipd::detect
