#include "daemon/detect/judge.hpp"

namespace blipd::detect {

class Judge::Impl {};

Judge::Judge(std::shared_ptr<const config::Plan>, base::MonoTime) {}
Judge::~Judge() = default;
bool Judge::is_void(const probes::Result&) const { return false; }
void Judge::on_result(const probes::Result&) {}
void Judge::advance(base::MonoTime) {}
void Judge::adopt(std::shared_ptr<const config::Plan>) {}
std::vector<probes::ChannelIndex> Judge::take_urgent() { return {}; }
ChannelVerdict Judge::channel(probes::ChannelIndex) const { return {}; }
TargetState Judge::target(config::TargetIndex) const { return TargetState::kUnknown; }
NetworkVerdict Judge::network(config::NetworkIndex) const { return {}; }
CountryVerdict Judge::country(config::CountryIndex) const { return {}; }
VantageVerdict Judge::vantage() const { return {}; }

}  // namespace blipd::detect
