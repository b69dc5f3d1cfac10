// Asks for a fresh Published when somebody wants one, but not too often: requests that wait at the same time
// share one answer, a value younger than kReuse is given again, and who has waited for kPatience gets the last
// one, or nothing after kFirstPatience. Reads no clock and has no thread: all calls come from one thread, with the
// time.
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
  // As long as there is nothing else to give: within the ten seconds that Prometheus waits by itself.
  static constexpr base::Duration kFirstPatience = std::chrono::seconds(5);

  // `request` asks for a value, which comes by arrived() or is given up by failed(), once per call.
  explicit FreshValue(std::function<void()> request) : request_(std::move(request)) {}

  // Calls `waiter` once: now, or within its patience if expire() is called in time.
  void get(base::MonoTime now, Waiter waiter);
  void arrived(base::MonoTime now, Value value);
  void failed();
  // Gives up on waiters whose deadline is at or before `now`.
  void expire(base::MonoTime now);
  // When expire() has something to do next.
  std::optional<base::MonoTime> next_deadline() const;

 private:
  struct Waiting {
    base::MonoTime deadline;
    Waiter waiter;
  };
  void answer_all();

  std::function<void()> request_;
  bool is_asking_ = false;
  Value last_;
  base::MonoTime arrived_at_{};
  std::deque<Waiting> waiting_;  // by deadline: patience is the same for all until all are answered
};

}  // namespace blipd::serve
