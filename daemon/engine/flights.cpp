#include "daemon/engine/flights.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace blipd::engine {

namespace {

using probes::AbortReason;
using probes::Outcome;
using probes::RemarkKind;
using probes::StampSource;

// Room for probes asked out of turn, beside the regular ones.
constexpr std::uint64_t kSpareSlots = 3;
constexpr std::uint64_t kMaxSlots = 4096;

std::uint32_t slots_for(const Flights::ChannelTiming& timing, base::Duration late_window) {
  const base::Duration kept = timing.timeout + Flights::kGrace + late_window;
  const auto regular = static_cast<std::uint64_t>(kept / timing.interval) + 1;
  return static_cast<std::uint32_t>(std::bit_ceil(std::min(regular + kSpareSlots, kMaxSlots)));
}

// Both stamps by the capture, both by the kernel, or of mixed quality.
StampSource worse(StampSource a, StampSource b) { return a == b ? a : StampSource::kUserSpace; }

}  // namespace

Flights::Flights(probes::ResultSink& sink, base::Duration late_window) : sink_(sink), late_window_(late_window) {}

void Flights::lay_out(const std::vector<ChannelTiming>& timings) {
  std::vector<Channel> channels(std::max(timings.size(), channels_.size()));
  std::vector<Slot> slots;
  std::size_t total = 0;
  for (const ChannelTiming& timing : timings) total += timing.is_active ? slots_for(timing, late_window_) : 0;
  slots.reserve(total);
  waiting_ = 0;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    Channel& channel = channels[i];
    const bool existed = i < channels_.size();
    // Sequence numbers go on, so that nothing on the wire for a former channel of this index fits a new one.
    if (existed) channel.next_sequence = channels_[i].next_sequence;
    if (i >= timings.size() || !timings[i].is_active) continue;
    const ChannelTiming& timing = timings[i];
    const std::uint32_t count = slots_for(timing, late_window_);
    if (existed && channels_[i].is_active && channels_[i].generation == timing.generation) {
      channel = channels_[i];
      const auto old = slots_.begin() + static_cast<std::ptrdiff_t>(channel.first_slot);
      channel.first_slot = slots.size();
      slots.insert(slots.end(), old, old + channel.mask + 1);
    } else {
      channel.first_slot = slots.size();
      channel.mask = count - 1;
      channel.timeout = timing.timeout;
      channel.generation = timing.generation;
      channel.is_active = true;
      slots.resize(slots.size() + count);
    }
  }
  channels_ = std::move(channels);
  slots_ = std::move(slots);
  for (const Slot& slot : slots_) waiting_ += slot.state == State::kWaiting || slot.state == State::kHeld ? 1 : 0;
}

std::optional<probes::Sequence> Flights::reserve(probes::ChannelIndex channel) {
  Channel& c = channels_[channel];
  Slot& slot = slots_[c.first_slot + (c.next_sequence & c.mask)];
  if (slot.state == State::kReserved || slot.state == State::kWaiting || slot.state == State::kHeld) {
    return std::nullopt;
  }
  slot = Slot{};
  slot.sequence = c.next_sequence++;
  slot.state = State::kReserved;
  return slot.sequence;
}

void Flights::launch(probes::ChannelIndex channel, probes::Sequence sequence, const base::Moment& at,
                     std::uint32_t era) {
  Channel& c = channels_[channel];
  Slot& slot = slots_[c.first_slot + (sequence & c.mask)];
  slot.sent = at.mono;
  slot.request = at.wall;
  slot.request_source = StampSource::kUserSpace;
  slot.era = static_cast<std::uint16_t>(era);
  slot.state = State::kWaiting;
  deadlines_[c.timeout].push_back({at.mono + c.timeout + kGrace, channel, sequence});
  ++waiting_;
  sink_.on_sent(channel, at.mono);
}

void Flights::abort_reserved(probes::ChannelIndex channel, probes::Sequence sequence, base::MonoTime now) {
  Channel& c = channels_[channel];
  slots_[c.first_slot + (sequence & c.mask)].state = State::kFree;
  abort_unsent(channel, AbortReason::kSendError, now, now);
}

