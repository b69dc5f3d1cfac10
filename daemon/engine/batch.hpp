// What one shard learned in a tick (or a few), on its way to the thread that judges: the calls of a ResultSink, in
// their order, packed. 48 bytes a call; the vectors are used again and again. Of AnswerDetail only HTTP comes along,
// which is exported; the rest is for somebody who asks once, and he has one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "config/plan.hpp"
#include "daemon/engine/health.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::engine {

struct Batch {
  // One call. `at` is when it was learned: on_sent's `at`, a result's `settled`, a remark's `at`.
  struct Call {
    enum class What : std::uint8_t { kSent, kResult, kRemark };
    static constexpr base::Duration kNoRtt = base::Duration::min();
    static constexpr std::uint32_t kNothing = UINT32_MAX;

    base::MonoTime at{};
    base::MonoTime sent{};
    base::Duration rtt = kNoRtt;
    probes::ChannelIndex channel = 0;
    probes::Sequence sequence = 0;
    // Of an answer its place in `details`, of any other result that in `notices`.
    std::uint32_t beside = kNothing;
    What what = What::kSent;
    probes::RemarkKind remark = probes::RemarkKind::kLate;
    probes::Outcome outcome = probes::Outcome::kAborted;
    probes::AbortReason abort_reason = probes::AbortReason::kNone;
    probes::AnswerKind answer = probes::AnswerKind::kNone;
    probes::StampSource stamps = probes::StampSource::kNone;
    probes::Service service = probes::Service::kNotJudged;
    std::uint8_t answer_ttl = 0;
    bool was_sent = false;           // of a result
    bool is_from_elsewhere = false;  // of a remark
  };

  std::vector<Call> calls;
  std::vector<probes::IcmpNotice> notices;
  std::vector<probes::AnswerDetail> details;
  base::Moment end;                   // when the tick was over: what the shard tells later happened no earlier
  config::Generation generation = 0;  // of the plan that the shard asked by
  std::optional<Health> health;       // once in a while

  // Makes the call.
  void repeat(const Call& call, probes::ResultSink& sink) const;
  // Puts a later one of the same generation behind it.
  void append(const Batch& later);
  void clear();
};

// Packs what it is told.
class BatchWriter final : public probes::ResultSink {
 public:
  Batch& batch() { return batch_; }

  void on_sent(probes::ChannelIndex channel, base::MonoTime at) override;
  void on_result(const probes::Result& result, const probes::AnswerDetail* detail) override;
  void on_remark(const probes::Remark& remark) override;

 private:
  Batch batch_;
};

}  // namespace blipd::engine
