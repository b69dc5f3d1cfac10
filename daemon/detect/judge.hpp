// From results to verdicts about targets, networks, countries and the vantage point itself. Pure: no clock, no
// socket, no random number. The face of a Hearing: says what is to be shown, which is `unknown` while the vantage point
// is at fault, whatever the state that is kept meanwhile.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "config/plan.hpp"
#include "daemon/detect/states.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::detect {

struct ChannelVerdict {
  std::optional<double> usual_answer_ratio;  // absent until learned
  bool has_vote = true;
};

struct NetworkVerdict {
  NetworkState state = NetworkState::kUnknown;
  double evidence = 0;  // W
  std::optional<double> reachable_ratio;
  std::optional<double> usual_reachable_ratio;
  std::optional<base::MonoTime> since;
};

struct CountryVerdict {
  CountryLevel level = CountryLevel::kUnknown;
  std::optional<double> reachable_ratio;
  std::optional<double> usual_reachable_ratio;
  std::optional<base::MonoTime> since;
};

struct VantageVerdict {
  VantageState state = VantageState::kUnknown;
  std::optional<double> control_answer_ratio;
  std::optional<base::MonoTime> since;
};

class Hearing;

class Judge {
 public:
  Judge(std::shared_ptr<const config::Plan> plan, base::MonoTime start);
  ~Judge();

  void on_sent(probes::ChannelIndex channel, base::MonoTime at);
  // Whether this failure says nothing about whom it asked, because the vantage point was at fault.
  bool is_void(const probes::Result& result) const;
  // Not to be called with a result that is void, unless as aborted.
  void on_result(const probes::Result& result);
  void advance(base::MonoTime now);
  void adopt(std::shared_ptr<const config::Plan> plan);
  std::vector<probes::ChannelIndex> take_urgent();

  ChannelVerdict channel(probes::ChannelIndex index) const;
  TargetState target(config::TargetIndex index) const;
  NetworkVerdict network(config::NetworkIndex index) const;
  CountryVerdict country(config::CountryIndex index) const;
  VantageVerdict vantage() const;

 private:
  std::unique_ptr<Hearing> hearing_;
};

}  // namespace blipd::detect