void Flights::abort_unsent(probes::ChannelIndex channel, AbortReason reason, base::MonoTime scheduled,
                           base::MonoTime now) {
  probes::Result result;
  result.channel = channel;
  result.sequence = channels_[channel].next_sequence;
  result.abort_reason = reason;
  result.sent = scheduled;
  result.settled = std::max(now, scheduled);
  sink_.on_result(result, nullptr);
}

Flights::Slot* Flights::slot_of(probes::ChannelIndex channel, probes::Sequence sequence) {
  if (channel >= channels_.size() || !channels_[channel].is_active) return nullptr;
  Channel& c = channels_[channel];
  Slot& slot = slots_[c.first_slot + (sequence & c.mask)];
  return slot.state > State::kReserved && slot.sequence == sequence ? &slot : nullptr;
}

bool Flights::learned(const Learned& learned, base::MonoTime now, std::uint32_t era) {
  if (learned.kind == Learned::Kind::kMalformed || learned.kind == Learned::Kind::kForged) {
    if (learned.channel >= channels_.size() || !channels_[learned.channel].is_active) return false;
    remark(learned.channel, learned.sequence,
           learned.kind == Learned::Kind::kForged ? RemarkKind::kForged : RemarkKind::kMalformed, now);
    return true;
  }
  Slot* slot = slot_of(learned.channel, learned.sequence);
  if (slot == nullptr) return false;
  switch (learned.kind) {
    case Learned::Kind::kRequestSeen:
      on_request_seen(*slot, learned, now, era);
      break;
    case Learned::Kind::kAnswer:
      on_answer(*slot, learned, now, era);
      break;
    case Learned::Kind::kUnreachable:
      on_unreachable(*slot, learned, now);
      break;
    case Learned::Kind::kFailedLocally:
      if (slot->state == State::kWaiting) abort_sent(*slot, learned.channel, AbortReason::kSendError, now);
      break;
    case Learned::Kind::kMalformed:
    case Learned::Kind::kForged:
      break;
  }
  return true;
}

void Flights::on_request_seen(Slot& slot, const Learned& learned, base::MonoTime now, std::uint32_t era) {
  if (slot.era != static_cast<std::uint16_t>(era)) return;
  // A packet that crosses several interfaces (a VLAN on a bond on a card) is captured on each: the last one is
  // nearest to the wire.
  if (slot.state != State::kWaiting && slot.state != State::kHeld) return;
  slot.request = learned.stamp.at;
  slot.request_source = learned.stamp.source;
  if (slot.state != State::kHeld) return;
  const auto held = std::ranges::find_if(
      held_, [&](const Held& h) { return h.channel == learned.channel && h.sequence == learned.sequence; });
  if (held == held_.end()) return;
  const std::optional<probes::AnswerDetail> detail = std::move(held->detail);
  held_.erase(held);
  const RoundTrip trip{slot.answer - slot.request, slot.request_source, {slot.answer, slot.era, true}};
  conclude_answer(slot, learned.channel, trip, now, detail ? &*detail : nullptr);
}

namespace {

// What the stamps say, unless a clock step lies between them. A round trip cannot be negative, nor longer than
// the time that has passed since we sent: stamps that say so are not believed either.
std::optional<base::Duration> plausible(base::Duration rtt, base::Duration since_sent) {
  constexpr base::Duration kSlack = std::chrono::milliseconds(1);
  if (rtt < base::Duration::zero() || rtt > since_sent + kSlack) return std::nullopt;
  return rtt;
}

}  // namespace

void Flights::on_answer(Slot& slot, const Learned& learned, base::MonoTime now, std::uint32_t era) {
  if (slot.state != State::kWaiting) {
    on_further_answer(slot, learned, now, era);
    if (slot.state == State::kFailed) {
      slot.state = State::kAnswered;
      slot.content = learned.content;
      slot.interface = static_cast<std::uint16_t>(learned.interface);
    }
    return;
  }
  slot.answer_kind = learned.answer;
  slot.service = learned.service;
  slot.ttl = learned.ttl;
  slot.content = learned.content;
  slot.interface = static_cast<std::uint16_t>(learned.interface);
  const bool is_same_era = slot.era == static_cast<std::uint16_t>(era);
  if (learned.kernel_rtt) {
    conclude_answer(slot, learned.channel, {learned.kernel_rtt, learned.stamp.source, {}}, now, learned.detail);
  } else if (!is_same_era) {
    conclude_answer(slot, learned.channel, {std::nullopt, StampSource::kNone, {}}, now, learned.detail);
  } else if (learned.stamp.source == StampSource::kCapture && slot.request_source != StampSource::kCapture) {
    slot.state = State::kHeld;
    slot.answer = learned.stamp.at;
    held_.push_back({now + kStampPatience, learned.channel, learned.sequence, std::nullopt});
    if (learned.detail != nullptr) held_.back().detail = *learned.detail;
  } else {
    RoundTrip trip{plausible(learned.stamp.at - slot.request, now - slot.sent),
                   worse(slot.request_source, learned.stamp.source),
                   {learned.stamp.at, slot.era, learned.stamp.source != StampSource::kUserSpace}};
    conclude_answer(slot, learned.channel, trip, now, learned.detail);
  }
}

