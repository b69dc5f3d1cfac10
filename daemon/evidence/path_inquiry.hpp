// Which paths are traced for an event, and what is made of them: a few of the network's (or of the country's networks)
// when it begins and again when it has ended, with those to controls beside them. Owns the book of paths. Says what it
// wishes to have traced and what it found; asks and attaches nothing itself. Pure: handed `now`.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/plan.hpp"
#include "daemon/event/event.hpp"
#include "daemon/evidence/geography.hpp"
#include "daemon/evidence/path_book.hpp"
#include "daemon/evidence/path_rows.hpp"
#include "probes/path.hpp"

namespace blipd::evidence {

class PathInquiry {
 public:
  static constexpr std::size_t kMostOfNetwork = 3;
  static constexpr std::size_t kMostOfCountry = 6;
  static constexpr std::size_t kMostControls = 3;
  // Questions under way at once. Of events beyond, no path is traced.
  static constexpr std::size_t kMostAtOnce = 16;
  // What has not come by then is left out.
  static constexpr base::Duration kPatience = std::chrono::minutes(2);

  explicit PathInquiry(std::shared_ptr<const config::Plan> plan);

  void adopt(std::shared_ptr<const config::Plan> plan);

  // Each revision of an event, as it comes out.
  void on_event(const event::Event& event, base::MonoTime now);
  // Whether it took another way than before.
  bool on_path(const probes::TracedPath& path);

  // What is to be traced at once, since the last call; each once.
  std::vector<config::TraceIndex> take_wishes();

  struct Finding {
    std::string event_id;
    event::Evidence evidence;
  };
  // Of those questions that are answered, or have waited long enough.
  std::vector<Finding> take_findings(base::MonoTime now);

  // For events that were passed over because too many were under way.
  std::uint64_t passed_over() const { return passed_over_; }

  std::shared_ptr<const PathRows> rows();

 private:
  struct Question {
    std::string event_id;
    event::Moment moment = event::Moment::kStart;
    base::WallTime start{};
    base::MonoTime asked{};
    std::vector<std::string> names;  // in the order in which they are told
    std::set<std::string> waiting;   // of those, not yet traced
    std::map<std::string, probes::TracedPath> paths;
  };
  // An event that is open: how its paths were before.
  using Befores = std::map<std::string, probes::TracedPath>;

  void ask(const event::Event& event, event::Moment moment, base::MonoTime now);
  std::vector<config::TraceIndex> traces_of(const event::Event& event) const;
  Destination destination_of(config::TraceIndex index) const;
  event::Evidence answer(const Question& question) const;
  void refresh_row(config::TraceIndex index);

  std::shared_ptr<const config::Plan> plan_;
  std::map<std::string, config::TraceIndex, std::less<>> by_name_;
  std::vector<std::string> control_names_;  // of traces to controls that are not within an upstream
  PathBook book_;
  std::map<std::string, Befores> open_;  // by event
  std::vector<Question> questions_;
  std::set<config::TraceIndex> wishes_;
  std::uint64_t passed_over_ = 0;
  PathRows rows_;                          // by TraceIndex
  std::shared_ptr<const PathRows> shown_;  // null: to be made anew
};

}  // namespace blipd::evidence
