// From results to verdicts about targets, networks, countries and the vantage point itself. Pure: no clock, no
// socket, no random number. The face of an Assessment: says what is to be shown, which is `unknown` while the vantage
// point is at fault, whatever the state that is kept meanwhile.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/plan.hpp"
#include "daemon/detect/contact.hpp"
#include "daemon/detect/host_signs.hpp"
#include "daemon/detect/states.hpp"
#include "daemon/detect/tally.hpp"
#include "daemon/event/event.hpp"
#include "daemon/event/open_events.hpp"
#include "probes/base/error.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::detect {

struct ChannelVerdict {
  std::optional<double> usual_answer_ratio;  // absent until learned
  bool has_vote = true;
  event::WaySays says = event::WaySays::kUnknown;
  bool is_as_usual = true;                   // it mostly says so
  std::optional<probes::IcmpNotice> notice;  // of kUnreachable, where it was kept
};

// The second axis, and what there was of outages.
struct Stability {
  bool is_unstable = false;
  double penalty = 0;                          // with the configured half-life
  double router_penalty = 0;                   // with that of RFC 2439 as routers use it
  double usual_per_day = 0;                    // times down
  std::array<OutageTally::Row, 3> outages{};   // by Counted
  std::optional<base::WallTime> outage_start;  // of the outage that is open
  bool is_sustained = false;  // it, or the one that a relapse would continue, has lasted for long enough
};

struct NetworkVerdict {
  NetworkState state = NetworkState::kUnknown;
  double evidence = 0;  // W
  std::optional<double> reachable_ratio;
  std::optional<double> usual_reachable_ratio;
  std::optional<base::MonoTime> since;
  Stability stability;
};

struct CountryVerdict {
  CountryLevel level = CountryLevel::kUnknown;
  std::optional<double> reachable_ratio;
  std::optional<double> usual_reachable_ratio;
  std::optional<base::MonoTime> since;
  Stability stability;
};

struct VantageVerdict {
  VantageState state = VantageState::kUnknown;
  std::optional<double> control_answer_ratio;
  std::optional<base::MonoTime> since;
};

class Assessment;
struct Recollection;

class Judge {
 public:
  Judge(std::shared_ptr<const config::Plan> plan, const base::Moment& start);
  ~Judge();

  void on_sent(probes::ChannelIndex channel, base::MonoTime at);
  // Whether this failure says nothing about whom it asked, because the vantage point was at fault.
  bool is_void(const probes::Result& result) const;
  // Not to be called with a result that is void, unless as aborted.
  void on_result(const probes::Result& result);
  void on_remark(const probes::Remark& remark);
  void prefetch(probes::ChannelIndex channel, probes::ResultSink::Distance distance) const;
  void advance(const base::Moment& now);
  void adopt(std::shared_ptr<const config::Plan> plan);
  std::vector<probes::ChannelIndex> take_urgent();

  // Events that changed since the last call, each as it now stands; and those that are open.
  std::vector<event::Event> take_events();
  event::OpenEvents open_events();
  // See Ledger.
  bool attach(const std::string& event_id, event::Evidence more);

  // For a restart; see Assessment.
  Recollection recollect() const;
  void recollect(Recollection& recollection, std::size_t channels) const;
  base::Expected<void> restore(const std::string& memory, const std::vector<event::Event>& open);

  // What it says counts probes that were sent at or after `since` only; silence takes those before into account, but
  // one at least has to be of then.
  ChannelVerdict channel(probes::ChannelIndex index, base::MonoTime since = kNever) const;
  // When the target fell, if that was at `since` or later: by a verdict, or since a failure that is its first; else the
  // end of time.
  base::MonoTime fell(config::TargetIndex index, base::MonoTime since) const;
  // Null: it shows none.
  const TargetSigns* signs(config::TargetIndex index) const;
  std::shared_ptr<const SignTable> signs();
  std::uint64_t signs_passed_over() const;
  TargetState target(config::TargetIndex index) const;
  NetworkVerdict network(config::NetworkIndex index) const;
  CountryVerdict country(config::CountryIndex index) const;
  // What network() and country() say of it, for whoever asks often.
  NetworkState state(config::NetworkIndex index) const;
  CountryLevel level(config::CountryIndex index) const;
  VantageVerdict vantage() const;

 private:
  std::unique_ptr<Assessment> assessment_;
};

}  // namespace blipd::detect
