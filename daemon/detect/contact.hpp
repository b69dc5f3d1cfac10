// When one channel was last in contact, by the times at which its probes were sent: a loss is learned a whole
// timeout after the answers of later probes, and must not speak against them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "probes/base/time.hpp"

namespace blipd::detect {

inline constexpr base::MonoTime kNever = base::MonoTime::min();

class Contact {
 public:
  void on_answer(base::MonoTime sent) {
    answered_sent_ = std::max(answered_sent_, sent);
    if (sent >= failed_sent_) failures_ = 0;
  }
  // False when a probe sent later has been answered: old news.
  bool on_failure(base::MonoTime sent) {
    if (sent < answered_sent_) return false;
    failed_sent_ = std::max(failed_sent_, sent);
    if (failures_ < std::numeric_limits<std::uint16_t>::max()) ++failures_;
    return true;
  }
  // The failures since the last answer are not to be believed.
  void forget_failures() {
    failures_ = 0;
    failed_sent_ = kNever;
  }

  // Of the latest probe answered; kNever: none.
  base::MonoTime answered_sent() const { return answered_sent_; }
  // Of the latest failure that was news; kNever: none.
  base::MonoTime failed_sent() const { return failed_sent_; }
  // In a row, since the last answer.
  std::uint16_t failures() const { return failures_; }
  bool is_answering() const { return answered_sent_ != kNever && failures_ == 0; }

 private:
  base::MonoTime answered_sent_ = kNever;
  base::MonoTime failed_sent_ = kNever;
  std::uint16_t failures_ = 0;
};

}  // namespace blipd::detect
