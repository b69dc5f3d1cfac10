// The engine: asks every channel of a plan on time and hands what becomes of each probe to a ResultSink. The only
// floor with probing sockets. One loop, one tick: drain what was seen, settle deadlines, send what is due, then let the
// owner do its part.
//
// With one shard everything runs on the thread of the io_context given. With more, each probes on a thread of its own,
// and what they learn is told on that of the io_context, in order of time. Either way sink and on_tick are called there
// and all calls come from there; `notify` may be called on any thread.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/plan.hpp"
#include "daemon/engine/health.hpp"
#include "daemon/engine/notice.hpp"
#include "daemon/engine/packet_tap.hpp"
#include "probes/base/error.hpp"
#include "probes/base/time.hpp"
#include "probes/path.hpp"
#include "probes/result.hpp"

namespace boost::asio {
class io_context;
}

namespace blipd::engine {

enum class Pace : std::uint8_t {
  kScheduled,  // every channel at its interval
  kOnRequest,  // only what ask_now() names
};

struct EngineOptions {
  Pace pace = Pace::kScheduled;
  Notify notify;             // may be empty
  std::uint32_t shards = 1;  // 1 to config::Engine::kMostShards
  MakeTap make_tap;          // may be empty: nobody looks on
  // At the end of each tick; may be empty. All that was learned up to `now` has been told to the sink, and what is told
  // later was learned no earlier.
  std::function<void(const base::Moment& now)> on_tick;
};

class Engine {
 public:
  // Opens the capture and the sockets, best first, and says by notice which it had to do without. Fails when nothing
  // is left to ask the plan's probes with: the text names the remedy.
  static base::Expected<std::unique_ptr<Engine>> create(boost::asio::io_context& io, const base::Clock& clock,
                                                        probes::ResultSink& sink,
                                                        std::shared_ptr<const config::Plan> plan,
                                                        EngineOptions options);
  virtual ~Engine() = default;

  // Answers are captured from create() on, so the first probe's answer cannot be missed.
  virtual void start() = 0;

  // No more probes, no more ticks. Those under way end as aborted without a verdict being given.
  virtual void stop() = 0;

  // A plan made from the current one, which the sink has taken over already. Channels with the same index and
  // since_generation keep their phase and their probes under way; of others nothing more is told.
  virtual void adopt(std::shared_ptr<const config::Plan> plan) = 0;

  // Asks these out of turn with the next tick, within the budget.
  virtual void ask_now(std::span<const probes::ChannelIndex> channels) = 0;

  // Traces these paths of the plan at once, as soon as probes and budget leave room.
  virtual void trace_now(std::span<const config::TraceIndex> traces) = 0;
  // Those that were traced since the last call, whether asked for or on schedule.
  virtual std::vector<probes::TracedPath> take_paths() = 0;

  // Makes the next tick come at once rather than when something is due.
  virtual void wake() = 0;

  virtual Health health() = 0;
};

}  // namespace blipd::engine
