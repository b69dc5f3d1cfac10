// Traces the paths of a plan: each on its own slow schedule, and at once when asked to. Owns which traces are under way
// and what waits. Probes come first: a tick's probes have left before it sends, it takes what they leave of the budget,
// and sends nothing while any of them waits. All on the loop's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/plan.hpp"
#include "daemon/engine/budget.hpp"
#include "daemon/engine/health.hpp"
#include "daemon/engine/orders.hpp"
#include "daemon/engine/packet_source.hpp"
#include "daemon/engine/roster.hpp"
#include "daemon/engine/schedule.hpp"
#include "daemon/engine/trace_run.hpp"
#include "daemon/engine/trace_sender.hpp"
#include "probes/base/siphash.hpp"
#include "probes/path.hpp"
#include "probes/trace.hpp"

namespace blipd::engine {

class Tracer {
 public:
  // Of one loop. With several they trace as many as so many each.
  static constexpr std::size_t kMostAtOnce = 8;

  // `sender` is null without CAP_NET_RAW: then every trace ends as aborted. `roster` outlives this.
  Tracer(const base::SipKey& key, const Marks& marks, const Roster& roster, std::unique_ptr<TraceSender> sender);

  enum class Pace : std::uint8_t { kScheduled, kOnRequest };
  void adopt(const config::Plan& plan, const Share& share, Pace pace, base::MonoTime now);
  // Names that the plan does not have are passed over.
  void trace_now(std::span<const std::string> names);

  // Whether a packet that was seen is of a trace, and so nobody else's business.
  bool take(const SeenPacket& seen);

  enum class Leave : std::uint8_t { kSend, kWait };
  void tick(const base::Moment& now, Leave leave, Budget& budget);

  // Routes or addresses changed.
  void forget_sources();
  // The wall clock was set.
  void void_stamps();
  void stop();

  bool is_busy() const { return !runs_.empty() || !waiting_.empty(); }
  std::optional<base::MonoTime> next_due() const { return schedule_.next_due(); }
  bool has_traces() const { return !entries_.empty(); }
  bool can_trace() const { return sender_ != nullptr; }
  std::vector<probes::TracedPath> take_paths();
  void add_to(Health& health) const;

 private:
  // Packets that leave in one tick at most.
  static constexpr std::size_t kMostSends = 16;
  // What is late belongs to its trace for so long, so that nobody wonders about it.
  static constexpr base::Duration kLinger = std::chrono::seconds(10);
  static constexpr std::size_t kMostLingering = 64;

  // A trace of the plan.
  struct Entry {
    std::string name;
    probes::ChannelIndex by = 0;  // a channel of the same target, which knows its address
    probes::ProbeSpec spec;
    std::uint8_t known_length = 0;
    bool is_waiting = false;
    bool is_urgent = false;
  };
  struct Run {
    std::string name;
    probes::ProbeSpec spec;
    probes::TraceFlow flow;
    TraceRun run;
    probes::TracedPath path;
    bool is_again = false;  // asked for at once while it was under way on schedule
    base::MonoTime linger_until{};
  };

  static const probes::TraceSpec& asked(const probes::ProbeSpec& spec) { return std::get<probes::TraceSpec>(spec.ask); }
  void enqueue(std::size_t index, bool is_urgent);
  void start_waiting(const base::Moment& now);
  std::optional<probes::TraceFlow> flow_of(const Entry& entry);
  void send(Run& run, const base::Moment& now, Budget& budget, std::size_t& left);
  void finish(Run& run, const base::Moment& now);
  void abort(const Entry& entry, const base::Moment& now);
  Run* find(const probes::TraceReading& reading);
  void tell(probes::TracedPath path);

  base::SipKey key_;
  Marks marks_;
  const Roster& roster_;
  std::unique_ptr<TraceSender> sender_;
  std::vector<Entry> entries_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
  Schedule schedule_;
  std::deque<std::size_t> waiting_;  // urgent ones first
  std::vector<std::unique_ptr<Run>> runs_;
  std::deque<std::unique_ptr<Run>> lingering_;
  std::vector<probes::TracedPath> done_;
  std::uint32_t number_ = 0;
  std::uint64_t packets_ = 0;
  std::array<std::uint64_t, kTraceEnds> ended_{};
};

}  // namespace blipd::engine
