#include "daemon/engine/loop.hpp"
#include "probes/base/prefetch.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace blipd::engine {

namespace {

using Distance = probes::ResultSink::Distance;

// What may leave in one tick; the rest waits for the next one, where answers are drained first. Less than what queues
// on the way hold as Linux makes them (a thousand packets), so that no burst of ours after a stall can be too much for
// one.
constexpr std::size_t kMaxSendsPerTick = 512;

// How many of what was learned lie between fetching what one of them needs into the caches and its turn.
constexpr std::size_t kAhead = 32;

// A notice that could come with every tick comes no more often than this.
constexpr std::chrono::seconds kNoticeInterval(10);

}  // namespace

Loop::Loop(const base::Clock& clock, probes::ResultSink& sink, Asking asking, const Marks& marks, Notify notify,
           std::shared_ptr<PacketTap> tap)
    : clock_(clock),
      sink_(sink),
      asking_(asking),
      notify_(std::move(notify)),
      tap_(std::move(tap)),
      key_(base::SipKey::random()),
      marks_(marks),
      echo_(key_, marks.echo_identifier),
      syn_(key_, marks.ports),
      clock_watch_(clock.read()) {}

base::Expected<void> Loop::open(Orders orders) {
  if (auto bindings = check_bindings(*orders.plan); !bindings) return bindings;
  auto means = open_means(*orders.plan, echo_, syn_, marks_, clock_, key_, *this, notify_,
                          tap_ ? Onlookers::kTap : Onlookers::kNone);
  if (!means) return tl::unexpected(means.error());
  means_ = std::move(*means);
  if (tap_ && !means_.is_capturing) {
    tell(Severity::kWarning, "no_recording",
         "packets are not recorded for want of a capture; allow packet sockets (CAP_NET_RAW, AF_PACKET) to mend that");
    tap_.reset();
  }
  if (tap_) roster_.know_all();
  tracer_ = std::make_unique<Tracer>(key_, marks_, roster_, std::move(means_.traces));
  Inbox& inbox = *this;
  dns_udp_ = std::make_unique<DnsUdpTransport>(inbox, key_);
  dns_tcp_ = std::make_unique<DnsTcpTransport>(inbox);
  tcp_connect_ = std::make_unique<TcpConnectTransport>(inbox);
  http_ = std::make_unique<HttpTransport>(
      inbox, [this](probes::ChannelIndex channel) { return plan_->targets[plan_->channels[channel].target].host; });
  flights_ = std::make_unique<Flights>(sink_, orders.plan->configuration.engine.late_window);
  matcher_ = std::make_unique<Matcher>(echo_, syn_, roster_, *flights_);
  adopt(std::move(orders));
  return {};
}

void Loop::adopt(Orders orders) {
  const auto before = std::exchange(plan_, std::move(orders.plan));
  share_ = std::move(orders.share);
  roster_.adopt(plan_, *orders.budget, share_);
  budget_ = std::move(orders.budget);
  sink_.adopt(*plan_, share_);

  const std::vector<probes::ChannelIndex> changed = config::changes_between(before.get(), *plan_).channels;
  flights_->make_room(plan_->channels.size());
  for (const probes::ChannelIndex i : changed) {
    const config::PlannedChannel& channel = plan_->channels[i];
    const probes::ProbeSpec& spec = channel.spec();
    flights_->lay_out(i, {is_asked(channel), spec.interval, spec.timeout, channel.since_generation});
  }
  const base::Moment now = clock_.read();
  if (asking_ == Asking::kScheduled) reschedule(changed, now.mono);
  std::erase_if(deferred_, [&](const Due& d) { return !is_asked(plan_->channels[d.channel]); });
  tracer_->adopt(*plan_, share_, asking_ == Asking::kScheduled ? Tracer::Pace::kScheduled : Tracer::Pace::kOnRequest,
                 now.mono);
  http_->forget_roots();
  if (tap_) tap_->adopt(*plan_, share_);
  watch_names();
  look_at_routes(now);
}

void Loop::reschedule(std::span<const probes::ChannelIndex> changed, base::MonoTime from) {
  std::vector<Schedule::Entry> newcomers;
  for (const probes::ChannelIndex i : changed) {
    const config::PlannedChannel& channel = plan_->channels[i];
    if (!is_asked(channel)) continue;
    const base::Duration interval = channel.spec().interval;
    newcomers.push_back({i, interval, phase_of(plan_->channel_name(i), interval)});
  }
  schedule_.change(changed, newcomers, from);
}

