// What one control, asked one way, can say about our own link at the time at which some other probe was sent. It
// vouches for a time when it answered probes sent before and after, and none in between is lost or may yet be.
// Times are those of sending; an answer from far away passes our link a round trip later, so a time means it and the
// second after. Bounded: of probes under way the oldest give way.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "daemon/detect/contact.hpp"
#include "probes/base/time.hpp"

namespace blipd::detect {

class Witness {
 public:
  void on_sent(base::MonoTime at) {
    if (in_flight_.size() == kMost) in_flight_.erase(in_flight_.begin());
    in_flight_.push_back(at);
  }
  // The probe was never judged.
  void on_aborted(base::MonoTime sent) { settle(sent); }
  void on_answer(base::MonoTime sent) {
    settle(sent);
    answered_ = std::max(answered_, sent);
    if (sent > failed_) streak_ = std::min(streak_, sent);
  }
  void on_failure(base::MonoTime sent) {
    settle(sent);
    failed_ = std::max(failed_, sent);
    // Of a loss learned after later answers only the latest of these is still known.
    if (streak_ <= failed_) streak_ = answered_ > failed_ ? answered_ : kNotAnswering;
  }

  base::MonoTime answered() const { return answered_; }
  bool vouches(base::MonoTime sent) const {
    return streak_ <= sent && sent + kExchange <= answered_ &&
           std::ranges::none_of(in_flight_, [this](base::MonoTime at) { return at < answered_; });
  }
  // It does not vouch, and never will.
  bool speaks_against(base::MonoTime sent) const {
    return failed_ >= sent || (streak_ != kNotAnswering && streak_ > sent);
  }

 private:
  static constexpr base::MonoTime kNotAnswering = base::MonoTime::max();
  static constexpr std::size_t kMost = 64;
  // Longer than nearly all round trips, those over geostationary satellites included.
  static constexpr base::Duration kExchange = std::chrono::seconds(1);

  // A source whose times differ from those it gave with on_sent() settles the oldest.
  void settle(base::MonoTime sent) {
    if (in_flight_.empty()) return;
    const auto at = std::ranges::find(in_flight_, sent);
    in_flight_.erase(at == in_flight_.end() ? in_flight_.begin() : at);
  }

  std::vector<base::MonoTime> in_flight_;
  base::MonoTime answered_ = kNever;       // the latest
  base::MonoTime failed_ = kNever;         // the latest
  base::MonoTime streak_ = kNotAnswering;  // the first answered since failed_
};

}  // namespace blipd::detect
