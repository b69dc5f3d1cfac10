// Asks for a fresh Published when somebody wants one, but not too often: requests that wait at the same time
// share one answer, a value younger than kReuse is given again, and who has waited for kPatience gets the last
// one, or nothing after kFirstPatience. The last one is there until the next one begins to be made: two of them would
// be a twentieth of all memory. Reads no clock and has no thread: all calls come from one thread, with the time.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "daemon/serve/published.hpp"
#include "probes/base/time.hpp"

namespace blipd::serve {

class FreshValue {
 public:
  using Value = std::shared_ptr<const Published>;
  using Waiter = std::function<void(const Value&)>;  // gets null when there never was a value

  static constexpr base::Duration kReuse = std::chrono::milliseconds(250);
  static constexpr base::Duration kPatience = std::chrono::seconds(1);
  // As long as there is no last one to give: within the ten seconds that Prometheus waits by itself.
  static constexpr base::Duration kFirstPatience = std::chrono::seconds(5);

  // `request` asks for a value, which comes by arrived() or is given up by failed(), once per call. Before that it may
  // be told by begun().
  explicit FreshValue(std::function<void()> request) : request_(std::move(request)) {}

  // Calls `waiter` once: now, or within its patience if expire() is called in time.
  void get(base::MonoTime now, Waiter waiter);
  // What is asked for begins to be made: it is waited for, and what was is let go.
  void begun();
  void arrived(base::MonoTime now, Value value);
  void failed();
  // Gives up on waiters whose deadline is at or before `now`.
  void expire(base::MonoTime now);
  // When expire() has something to do next.
  std::optional<base::MonoTime> next_deadline() const;

 private:
  struct Waiting {
    base::MonoTime asked;
    Waiter waiter;
  };
  base::Duration patience() const { return last_ ? kPatience : kFirstPatience; }
  void answer_all();

  std::function<void()> request_;
  bool is_asking_ = false;
  Value last_;
  base::MonoTime arrived_at_{};
  std::deque<Waiting> waiting_;  // in the order in which they came
};

}  // namespace blipd::serve
