#include "daemon/engine/tracer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/engine/means.hpp"
#include "probes/wire/icmp.hpp"

namespace blipd::engine {

namespace {

// 16 bits and 20 of a name, the same after each start: a path is compared with the one of yesterday.
std::uint64_t hash_of(std::string_view name) { return base::siphash24(base::SipKey{}, name); }

// What might be of a trace, by little more than its protocol, since every packet that is seen passes here.
bool is_likely(const wire::IpPacket& packet, const Marks& marks) {
  base::ByteReader in(packet.payload);
  if (packet.protocol == wire::kIcmp || packet.protocol == wire::kIcmpV6) {
    const std::uint8_t type = in.u8();
    in.skip(3);
    return wire::is_icmp_error(packet.source.family(), type) || in.u16() == marks.trace_identifier;
  }
  const std::uint16_t from = in.u16();
  return marks.ports.has(from) || marks.ports.has(in.u16());
}

// The interface that the packet came in by, or the first one that was told.
std::string interface_of(const wire::IcmpExtensions& extensions) {
  using Role = wire::InterfaceInformation::Role;
  const auto& all = extensions.interfaces;
  if (all.empty()) return {};
  const auto incoming = std::ranges::find(all, Role::kIncoming, &wire::InterfaceInformation::role);
  const auto& chosen = incoming == all.end() ? all.front() : *incoming;
  if (!chosen.name.empty()) return chosen.name;
  if (chosen.address) return chosen.address->to_string();
  return chosen.index ? "#" + std::to_string(*chosen.index) : std::string();
}

TraceRun::Answer answer_of(const probes::TraceReading& reading, const Stamp& stamp) {
  using Kind = probes::TraceReading::Kind;
  TraceRun::Answer answer;
  answer.from = reading.from;
  answer.stamp = stamp;
  answer.notice = reading.notice;
  // Whatever the target itself says, it is there.
  const bool is_target =
      reading.kind == Kind::kAnswer || (reading.kind == Kind::kUnreachable && reading.from == reading.target);
  answer.said = is_target                        ? TraceRun::Said::kTarget
                : reading.kind == Kind::kExpired ? TraceRun::Said::kExpired
                                                 : TraceRun::Said::kUnreachable;
  if (reading.extensions) {
    for (const auto& entry : reading.extensions->labels) answer.labels.push_back(entry.label);
    answer.interface = interface_of(*reading.extensions);
  }
  return answer;
}

}  // namespace

Tracer::Tracer(const base::SipKey& key, const Marks& marks, const Roster& roster, std::unique_ptr<TraceSender> sender)
    : key_(key), marks_(marks), roster_(roster), sender_(std::move(sender)) {}

void Tracer::adopt(const config::Plan& plan, const Share& share, Pace pace, base::MonoTime now) {
  std::vector<Entry> entries;
  std::vector<Schedule::Entry> scheduled;
  std::map<std::string, std::size_t, std::less<>> by_name;
  for (config::TraceIndex i = 0; i < plan.traces.size(); ++i) {
    const config::PlannedTrace& trace = plan.traces[i];
    const auto channels = plan.channels_of(trace.target);
    if (!share.has(trace.target) || channels.empty()) continue;
    Entry entry{plan.trace_name(i), channels.front(), *trace.asks, 0, false, false};
    const auto before = by_name_.find(entry.name);
    if (before != by_name_.end()) entry.known_length = entries_[before->second].known_length;
    const auto index = static_cast<probes::ChannelIndex>(entries.size());
    scheduled.push_back({index, entry.spec.interval, phase_of(entry.name, entry.spec.interval)});
    by_name.emplace(entry.name, entries.size());
    entries.push_back(std::move(entry));
  }
  std::deque<std::size_t> waiting;
  for (const std::size_t old : waiting_) {
    const auto found = by_name.find(entries_[old].name);
    if (found == by_name.end()) continue;
    entries[found->second].is_waiting = true;
    entries[found->second].is_urgent = entries_[old].is_urgent;
    waiting.push_back(found->second);
  }
  std::erase_if(runs_, [&](const auto& run) { return !by_name.contains(run->name); });
  entries_ = std::move(entries);
  by_name_ = std::move(by_name);
  waiting_ = std::move(waiting);
  schedule_.assign(pace == Pace::kScheduled ? scheduled : std::vector<Schedule::Entry>(), now);
}

void Tracer::trace_now(std::span<const std::string> names) {
  for (const std::string& name : names) {
    const auto found = by_name_.find(name);
    if (found != by_name_.end()) enqueue(found->second, true);
  }
}

void Tracer::enqueue(std::size_t index, bool is_urgent) {
  Entry& entry = entries_[index];
  const auto running = std::ranges::find(runs_, entry.name, [](const auto& run) { return run->name; });
  if (running != runs_.end()) {
    // What was heard before somebody asked says nothing of afterwards.
    (*running)->is_again = (*running)->is_again || (is_urgent && !(*running)->path.was_asked_for);
    return;
  }
  if (entry.is_waiting && (entry.is_urgent || !is_urgent)) return;
  if (entry.is_waiting) std::erase(waiting_, index);
  entry.is_waiting = true;
  entry.is_urgent = is_urgent;
  const auto first_calm = std::ranges::find_if(waiting_, [&](std::size_t i) { return !entries_[i].is_urgent; });
  waiting_.insert(is_urgent ? first_calm : waiting_.end(), index);
}

std::optional<probes::TraceFlow> Tracer::flow_of(const Entry& entry) {
  const auto target = roster_.address(entry.by, 0);
  const auto& fixed = entry.spec.source;
  if (!sender_ || !target || (fixed && fixed->family() != target->family())) return std::nullopt;
  int error = 0;
  const auto source = fixed ? fixed : sender_->source_toward(*target, entry.spec.interface, error);
  if (!source || (fixed && !is_own_address(*fixed))) return std::nullopt;
  const probes::TraceSpec& spec = asked(entry.spec);
  const std::uint64_t hash = hash_of(entry.name);
  probes::TraceFlow flow;
  flow.method = spec.method;
  flow.source = *source;
  flow.target = *target;
  flow.target_port = spec.port;
  flow.source_port = spec.method == probes::TraceMethod::kIcmp
                         ? marks_.trace_identifier
                         : static_cast<std::uint16_t>(marks_.ports.first + hash % marks_.ports.size());
  flow.checksum = static_cast<std::uint16_t>((hash >> 16U) % 0xfffeU + 1U);
  flow.label = static_cast<std::uint32_t>(hash >> 32U) & 0xfffffU;
  flow.traffic_class = static_cast<std::uint8_t>(entry.spec.dscp << 2U);
  return flow;
}

void Tracer::start_waiting(const base::Moment& now) {
  while (!waiting_.empty() && runs_.size() < kMostAtOnce) {
    Entry& entry = entries_[waiting_.front()];
    waiting_.pop_front();
    const auto flow = flow_of(entry);
    if (!flow) {
      abort(entry, now);
    } else {
      const probes::TraceSpec& spec = asked(entry.spec);
      auto run =
          std::make_unique<Run>(Run{entry.name,
                                    entry.spec,
                                    *flow,
                                    TraceRun({spec.max_hops, spec.attempts, entry.spec.timeout, entry.known_length}),
                                    {},
                                    false,
                                    {}});
      run->path.name = entry.name;
      run->path.source = flow->source;
      run->path.target = flow->target;
      run->path.began = now.wall;
      run->path.began_mono = now.mono;
      run->path.was_asked_for = entry.is_urgent;
      runs_.push_back(std::move(run));
    }
    entry.is_waiting = false;
    entry.is_urgent = false;
  }
}

void Tracer::abort(const Entry& entry, const base::Moment& now) {
  probes::TracedPath path;
  path.name = entry.name;
  path.began = now.wall;
  path.began_mono = now.mono;
  path.ended = now.mono;
  path.was_asked_for = entry.is_urgent;
  tell(std::move(path));
}

void Tracer::tell(probes::TracedPath path) {
  ++ended_[static_cast<std::size_t>(path.end)];
  done_.push_back(std::move(path));
}

void Tracer::tick(const base::Moment& now, Leave leave, Budget& budget) {
  schedule_.advance(now.mono, [this](probes::ChannelIndex entry, base::MonoTime) { enqueue(entry, false); });
  if (leave == Leave::kSend) start_waiting(now);
  std::size_t left = leave == Leave::kSend ? kMostSends : 0;
  for (std::size_t i = 0; i < runs_.size();) {
    Run& run = *runs_[i];
    run.run.expire(now.mono);
    send(run, now, budget, left);
    const bool is_aborted = run.path.ended != base::MonoTime();
    if (!is_aborted && !run.run.is_over()) {
      ++i;
      continue;
    }
    finish(run, now);
    lingering_.push_back(std::move(runs_[i]));
    runs_.erase(runs_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  while (!lingering_.empty() && (lingering_.front()->linger_until <= now.mono || lingering_.size() > kMostLingering)) {
    lingering_.pop_front();
  }
}

void Tracer::send(Run& run, const base::Moment& now, Budget& budget, std::size_t& left) {
  while (left > 0) {
    const auto distance = run.run.next();
    if (!distance || !budget.take_spare(run.flow.target, now.mono)) return;
    // Two of one trace must not be taken for one another: of 16 bits some meet.
    std::uint32_t token = 0;
    do {
      token = probes::trace_token(key_, run.flow, ++number_);
    } while (run.run.knows(token));
    std::array<std::byte, probes::kLongestTracePacket> buffer{};
    const auto identification = static_cast<std::uint16_t>(number_ % 0xffffU + 1U);
    const base::Bytes packet = probes::write_trace(buffer, run.flow, *distance, identification, token);
    --left;
    if (sender_->send(packet, run.flow.target, run.spec.interface) != 0) {
      run.path.ended = now.mono;
      return;
    }
    ++packets_;
    run.run.sent(*distance, token, now.mono, {now.wall, probes::StampSource::kUserSpace});
  }
}

void Tracer::finish(Run& run, const base::Moment& now) {
  const bool is_aborted = run.path.ended != base::MonoTime();
  run.run.finish(run.path);
  if (is_aborted) run.path.end = probes::PathEnd::kAborted;
  run.path.ended = now.mono;
  run.linger_until = now.mono + kLinger;
  const auto entry = by_name_.find(run.name);
  if (entry != by_name_.end() && run.path.end == probes::PathEnd::kReached) {
    entries_[entry->second].known_length = run.path.hops.back().distance;
  }
  tell(run.path);
  if (!run.is_again || entry == by_name_.end()) return;
  // It is still among those that run.
  Entry& again = entries_[entry->second];
  again.is_waiting = true;
  again.is_urgent = true;
  waiting_.push_front(entry->second);
}

Tracer::Run* Tracer::find(const probes::TraceReading& reading) {
  const auto is_his = [&](const std::unique_ptr<Run>& run) {
    return run->flow.method == reading.method && run->flow.target == reading.target &&
           run->flow.source_port == reading.source_port && run->flow.target_port == reading.target_port &&
           run->run.knows(reading.token);
  };
  if (const auto run = std::ranges::find_if(runs_, is_his); run != runs_.end()) return run->get();
  const auto late = std::ranges::find_if(lingering_, is_his);
  return late == lingering_.end() ? nullptr : late->get();
}

bool Tracer::take(const SeenPacket& seen) {
  if ((runs_.empty() && lingering_.empty()) || !is_likely(seen.packet, marks_)) return false;
  const probes::TraceReading reading = probes::read_trace(seen.packet);
  if (reading.kind == probes::TraceReading::Kind::kForeign) return false;
  Run* const run = find(reading);
  if (run == nullptr) return false;
  if (reading.kind == probes::TraceReading::Kind::kRequest) {
    run->run.seen(reading.token, seen.stamp);
  } else {
    run->run.heard(reading.token, answer_of(reading, seen.stamp));
  }
  return true;
}

void Tracer::forget_sources() {
  if (sender_) sender_->forget_sources();
}

void Tracer::void_stamps() {
  for (const auto& run : runs_) run->run.void_stamps();
}

void Tracer::stop() {
  schedule_.assign({}, {});
  waiting_.clear();
  runs_.clear();
}

std::vector<probes::TracedPath> Tracer::take_paths() { return std::exchange(done_, {}); }

void Tracer::add_to(Health& health) const {
  health.can_trace = can_trace();
  health.trace_packets = packets_;
  health.traces_ended = ended_;
  health.traces_waiting = static_cast<std::uint32_t>(waiting_.size() + runs_.size());
}

}  // namespace blipd::engine
