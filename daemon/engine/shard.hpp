// One of several that probe in one process: a loop of its own (sockets, capture, schedule, flights) on a thread of its
// own, with a share of the targets. What it learns goes into its handover at the end of each tick. It knows nothing of
// the others, but for the budget that all take from.
#pragma once

#include <boost/asio/io_context.hpp>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/engine/batch.hpp"
#include "daemon/engine/handover.hpp"
#include "daemon/engine/timed_loop.hpp"

namespace blipd::engine {

class Shard {
 public:
  // `notify` is called on the shard's thread, and `failed` when an exception ended it. `most_calls`: see Handover.
  Shard(const base::Clock& clock, Loop::Asking asking, const Marks& marks, Notify notify,
        std::function<void(std::exception_ptr)> failed, std::size_t most_calls = Handover::kMostCalls,
        std::shared_ptr<PacketTap> tap = nullptr);
  // Stops.
  ~Shard();

  // On the thread that opens sockets while there are privileges for it, before start().
  base::Expected<void> open(Orders orders);
  // `name` is the thread's: up to 15 characters.
  void start(const std::string& name);
  // No more ticks. Returns when the thread has ended; what it told last lies in the handover.
  void stop();

  // From any thread; done with the shard's next turn.
  void adopt(Orders orders);
  void ask_now(std::vector<probes::ChannelIndex> channels);

  void trace_now(std::vector<std::string> names);
  std::vector<probes::TracedPath> take_paths();

  Handover& handover() { return handover_; }

 private:
  void end_tick(const base::Moment& now);
  void tell_held(const base::Moment& now);

  Notify notify_;
  std::function<void(std::exception_ptr)> failed_;
  boost::asio::io_context io_{1};
  BatchWriter writer_;
  TimedLoop timed_;
  Handover handover_;
  std::mutex paths_mutex_;
  std::vector<probes::TracedPath> paths_;
  base::MonoTime health_due_ = base::MonoTime::min();
  base::MonoTime held_told_ = base::MonoTime::min();
  std::uint64_t held_ticks_ = 0;
  std::thread thread_;
};

}  // namespace blipd::engine
