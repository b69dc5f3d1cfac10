#include "daemon/evidence/packet_inquiry.hpp"

#include <algorithm>
#include <utility>

namespace blipd::evidence {

namespace {

using config::NetworkIndex;

// Falls within an instability are many, and of one network that goes up and down: the whole of it has its packets.
bool is_recorded(const event::Event& event) {
  if (event.scope != event::Scope::kNetwork && event.scope != event::Scope::kCountry) return false;
  if (event.kind == event::Kind::kInstability) return true;
  return (event.kind == event::Kind::kOutage || event.kind == event::Kind::kPartial) && event.during.empty();
}

}  // namespace

void PacketInquiry::on_event(const event::Event& event, const base::Moment& now) {
  if (!is_recorded(event)) return;
  const auto known = open_.find(event.id);
  if (event.is_open() == (known != open_.end())) return;
  if (!event.is_open()) {
    const Networks networks = std::move(known->second);
    open_.erase(known);
    ask(event, event::Moment::kEnd, networks, now);
    return;
  }
  const Networks networks = networks_of(event);
  open_.emplace(event.id, networks);
  // One that was open before this process was: its beginning is long gone.
  if (now.wall - event.declared < kSame) ask(event, event::Moment::kStart, networks, now);
}

PacketInquiry::Networks PacketInquiry::networks_of(const event::Event& event) const {
  Networks all;
  for (NetworkIndex i = 0; i < plan_->networks.size(); ++i) {
    const config::PlannedNetwork& network = plan_->networks[i];
    if (!network.is_active || network.is_control() || plan_->countries[*network.country].code != event.country)
      continue;
    if (event.scope == event::Scope::kCountry || network.name == event.network) all.push_back(i);
  }
  if (event.scope == event::Scope::kNetwork) return all;
  const auto has_fallen = [this](NetworkIndex network) {
    return std::ranges::any_of(
        open_, [network](const auto& open) { return open.second.size() == 1 && open.second.front() == network; });
  };
  std::ranges::stable_sort(all, [&](NetworkIndex a, NetworkIndex b) {
    const bool a_fell = has_fallen(a), b_fell = has_fallen(b);
    if (a_fell != b_fell) return a_fell;
    return plan_->networks[a].weight > plan_->networks[b].weight;
  });
  all.resize(std::min(all.size(), kMostOfCountry));
  return all;
}

PacketInquiry::Networks PacketInquiry::controls() const {
  Networks chosen;
  for (NetworkIndex i = 0; i < plan_->networks.size() && chosen.size() < kMostControls; ++i) {
    if (plan_->networks[i].is_active && plan_->networks[i].is_control()) chosen.push_back(i);
  }
  return chosen;
}

void PacketInquiry::ask(const event::Event& event, event::Moment moment, const Networks& networks,
                        const base::Moment& now) {
  std::erase_if(files_, [&](const auto& entry) { return entry.second.made && now.mono - entry.second.asked >= kSame; });
  for (const NetworkIndex network : networks) ask_one(event, moment, network, now);
  if (networks.empty()) return;
  for (const NetworkIndex network : controls()) ask_one(event, moment, network, now);
}

void PacketInquiry::ask_one(const event::Event& event, event::Moment moment, NetworkIndex network,
                            const base::Moment& now) {
  for (auto& [index, file] : files_) {
    if (file.network != network || file.moment != moment || now.mono - file.asked >= kSame) continue;
    if (file.made) return tell(event.id, *file.made);
    file.events.push_back(event.id);
    return;
  }
  if (under_way_ >= kMostAtOnce) {
    ++passed_over_;
    return;
  }
  ++under_way_;
  const FileIndex index = next_file_++;
  files_.emplace(index, File{network, moment, now.mono, {event.id}, {}});
  RecordingOf recording;
  recording.moment = moment;
  recording.event_id = event.id;
  recording.incident = event.incident;
  recording.country = plan_->country_code(network);
  recording.network = plan_->networks[network].name;
  recording.vantage = event.vantage;
  recording.asked = now.wall;
  wishes_.push_back({index, network, now.mono + kAfter, std::move(recording)});
}

std::vector<PacketInquiry::Wish> PacketInquiry::take_wishes() { return std::exchange(wishes_, {}); }

void PacketInquiry::written(FileIndex index, std::optional<event::PacketFile> made, base::MonoTime now) {
  const auto found = files_.find(index);
  if (found == files_.end()) return;
  --under_way_;
  File& file = found->second;
  if (!made) {
    files_.erase(found);
    return;
  }
  for (const std::string& event_id : file.events) tell(event_id, *made);
  file.events.clear();
  file.made = std::move(made);
  if (now - file.asked >= kSame) files_.erase(found);
}

void PacketInquiry::tell(const std::string& event_id, const event::PacketFile& file) {
  const auto same = std::ranges::find(findings_, event_id, &Finding::event_id);
  Finding& finding = same != findings_.end() ? *same : findings_.emplace_back(Finding{event_id, {}});
  finding.evidence.packets.push_back(file);
}

std::vector<PacketInquiry::Finding> PacketInquiry::take_findings() { return std::exchange(findings_, {}); }

}  // namespace blipd::evidence
