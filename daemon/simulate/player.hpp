// Plays a scripted country to a pipeline in virtual time, as the live engine would ask it: each channel at its own
// phase, losses learned a timeout late, late answers as remarks, urgent channels at once. Deterministic: the same
// country, plan and seed give the same calls. Owns virtual time; what becomes of events is its caller's affair.
#pragma once

#include <cstdint>
#include <memory>
#include <queue>
#include <vector>

#include "config/plan.hpp"
#include "daemon/pipeline/pipeline.hpp"
#include "daemon/pipeline/turn.hpp"
#include "daemon/pipeline/virtual_time.hpp"
#include "daemon/simulate/country.hpp"

namespace blipd::simulate {

class Player {
 public:
  // The hosts of `plan` must be addresses. `start` is the wall time at which the scenario begins; both references
  // outlive this.
  Player(Country& country, std::shared_ptr<const config::Plan> plan, base::WallTime start);

  // The pipeline's time before anything is asked.
  base::Moment start() const { return time_.now(); }

  // Sees each result and remark before the pipeline does; for recording. It outlives this.
  void watch(probes::ResultSink& watcher) { watcher_ = &watcher; }

  // Goes on until `until` (excluded), counted from the scenario's start.
  void play(pipeline::Pipeline& pipeline, base::Duration until);
  // Asks nobody any more, and learns what is under way. The end.
  void finish(pipeline::Pipeline& pipeline);

  // The pipeline's time now.
  base::Moment time() const { return time_.now(); }
  std::uint64_t results() const { return results_; }
  base::Duration now() const { return now_ - start_; }

 private:
  // As in the engine, no channel has more probes under way.
  static constexpr std::uint16_t kMostUnderWay = 16;

  using What = pipeline::What;
  struct Item {
    pipeline::Turn turn;
    base::Duration rtt{};
    probes::Sequence sequence = 0;
    probes::Outcome outcome = probes::Outcome::kLost;
    probes::AnswerKind answer = probes::AnswerKind::kNone;
    std::uint8_t ttl = 0;
    NoticeCode notice = NoticeCode::kHost;
    std::uint32_t notice_from = 0;  // index into senders_, of kUnreachable
    bool is_urgent = false;         // of kAsk: out of turn
  };
  struct Later {
    bool operator()(const Item& a, const Item& b) const { return a.turn > b.turn; }
  };
  struct Asked {
    base::Address address;
    Question question;
    probes::Sequence sequence = 0;
    std::uint16_t under_way = 0;
    bool is_dns_over_tcp = false;
    base::WallTime last = base::WallTime::min();
  };

  void run(pipeline::Pipeline& pipeline, base::WallTime end);
  void ask(probes::ChannelIndex channel, pipeline::Pipeline& pipeline);
  void settle(const Item& item, pipeline::Pipeline& pipeline);
  void take_urgent(pipeline::Pipeline& pipeline);
  std::uint32_t sender(const base::Address& address);

  Country& country_;
  std::shared_ptr<const config::Plan> plan_;
  base::WallTime start_;
  std::vector<Asked> channels_;
  std::vector<base::Address> senders_;
  std::priority_queue<Item, std::vector<Item>, Later> items_;
  std::uint64_t results_ = 0;
  base::WallTime now_;
  pipeline::VirtualTime time_;
  bool is_over_ = false;  // nobody is asked any more
  probes::ResultSink* watcher_ = nullptr;
};

}  // namespace blipd::simulate