void Loop::watch_names() {
  const std::vector<std::string> names = roster_.names();
  const std::set<std::string> wanted(names.begin(), names.end());
  for (const std::string& name : watched_names_) {
    if (!wanted.contains(name)) resolver_.unwatch(name);
  }
  for (const std::string& name : wanted) {
    if (!watched_names_.contains(name)) resolver_.watch(name);
  }
  watched_names_ = wanted;
}

void Loop::ask_now(std::span<const probes::ChannelIndex> channels) {
  urgent_.insert(urgent_.end(), channels.begin(), channels.end());
}

base::MonoTime Loop::tick() {
  const base::Moment start = clock_.read();
  ++health_.ticks;
  if (route_watch_.changed(start.mono)) look_at_routes(start);
  take_resolutions(start);
  drain(start);
  if (tap_) tap_->tick(start);
  settle(start);
  const base::Moment now = clock_.read();
  tick_.sent(send(now));
  // What is left: traces wait for probes, never the other way round.
  tracer_->tick(now, is_held_ || !deferred_.empty() ? Tracer::Leave::kWait : Tracer::Leave::kSend, *budget_);
  return next_tick(now);
}

void Loop::look_at_clocks(const base::Moment& now) {
  const ClockWatch::Noticed noticed = clock_watch_.look(now);
  if (!noticed) return;
  ++health_.clock_steps;
  tracer_->void_stamps();
  if (noticed.step) {
    tell(Severity::kWarning, "clock_step",
         fmt::format("the wall clock stepped by {:+.3f} s; round trips that span the step are void",
                     base::to_seconds(*noticed.step)));
  }
  if (noticed.suspend) {
    tell(Severity::kWarning, "suspend",
         fmt::format("the machine slept for {:.3f} s; probes under way are not judged",
                     base::to_seconds(*noticed.suspend)));
    flights_->void_all(probes::AbortReason::kClock, now.mono);
  }
}

void Loop::look_at_routes(const base::Moment&) {
  if (means_.raw) means_.raw->forget_sources();
  tracer_->forget_sources();
  // With a header of our own the kernel would send from an address that is no longer ours.
  lost_sources_.clear();
  std::set<base::Address> own;
  for (const auto& ways : plan_->ways) {
    for (const probes::ProbeSpec& spec : *ways) {
      const auto& source = spec.source;
      if (!source || own.contains(*source) || lost_sources_.contains(*source)) continue;
      (is_own_address(*source) ? own : lost_sources_).insert(*source);
    }
  }
}

void Loop::take_resolutions(const base::Moment& now) {
  for (Resolved& resolved : resolver_.poll(now.mono)) {
    ++health_.resolutions;
    if (!resolved.error.empty()) {
      ++health_.resolution_failures;
      tell(Severity::kWarning, "resolve_failed", fmt::format("{}: {}", resolved.name, resolved.error));
    }
    roster_.resolved(resolved.name, std::move(resolved.addresses));
  }
}

void Loop::learned(const Learned& learned) {
  pending_.push_back(learned);
  if (learned.detail != nullptr) pending_.back().detail = &details_.emplace_back(*learned.detail);
}

void Loop::unmatched(Learned::Kind kind) {
  switch (kind) {
    case Learned::Kind::kMalformed:
      ++health_.malformed_packets;
      break;
    case Learned::Kind::kForged:
      ++health_.forged_packets;
      break;
    default:
      ++health_.unmatched_packets;
  }
}

void Loop::drain(const base::Moment& now) {
  pending_.clear();
  details_.clear();
  if (means_.packets) {
    means_.packets->drain([this](const SeenPacket& seen) {
      const std::size_t learned_before = pending_.size();
      take(seen);
      if (tap_) show(seen, learned_before);
    });
  }
  if (means_.pings) means_.pings->poll(now);
  dns_udp_->poll(now);
  dns_tcp_->poll(now);
  tcp_connect_->poll(now);
  http_->poll(now);
  // What has been drained was stamped before this look: a step that it spans is noticed before it is used.
  const base::Moment drained = clock_.read();
  look_at_clocks(drained);
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (i + kAhead < pending_.size()) {
      const Learned& far = pending_[i + kAhead];
      flights_->prefetch(far.channel);
      if (far.kind == Learned::Kind::kAnswer) sink_.prefetch(far.channel, Distance::kFar);
    }
    if (i + kAhead / 2 < pending_.size()) {
      const Learned& near = pending_[i + kAhead / 2];
      flights_->prefetch(near.channel, near.sequence);
      if (near.kind == Learned::Kind::kAnswer) sink_.prefetch(near.channel, Distance::kNear);
    }
    if (!flights_->learned(pending_[i], drained.mono, clock_watch_.era())) unmatched(pending_[i].kind);
  }
}

