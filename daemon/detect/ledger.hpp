// The events that are open: gives each its id, keeps it as it was last revised, and hands every revision out. Owns
// identity; what an event says is decided by whoever opens it. An id is made of what happened where and when, so the
// same results give the same ids.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/detect/change.hpp"
#include "daemon/detect/contact.hpp"
#include "daemon/detect/falls.hpp"
#include "daemon/event/event.hpp"
#include "daemon/event/open_events.hpp"
#include "probes/base/time.hpp"

namespace blipd::detect {

class Ledger {
 public:
  Ledger(std::string vantage, const base::Moment& now) : vantage_(std::move(vantage)), now_(now) {}

  // When the wall clock was set since the last call, what is open moves with it: its start is shown on the clock that
  // is right now, and durations are those that passed.
  void set_now(const base::Moment& now);
  base::WallTime wall(base::MonoTime t) const { return now_.wall + (t - now_.mono); }
  base::MonoTime mono(base::WallTime t) const { return now_.mono + (t - now_.wall); }
  // Where nothing is known of an end, it is the other one; of neither, now.
  event::Span wall(const MonoSpan& span) const {
    const base::MonoTime latest = span.latest == kNever ? now_.mono : span.latest;
    return {wall(span.earliest == kNever ? latest : std::min(span.earliest, latest)), wall(latest)};
  }

  // A new event. Its incident is that of a kin event that is open, or ended a little before: the network that a target
  // is in, the country that a network is in, and the other way round; otherwise it begins one.
  std::string open(const Place& place, event::Kind kind, const MonoSpan& start);

  // The event of this id, which must be open or held; edits count as a new revision.
  using Edit = std::function<void(event::Event&)>;
  void revise(const std::string& id, const Edit& edit);
  const event::Event& get(const std::string& id) const { return entries_.at(id).event; }
  bool holds(const std::string& id) const { return entries_.contains(id); }

  // Adds to an event that is open, or ended so lately that it is kept, as one more revision. False: it is neither, or
  // has as much as an event may have.
  bool attach(const std::string& id, event::Evidence more);

  // It will not be revised again, but for what is attached. Kept a while for those of the same incident.
  void release(const std::string& id);

  // Each event that changed since the last call, as it now stands, in the order of changing.
  std::vector<event::Event> take();

  // Those that have not ended, in order of id. What did not change since the last call is shared with what that gave.
  event::OpenEvents open_events();
  void adopt(const event::Event& event);

 private:
  // An event that begins so soon after another's start belongs to the same incident.
  static constexpr base::Duration kOneIncident = std::chrono::minutes(10);

  struct Entry {
    event::Event event;
    std::shared_ptr<const event::Event> shared;  // as it now stands; null: to be copied anew
    std::uint64_t change = 0;                    // its place in `changed_`; 0: none
  };
  struct Released {
    base::Duration when;  // by `elapsed_`
    std::string id;
  };

  void publish(Entry& entry);
  void forget_old();

  std::string vantage_;
  base::Moment now_;
  base::Duration elapsed_{};  // that passed, suspended or not, whatever the wall clock was set to
  std::map<std::string, Entry> entries_;
  Falls falls_;
  std::map<std::string, Entry*> open_;
  std::optional<event::OpenEvents> told_open_;  // absent: something changed since
  std::deque<Released> released_;               // the oldest first
  std::map<std::uint64_t, Entry*> changed_;     // in order
  std::uint64_t changes_ = 0;
};

}  // namespace blipd::detect