void Flights::on_further_answer(const Slot& slot, const Learned& learned, base::MonoTime now, std::uint32_t era) {
  if (slot.state == State::kVoid) return;
  if (slot.state == State::kFailed) {
    std::optional<base::Duration> rtt = learned.kernel_rtt;
    if (!rtt && slot.era == static_cast<std::uint16_t>(era)) {
      rtt = plausible(learned.stamp.at - slot.request, now - slot.sent);
    }
    sink_.on_remark({learned.channel, learned.sequence, RemarkKind::kLate, now, rtt, slot.sent});
    return;
  }
  // The same packet, captured once more on another interface on its way up, is no second answer.
  if (slot.interface != static_cast<std::uint16_t>(learned.interface)) return;
  const bool says_the_same = slot.answer_kind == learned.answer && slot.content == learned.content;
  remark(learned.channel, learned.sequence, says_the_same ? RemarkKind::kDuplicate : RemarkKind::kDiffering, now);
}

void Flights::on_unreachable(Slot& slot, const Learned& learned, base::MonoTime now) {
  if (slot.state != State::kWaiting) return;
  probes::Result result;
  result.outcome = Outcome::kUnreachable;
  result.notice = learned.notice;
  result.answer_ttl = learned.ttl;
  result.settled = now;
  conclude(slot, learned.channel, result, State::kFailed, learned.detail);
}

void Flights::conclude_answer(Slot& slot, probes::ChannelIndex channel, const RoundTrip& trip, base::MonoTime now,
                              const probes::AnswerDetail* detail) {
  const base::Duration timeout = channels_[channel].timeout;
  const bool is_late = trip.duration ? *trip.duration > timeout : now - slot.sent > timeout + kGrace;
  probes::Result result;
  result.settled = now;
  if (is_late) {
    // It came before the verdict, but after the deadline: lost all the same.
    result.outcome = Outcome::kLost;
    const probes::Remark late{channel, slot.sequence, RemarkKind::kLate, now, trip.duration, slot.sent};
    conclude(slot, channel, result, State::kAnswered, nullptr);
    sink_.on_remark(late);
    return;
  }
  result.outcome = Outcome::kAnswered;
  result.answer = slot.answer_kind;
  result.stamps = trip.duration ? trip.stamps : StampSource::kNone;
  result.service = slot.service;
  result.answer_ttl = slot.ttl;
  result.rtt = trip.duration;
  const auto reordered = note_order(channels_[channel], slot.sequence, trip.arrival);
  conclude(slot, channel, result, State::kAnswered, detail);
  if (reordered) remark(channel, *reordered, RemarkKind::kReordered, now);
}

// Which answer, if any, is now known to have come after one to a later probe (RFC 4737, 3.2). Sequence numbers wrap.
// What arrives through several sockets is learned in the order in which they are read: where there are stamps, they
// decide.
std::optional<probes::Sequence> Flights::note_order(Channel& c, probes::Sequence sequence, const Arrival& arrival) {
  const Arrival& last = c.last_arrival;
  const bool is_first = !std::exchange(c.has_answered, true);
  const bool are_stamped = arrival.is_stamped && last.is_stamped && arrival.era == last.era;
  const bool is_later_probe = is_first || static_cast<std::int32_t>(sequence - c.last_answered) > 0;
  std::optional<probes::Sequence> reordered;
  if (!is_later_probe && (!are_stamped || arrival.at > last.at)) reordered = sequence;
  if (!is_first && is_later_probe && are_stamped && arrival.at < last.at) reordered = c.last_answered;
  if (is_later_probe) {
    c.last_answered = sequence;
    c.last_arrival = arrival;
  }
  return reordered;
}