void Loop::take(const SeenPacket& seen) {
  if (tracer_->take(seen)) return;
  if (seen.packet.protocol == wire::kUdp) {
    dns_udp_->captured(seen.packet, seen.stamp.at);
  } else {
    matcher_->match(seen, *this);
  }
}

std::uint64_t Loop::capture_drops() { return means_.packets ? means_.packets->drops() : 0; }

std::uint64_t Loop::socket_drops() const {
  return dns_udp_->socket_drops() + (means_.pings ? means_.pings->drops() : 0);
}

void Loop::settle(const base::Moment& now) {
  if (flights_->is_verdict_due(now.mono)) {
    // Before anything is called lost: did we ourselves drop what may have been its answer?
    const std::uint64_t drops = capture_drops() + socket_drops();
    if (drops != drops_seen_) doubtful_until_ = now.mono;
    drops_seen_ = drops;
    if (drops != drops_told_ && now.mono - drops_told_at_ >= kNoticeInterval) {
      tell(Severity::kWarning, "drops",
           fmt::format("{} packets found no room in our buffers; probes that may have been answered by them are not "
                       "judged",
                       drops - drops_told_));
      drops_told_ = drops;
      drops_told_at_ = now.mono;
    }
  }
  flights_->settle(now.mono, doubtful_until_);
  expiries_.advance(now.mono, [this](probes::ChannelIndex channel, probes::Sequence sequence) {
    dns_udp_->forget(channel, sequence);
    dns_tcp_->forget(channel, sequence);
    tcp_connect_->forget(channel, sequence);
    http_->forget(channel, sequence);
  });
}

std::size_t Loop::send(const base::Moment& now) {
  sends_this_tick_ = 0;
  if (is_held_) return 0;
  // What waits for room in a tick comes up in turn; the rest of a long queue is not touched.
  for (std::size_t waiting = deferred_.size(); waiting > 0 && sends_this_tick_ < kMaxSendsPerTick; --waiting) {
    const Due deferred = deferred_.front();
    deferred_.pop_front();
    due(deferred, now);
  }
  for (const probes::ChannelIndex channel : urgent_) {
    if (channel < plan_->channels.size() && is_asked(plan_->channels[channel])) due({channel, now.mono, false}, now);
  }
  urgent_.clear();
  // With many channels most of the time goes into waiting for memory, unless it is fetched ahead.
  schedule_.advance(
      now.mono,
      [&](probes::ChannelIndex channel, base::MonoTime scheduled) {
        due({channel, scheduled, false}, now);
      },
      [&](probes::ChannelIndex far, probes::ChannelIndex near) {
        base::prefetch(plan_->channels[far]);
        roster_.prefetch(far);
        flights_->prefetch(far);
        sink_.prefetch(far, Distance::kFar);
        flights_->prefetch(near, flights_->next_sequence(near));
      });
  if (means_.raw) {
    means_.raw->flush([this](const Ask& ask, int error, const base::Moment& at) { sent(ask, error, at); });
  }
  return sends_this_tick_;
}

void Loop::due(Due due, const base::Moment& now) {
  const base::Duration lag = now.mono - due.scheduled;
  const config::PlannedChannel& planned = plan_->channels[due.channel];
  // Too late to be worth asking: the next one is due already, or the moment that it was to speak for is gone.
  if (lag > plan_->configuration.engine.max_lag || lag >= planned.spec().interval) {
    flights_->abort_unsent(due.channel, probes::AbortReason::kOverrun, due.scheduled, now.mono);
    return;
  }
  const bool is_full = sends_this_tick_ >= kMaxSendsPerTick;
  if (is_full || ask(due.channel, due.scheduled, now) == Asked::kNoBudget) {
    if (!is_full && !std::exchange(due.is_deferred, true)) ++health_.budget_deferrals;
    deferred_.push_back(due);
    return;
  }
  count_lag(lag);
}

Loop::Asked Loop::ask(probes::ChannelIndex channel, base::MonoTime scheduled, const base::Moment& now) {
  const probes::ProbeSpec& spec = plan_->channels[channel].spec();
  const auto address = roster_.address(channel, flights_->next_sequence(channel));
  if (!address) {
    flights_->abort_unsent(channel, probes::AbortReason::kUnresolved, scheduled, now.mono);
    return Asked::kDone;
  }
  if (!budget_->take(*address, now.mono)) return Asked::kNoBudget;
  const auto sequence = flights_->reserve(channel);
  if (!sequence) {
    flights_->abort_unsent(channel, probes::AbortReason::kOverrun, scheduled, now.mono);
    return Asked::kDone;
  }
  ++sends_this_tick_;
  const Ask ask{channel, *sequence, *address, &spec};
  if (spec.source && lost_sources_.contains(*spec.source)) {
    sent(ask, EADDRNOTAVAIL, now);
  } else {
    put_on_wire(ask, way_of(spec));
  }
  return Asked::kDone;
}

