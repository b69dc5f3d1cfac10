// Plays a scripted country to a pipeline in virtual time, as the live engine would ask it: each channel at its own
// phase, losses learned a timeout late, late answers as remarks, urgent channels at once. Deterministic: the same
// country, plan and seed give the same calls. Owns virtual time; what becomes of events is its caller's affair.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <vector>

#include "config/plan.hpp"
#include "daemon/pipeline/pipeline.hpp"
#include "daemon/simulate/country.hpp"

namespace blipd::simulate {

class Player {
 public:
  // The hosts of `plan` must be addresses. `start` is the wall time at which the scenario begins; both references
  // outlive this.
  Player(Country& country, std::shared_ptr<const config::Plan> plan, base::WallTime start);

  // The pipeline's time when the scenario begins.
  base::Moment start() const { return moment(base::Duration::zero()); }

  // Sees each result before the pipeline does; for recording.
  using Watch = std::function<void(const probes::Result&, base::WallTime sent)>;
  void watch(Watch watch) { watch_ = std::move(watch); }

  // Goes on until `until` (excluded), counted from the scenario's start.
  void play(pipeline::Pipeline& pipeline, base::Duration until);

  std::uint64_t results() const { return results_; }
  base::Duration now() const { return now_; }

 private:
  // Virtual time begins a month after the monotonic clock's zero, so that nothing reaches back beyond it.
  static constexpr base::MonoTime kStart{std::chrono::hours(24 * 30)};
  static constexpr base::Duration kStep = std::chrono::milliseconds(250);
  // As the engine: a verdict waits so much longer than the timeout, a late answer is looked out for so long, and no
  // channel has more probes under way.
  static constexpr base::Duration kGrace = std::chrono::milliseconds(50);
  static constexpr std::uint16_t kMostUnderWay = 16;

  enum class What : std::uint8_t { kAsk, kResult, kLate };
  struct Item {
    base::Duration at{};
    std::uint64_t order = 0;  // of making: what is due at one moment keeps it
    base::Duration sent{};
    base::Duration rtt{};
    probes::ChannelIndex channel = 0;
    probes::Sequence sequence = 0;
    What what = What::kAsk;
    probes::Outcome outcome = probes::Outcome::kLost;
    probes::AnswerKind answer = probes::AnswerKind::kNone;
    std::uint8_t ttl = 0;
    NoticeCode notice = NoticeCode::kHost;
    std::uint32_t notice_from = 0;  // index into senders_, of kUnreachable
  };
  struct Later {
    bool operator()(const Item& a, const Item& b) const { return a.at != b.at ? a.at > b.at : a.order > b.order; }
  };
  struct Asked {
    base::Address address;
    Question question;
    probes::Sequence sequence = 0;
    std::uint16_t under_way = 0;
    bool is_dns_over_tcp = false;
  };

  base::Moment moment(base::Duration at) const { return {kStart + at, start_ + at, base::BootTime(at), {}}; }
  void ask(probes::ChannelIndex channel, pipeline::Pipeline& pipeline);
  void push(Item item);
  void settle(const Item& item, pipeline::Pipeline& pipeline);
  void take_urgent(pipeline::Pipeline& pipeline);
  std::uint32_t sender(const base::Address& address);

  Country& country_;
  std::shared_ptr<const config::Plan> plan_;
  base::WallTime start_;
  std::vector<Asked> channels_;
  std::vector<base::Address> senders_;
  std::priority_queue<Item, std::vector<Item>, Later> items_;
  std::uint64_t made_ = 0;
  std::uint64_t results_ = 0;
  base::Duration now_{};
  base::Duration advanced_{};
  Watch watch_;
};

}  // namespace blipd::simulate