void Flights::conclude(Slot& slot, probes::ChannelIndex channel, probes::Result& result, State state,
                       const probes::AnswerDetail* detail) {
  result.channel = channel;
  result.sequence = slot.sequence;
  result.sent = slot.sent;
  result.settled = std::max(result.settled, slot.sent);
  result.was_sent = true;
  slot.state = state;
  --waiting_;
  sink_.on_result(result, detail);
}

void Flights::abort_sent(Slot& slot, probes::ChannelIndex channel, AbortReason reason, base::MonoTime now) {
  probes::Result result;
  result.outcome = Outcome::kAborted;
  result.abort_reason = reason;
  result.settled = now;
  conclude(slot, channel, result, State::kVoid, nullptr);
}

void Flights::release_held(base::MonoTime now) {
  while (!held_.empty() && held_.front().patience_ends <= now) {
    const Held held = std::move(held_.front());
    held_.pop_front();
    Slot* slot = slot_of(held.channel, held.sequence);
    if (slot == nullptr || slot->state != State::kHeld) continue;
    const RoundTrip trip{plausible(slot->answer - slot->request, now - slot->sent),
                         StampSource::kUserSpace,
                         {slot->answer, slot->era, true}};
    conclude_answer(*slot, held.channel, trip, now, held.detail ? &*held.detail : nullptr);
  }
}

void Flights::settle(base::MonoTime now, base::MonoTime doubtful_until) {
  release_held(now);
  for (auto& [timeout, queue] : deadlines_) {
    while (!queue.empty() && queue.front().verdict <= now) {
      const Deadline deadline = queue.front();
      queue.pop_front();
      Slot* slot = slot_of(deadline.channel, deadline.sequence);
      if (slot == nullptr || slot->state != State::kWaiting) continue;
      if (slot->sent < doubtful_until) {
        abort_sent(*slot, deadline.channel, AbortReason::kOverrun, now);
        continue;
      }
      probes::Result result;
      result.outcome = Outcome::kLost;
      result.settled = now;
      conclude(*slot, deadline.channel, result, State::kFailed, nullptr);
    }
  }
}

void Flights::void_all(AbortReason reason, base::MonoTime now) {
  for (probes::ChannelIndex i = 0; i < channels_.size(); ++i) {
    const Channel& c = channels_[i];
    if (!c.is_active) continue;
    for (std::size_t s = c.first_slot; s <= c.first_slot + c.mask; ++s) {
      const State state = slots_[s].state;
      if (state == State::kWaiting || state == State::kHeld) abort_sent(slots_[s], i, reason, now);
    }
  }
}

bool Flights::is_waiting(probes::ChannelIndex channel, probes::Sequence sequence) const {
  const Channel& c = channels_[channel];
  if (!c.is_active) return false;
  const Slot& slot = slots_[c.first_slot + (sequence & c.mask)];
  return slot.sequence == sequence && slot.state == State::kWaiting;
}

std::uint32_t Flights::waiting(probes::ChannelIndex channel) const {
  const Channel& c = channels_[channel];
  if (!c.is_active) return 0;
  std::uint32_t count = 0;
  for (std::size_t s = c.first_slot; s <= c.first_slot + c.mask; ++s) {
    count += slots_[s].state == State::kWaiting || slots_[s].state == State::kHeld ? 1U : 0U;
  }
  return count;
}

bool Flights::is_verdict_due(base::MonoTime now) {
  for (auto& [timeout, queue] : deadlines_) {
    for (; !queue.empty() && queue.front().verdict <= now; queue.pop_front()) {
      const Slot* slot = slot_of(queue.front().channel, queue.front().sequence);
      if (slot != nullptr && slot->state == State::kWaiting) return true;
    }
  }
  return false;
}

void Flights::remark(probes::ChannelIndex channel, probes::Sequence sequence, RemarkKind kind, base::MonoTime now) {
  sink_.on_remark({channel, sequence, kind, now, std::nullopt, {}});
}

}  // namespace blipd::engine