Transport* Loop::transport_for(Way way) {
  switch (way) {
    case Way::kEcho:
      return means_.raw ? nullptr : means_.pings.get();
    case Way::kSyn:
      return means_.raw ? nullptr : tcp_connect_.get();
    case Way::kConnect:
      return tcp_connect_.get();
    case Way::kDnsUdp:
      return dns_udp_.get();
    case Way::kDnsTcp:
      return dns_tcp_.get();
    case Way::kHttp:
      return http_.get();
  }
  return nullptr;
}

void Loop::put_on_wire(const Ask& ask, Way way) {
  Transport* const transport = transport_for(way);
  if (transport != nullptr) {
    const base::Moment at = clock_.read();
    if (transport->ask(ask, at) != AskStatus::kSent) {
      sent(ask, errno != 0 ? errno : EIO, at);
      return;
    }
    sent(ask, 0, at);
    if (way != Way::kEcho) {
      const base::Duration kept = ask.spec->timeout + Flights::kGrace + plan_->configuration.engine.late_window;
      expiries_.add(ask.channel, ask.sequence, at.mono, kept);
    }
  } else if (means_.raw) {
    means_.raw->add(ask, [this](const Ask& asked, int error, const base::Moment& at) { sent(asked, error, at); });
  } else {
    sent(ask, EPERM, clock_.read());
  }
}

void Loop::sent(const Ask& ask, int error, const base::Moment& at) {
  if (error == 0) {
    flights_->launch(ask.channel, ask.sequence, at, clock_watch_.era());
    last_send_error_ = 0;
    return;
  }
  flights_->abort_reserved(ask.channel, ask.sequence, at.mono);
  ++health_.send_errors;
  // One line when it begins, not one a probe.
  if (error != last_send_error_) {
    tell(Severity::kWarning, "send_error",
         fmt::format("cannot send to {} ({}): {}; such probes are not judged", ask.target.to_string(),
                     plan_->channel_name(ask.channel), std::strerror(error)));
    last_send_error_ = error;
  }
}

void Loop::count_lag(base::Duration lag) {
  const double seconds = base::to_seconds(std::max(lag, base::Duration::zero()));
  const auto bucket = std::ranges::lower_bound(kLagBuckets, seconds);
  ++health_.lag_counts[static_cast<std::size_t>(bucket - kLagBuckets.begin())];
  health_.lag_sum_seconds += seconds;
}

base::MonoTime Loop::next_tick(const base::Moment& now) const {
  const bool is_busy = flights_->waiting() > 0 || !deferred_.empty() || !urgent_.empty() || tracer_->is_busy();
  if (http_->connections() > 0) return now.mono + std::min(tick_.length(), Tick::kExchange);
  if (dns_tcp_->connections() > 0 || tcp_connect_->connections() > 0) {
    return now.mono + std::min(tick_.length(), Tick::kOwnStamps);
  }
  if (is_busy) return now.mono + tick_.length();
  const base::MonoTime idle = now.mono + Tick::kIdle;
  auto next_due = schedule_.next_due();
  if (const auto trace = tracer_->next_due()) next_due = std::min(next_due.value_or(*trace), *trace);
  // On the grid of the tick, so that what is due closely together leaves together.
  return next_due ? std::clamp(*next_due + Tick::kCalm / 2, now.mono + tick_.length(), idle) : idle;
}

void Loop::stop() {
  schedule_.assign({}, clock_.read().mono);
  deferred_.clear();
  urgent_.clear();
  tracer_->stop();
}

Health Loop::health() {
  Health health = health_;
  health.is_capturing = means_.is_capturing;
  health.clock_source = means_.is_capturing ? "capture" : means_.packets || means_.pings ? "kernel" : "user";
  health.is_first_round_settled = sink_.is_settled();
  health.capture_drops = capture_drops();
  health.socket_drops = socket_drops();
  health.unresolved_targets = roster_.unresolved_targets();
  health.refused_targets = roster_.refused_targets();
  if (means_.packets) health.malformed_packets += means_.packets->malformed();
  health.malformed_packets += dns_udp_->refused();
  tracer_->add_to(health);
  return health;
}

void Loop::tell(Severity severity, std::string_view event, const std::string& text) const {
  if (notify_) notify_(severity, event, text);
}

}  // namespace blipd::engine
