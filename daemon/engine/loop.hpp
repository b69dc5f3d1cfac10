// The tick, without timer or thread: what the engine does each time it wakes. Owns all running state of probing.
// Order within a tick is what keeps words true: first what was seen is drained, so that no answer that is already
// here is called lost; then the clocks are looked at, so that no stamp is compared across a step; then deadlines
// are settled; only then is anything sent.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "daemon/engine/budget.hpp"
#include "daemon/engine/clock_watch.hpp"
#include "daemon/engine/dns_tcp.hpp"
#include "daemon/engine/dns_udp.hpp"
#include "daemon/engine/expiries.hpp"
#include "daemon/engine/first_round.hpp"
#include "daemon/engine/flights.hpp"
#include "daemon/engine/health.hpp"
#include "daemon/engine/http.hpp"
#include "daemon/engine/matcher.hpp"
#include "daemon/engine/means.hpp"
#include "daemon/engine/notice.hpp"
#include "daemon/engine/orders.hpp"
#include "daemon/engine/packet_tap.hpp"
#include "daemon/engine/resolver.hpp"
#include "daemon/engine/roster.hpp"
#include "daemon/engine/route_watch.hpp"
#include "daemon/engine/schedule.hpp"
#include "daemon/engine/tcp_connect.hpp"
#include "daemon/engine/tick.hpp"
#include "daemon/engine/tracer.hpp"
#include "daemon/engine/transport.hpp"

namespace blipd::engine {

class Loop final : private Inbox {
 public:
  enum class Asking : std::uint8_t { kScheduled, kOnRequest };

  // `tap` may be null.
  Loop(const base::Clock& clock, probes::ResultSink& sink, Asking asking, const Marks& marks, Notify notify,
       std::shared_ptr<PacketTap> tap = nullptr);

  // Opens what the plan needs; see open_means().
  base::Expected<void> open(Orders orders);

  // Starts (or goes on with) asking by this plan.
  void adopt(Orders orders);

  // Held, it sends nothing: what is due waits, and what waited too long ends as overrun. All else goes on.
  void hold(bool is_held) { is_held_ = is_held; }

  void ask_now(std::span<const probes::ChannelIndex> channels);

  // By name; those that this loop does not trace are passed over.
  void trace_now(std::span<const std::string> names) { tracer_->trace_now(names); }
  // What was traced since the last call.
  std::vector<probes::TracedPath> take_paths() { return tracer_->take_paths(); }

  // One tick. Returns when the next one is needed at the latest.
  base::MonoTime tick();

  // Ends every probe under way without a verdict.
  void stop();

  Health health();

 private:
  struct Due {
    probes::ChannelIndex channel;
    base::MonoTime scheduled;
    bool is_deferred;  // waited for the budget already
  };

  // Inbox: keeps what is learned until the clocks have been looked at.
  void learned(const Learned& learned) override;
  void unmatched(Learned::Kind kind) override;

  void look_at_clocks(const base::Moment& now);
  void look_at_routes(const base::Moment& now);
  void take_resolutions(const base::Moment& now);
  void drain(const base::Moment& now);
  void take(const SeenPacket& seen);
  void show(const SeenPacket& seen, std::size_t learned_before);
  void settle(const base::Moment& now);
  std::size_t send(const base::Moment& now);
  base::MonoTime next_tick(const base::Moment& now) const;

  void due(Due due, const base::Moment& now);
  enum class Asked : std::uint8_t { kDone, kNoBudget };
  Asked ask(probes::ChannelIndex channel, base::MonoTime scheduled, const base::Moment& now);
  void put_on_wire(const Ask& ask, Way way);
  void sent(const Ask& ask, int error, const base::Moment& at);
  void reschedule(std::span<const probes::ChannelIndex> changed, base::MonoTime from);
  void watch_names();
  bool is_asked(const config::PlannedChannel& channel) const { return channel.is_active && share_.has(channel); }
  void count_lag(base::Duration lag);
  std::uint64_t capture_drops();
  std::uint64_t socket_drops() const;
  Transport* transport_for(Way way);
  void tell(Severity severity, std::string_view event, const std::string& text) const;

  const base::Clock& clock_;
  FirstRound sink_;
  Asking asking_;
  Notify notify_;
  std::shared_ptr<PacketTap> tap_;  // null: nobody looks on
  base::SipKey key_;
  Marks marks_;
  probes::IcmpEcho echo_;
  probes::TcpSyn syn_;
  std::shared_ptr<const config::Plan> plan_;
  std::shared_ptr<Budget> budget_;
  Share share_;
  Roster roster_;
  std::unique_ptr<Flights> flights_;
  std::unique_ptr<Matcher> matcher_;
  Means means_;
  std::unique_ptr<Tracer> tracer_;
  std::unique_ptr<DnsUdpTransport> dns_udp_;
  std::unique_ptr<DnsTcpTransport> dns_tcp_;
  std::unique_ptr<TcpConnectTransport> tcp_connect_;
  std::unique_ptr<HttpTransport> http_;
  Resolver resolver_;
  std::set<std::string> watched_names_;
  Schedule schedule_;
  ClockWatch clock_watch_;
  RouteWatch route_watch_;
  std::set<base::Address> lost_sources_;  // configured source addresses that this machine no longer has
  Expiries expiries_;
  Tick tick_;
  std::vector<Learned> pending_;
  std::deque<probes::AnswerDetail> details_;  // of those in pending_ that have one
  std::deque<Due> deferred_;
  std::vector<probes::ChannelIndex> urgent_;
  std::size_t sends_this_tick_ = 0;
  bool is_held_ = false;
  base::MonoTime doubtful_until_{};
  std::uint64_t drops_seen_ = 0;
  std::uint64_t drops_told_ = 0;
  base::MonoTime drops_told_at_{};
  int last_send_error_ = 0;
  Health health_;
};

}  // namespace blipd::engine
