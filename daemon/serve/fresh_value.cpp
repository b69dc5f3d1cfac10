#include "daemon/serve/fresh_value.hpp"

#include <utility>

namespace blipd::serve {

void FreshValue::get(base::MonoTime now, Waiter waiter) {
  if (last_ && now - arrived_at_ < kReuse) return waiter(last_);
  waiting_.push_back(Waiting{now, std::move(waiter)});
  if (is_asking_) return;
  is_asking_ = true;
  request_();
}

void FreshValue::begun() {
  if (is_asking_) last_.reset();
}

void FreshValue::arrived(base::MonoTime now, Value value) {
  if (!value || !value->snapshot || !value->snapshot->plan) return failed();
  is_asking_ = false;
  last_ = std::move(value);
  arrived_at_ = now;
  answer_all();
}

void FreshValue::failed() {
  is_asking_ = false;
  answer_all();
}

void FreshValue::expire(base::MonoTime now) {
  while (!waiting_.empty() && waiting_.front().asked + patience() <= now) {
    const Waiter waiter = std::move(waiting_.front().waiter);
    waiting_.pop_front();
    waiter(last_);
  }
}

std::optional<base::MonoTime> FreshValue::next_deadline() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.front().asked + patience();
}

// A waiter may ask again at once, so those that wait now are set apart first.
void FreshValue::answer_all() {
  const std::deque<Waiting> waiting = std::exchange(waiting_, {});
  for (const Waiting& each : waiting) each.waiter(last_);
}

}  // namespace blipd::serve
