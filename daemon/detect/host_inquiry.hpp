// What some hosts of a network or a country said by each way of asking, for its events: when one begins, once each way
// has been heard since, and again when it has ended. Chooses the hosts (those that fell first, first) and says when
// there is something to attach; attaches nothing itself. Pure: handed `now` and the verdicts.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/plan.hpp"
#include "daemon/detect/judge.hpp"
#include "daemon/event/event.hpp"
#include "probes/base/time.hpp"

namespace blipd::detect {

class HostInquiry {
 public:
  static constexpr std::size_t kMostHosts = 20;
  // Of so many at most the first to fall are sought.
  static constexpr std::size_t kMostSought = 4096;
  // Questions under way at once. Events beyond have no hosts.
  static constexpr std::size_t kMostAtOnce = 16;
  // What has not been heard by then is not known.
  static constexpr base::Duration kPatience = std::chrono::minutes(1);
  // How often it is looked whether all has been heard.
  static constexpr base::Duration kLook = std::chrono::seconds(1);
  // Signs as long before a moment belong to it.
  static constexpr base::Duration kSignsBefore = std::chrono::minutes(10);

  explicit HostInquiry(std::shared_ptr<const config::Plan> plan) : plan_(std::move(plan)) {}

  void adopt(std::shared_ptr<const config::Plan> plan);

  // Each revision of an event, as it comes out.
  void on_event(const event::Event& event, const base::Moment& now, const Judge& judge);

  struct Finding {
    std::string event_id;
    event::Evidence evidence;
  };
  std::vector<Finding> take_findings(const base::Moment& now, const Judge& judge);

  std::uint64_t passed_over() const { return passed_over_; }

 private:
  struct Host {
    config::TargetIndex target = 0;
    config::Generation generation = 0;  // since which the index has meant it
  };
  using Hosts = std::vector<Host>;
  struct Question {
    std::string event_id;
    event::Moment moment = event::Moment::kStart;
    base::MonoTime since{};
    base::MonoTime asked{};
    Hosts hosts;
  };

  void ask(const event::Event& event, event::Moment moment, const base::Moment& now, const Judge& judge);
  Hosts choose(const event::Event& event, base::MonoTime since, const Judge& judge) const;
  bool is_current(const Host& host) const;
  bool is_heard(const Question& question, const Judge& judge) const;
  event::HostEvidence describe(const Host& host, const Question& question, const base::Moment& now,
                               const Judge& judge) const;

  std::shared_ptr<const config::Plan> plan_;
  std::map<std::string, Hosts> open_;  // by event
  std::vector<Question> questions_;
  base::MonoTime look_at_ = base::MonoTime::min();
  std::uint64_t passed_over_ = 0;
};

}  // namespace blipd::detect
