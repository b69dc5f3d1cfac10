// From what a hearing finds to what is shown and remembered: the records of networks and countries, events of targets
// and of the vantage point. Freezes while the vantage point is at fault. Pure.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/detect/country_record.hpp"
#include "daemon/detect/hearing.hpp"
#include "daemon/detect/host_signs.hpp"
#include "daemon/detect/ledger.hpp"
#include "daemon/detect/network_record.hpp"
#include "daemon/detect/recollection.hpp"
#include "daemon/detect/rtt_watch.hpp"
#include "probes/base/error.hpp"
#include "probes/base/prefetch.hpp"

namespace blipd::detect {

class Assessment {
 public:
  Assessment(std::shared_ptr<const config::Plan> plan, const base::Moment& start);

  void on_result(const probes::Result& result);
  void on_remark(const probes::Remark& remark);
  void advance(const base::Moment& now);
  void prefetch(probes::ChannelIndex channel, probes::ResultSink::Distance distance) const {
    hearing_.prefetch(channel, distance);
    if (distance == probes::ResultSink::Distance::kFar) base::prefetch(usual_rtts_[channel]);
  }
  void adopt(std::shared_ptr<const config::Plan> plan);

  Hearing& hearing() { return hearing_; }
  const Hearing& hearing() const { return hearing_; }
  HostSigns& signs() { return signs_; }
  const HostSigns& signs() const { return signs_; }
  const NetworkRecord& network(config::NetworkIndex index) const { return networks_[index]; }
  const CountryRecord& country(config::CountryIndex index) const { return countries_[index]; }
  std::vector<event::Event> take_events() { return ledger_.take(); }
  event::OpenEvents open_events() { return ledger_.open_events(); }
  bool attach(const std::string& event_id, event::Evidence more) { return ledger_.attach(event_id, std::move(more)); }
  base::WallTime start_of(const std::string& id) const { return ledger_.get(id).start.middle(); }

  // What is usual and how often things fell: all but the channels, which are added in slices. The plan must not change
  // meanwhile. Restoring skips names that the plan does not have.
  Recollection recollect() const;
  void recollect(Recollection& recollection, std::size_t channels) const;
  base::Expected<void> restore(const std::string& memory, const std::vector<event::Event>& open);

 private:
  static constexpr base::Duration kPeriod = std::chrono::seconds(1);
  static constexpr base::Duration kLook = std::chrono::minutes(1);

  Scene scene();
  void take_changes();
  void on_network(const Change& change, Scene& scene);
  void on_target(const Change& change, Scene& scene);
  void on_vantage(const Change& change, Scene& scene);
  void end_target(config::TargetIndex index, const MonoSpan& given, Scene& scene);
  void advance_targets(Scene& scene);
  void advance_countries(Scene& scene);
  void resume(const event::Event& event);
  void drop(const event::Event& event);

  std::shared_ptr<const config::Plan> plan_;
  base::Moment now_;
  Hearing hearing_;
  HostSigns signs_;
  Ledger ledger_;
  std::vector<NetworkRecord> networks_;
  std::vector<CountryRecord> countries_;
  std::vector<UsualRtt> usual_rtts_;  // by channel
  // A host that is down, as an event of its own.
  struct Fallen {
    Standing standing;
    base::MonoTime look_at = kNever;  // nothing about it changes by itself before
  };
  std::map<config::TargetIndex, Fallen> targets_;
  Standing vantage_;
  // Once a second everything is looked at, at a steady pace: in rounds.
  base::MonoTime round_began_ = kNever;
  std::size_t looked_at_ = 0;  // networks in this round
};

}  // namespace blipd::detect
