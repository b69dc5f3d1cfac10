// What one way of asking was last answered, in four bytes a channel: the kind of the last answer and the TTL that it
// came with, whether that was from where the host's other answers come from, and whether the way mostly refuses. That
// it is silent is Contact's to know.
#pragma once

#include <algorithm>
#include <cstdint>

#include "daemon/detect/hops.hpp"
#include "probes/result.hpp"

namespace blipd::detect {

class Saying {
 public:
  enum class Answer : std::uint8_t { kNone, kOther, kSynAck, kReset, kNotAsExpected };
  // So many answers in a row from one distance make it one to compare others with.
  static constexpr std::uint8_t kSteady = 3;

  void on_answer(const probes::Result& result) {
    const Answer answer = kind_of(result);
    if (answer != answer_ || result.answer_ttl != ttl_) is_compared_ = is_from_nearer_ = false;
    const bool is_from_there =
        ttl_ != 0 && result.answer_ttl != 0 && hops_apart(result.answer_ttl, ttl_) <= kPathSpan && answer == answer_;
    steady_ = (is_from_there ? std::min(steady_ + 1U, unsigned{kSteady}) : 1U) & 3U;
    answer_ = answer;
    ttl_ = result.answer_ttl;
    failures_since_notice_ = UINT8_MAX;
    refusals_ = static_cast<std::int8_t>(
        std::clamp(refusals_ + (answer == Answer::kReset ? 1 : -1), -kMostRefusals, kMostRefusals));
  }
  void on_failure(bool has_notice) {
    failures_since_notice_ =
        has_notice ? 0 : static_cast<std::uint8_t>(std::min(failures_since_notice_ + 1, UINT8_MAX));
  }
  // Whether an ICMP error came for one of the last failures since the last answer. Routers send so many a second and no
  // more, so that not each failure has one.
  bool has_notice() const { return failures_since_notice_ < kNoticeHolds; }

  Answer answer() const { return answer_; }
  std::uint8_t ttl() const { return ttl_; }  // 0: not seen
  // Whether where its answers come from is known.
  bool is_steady() const { return ttl_ != 0 && steady_ == kSteady; }
  bool mostly_refuses() const { return refusals_ > 0; }

  // A reset or SYN-ACK that nobody has compared with the host's other answers yet.
  bool is_to_be_compared() const {
    return !is_compared_ && ttl_ != 0 && (answer_ == Answer::kSynAck || answer_ == Answer::kReset);
  }
  void compared() { is_compared_ = true; }
  // The last answer is known to come from nearer than the host.
  bool is_from_nearer() const { return is_from_nearer_; }
  void from_nearer() { is_from_nearer_ = true; }

 private:
  static constexpr int kMostRefusals = 100;
  static constexpr std::uint8_t kNoticeHolds = 10;

  static Answer kind_of(const probes::Result& result) {
    if (result.answer == probes::AnswerKind::kReset) return Answer::kReset;
    if (result.service == probes::Service::kNotAsExpected) return Answer::kNotAsExpected;
    return result.answer == probes::AnswerKind::kSynAck ? Answer::kSynAck : Answer::kOther;
  }

  std::uint8_t ttl_ = 0;
  Answer answer_ : 3 = Answer::kNone;
  std::uint8_t steady_ : 2 = 0;
  bool is_compared_ : 1 = false;
  bool is_from_nearer_ : 1 = false;
  std::uint8_t failures_since_notice_ = UINT8_MAX;
  std::int8_t refusals_ = 0;  // more than other answers, of late
};
static_assert(sizeof(Saying) <= 4);

}  // namespace blipd::detect
