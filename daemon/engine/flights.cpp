#include "daemon/engine/flights.hpp"

#include <algorithm>
#include <utility>

namespace blipd::engine {

namespace {

using probes::AbortReason;
using probes::ChannelIndex;
using probes::Outcome;
using probes::RemarkKind;
using probes::Sequence;
using probes::StampSource;

// Room for probes asked out of turn, beside the regular ones.
constexpr std::uint64_t kSpareSlots = 3;

std::uint32_t slots_for(const Flights::ChannelTiming& timing, base::Duration late_window) {
  const base::Duration kept = timing.timeout + Flights::kGrace + late_window;
  const auto regular = static_cast<std::uint64_t>(kept / timing.interval) + 1;
  const auto longest = std::uint64_t{SlotPool<int>::kLongestRun};
  return SlotPool<int>::length_for(static_cast<std::uint32_t>(std::min(regular + kSpareSlots, longest)));
}

// Both stamps by the capture, both by the kernel, or of mixed quality.
StampSource worse(StampSource a, StampSource b) { return a == b ? a : StampSource::kUserSpace; }

}  // namespace

Flights::Flights(probes::ResultSink& sink, base::Duration late_window) : sink_(sink), late_window_(late_window) {}

void Flights::make_room(std::size_t channels) {
  if (channels_.size() >= channels) return;
  channels_.resize(channels);
  generations_.resize(channels);
}

void Flights::lay_out(ChannelIndex index, const ChannelTiming& timing) {
  Channel& channel = channels_[index];
  if (timing.is_active && channel.is_active && generations_[index] == timing.generation) return;
  if (channel.is_active) {
    waiting_ -= waiting(index);
    slots_.give_back(channel.first_slot, channel.slots);
  }
  // Sequence numbers go on, so that nothing on the wire for a former channel of this index fits a new one.
  channel = Channel{.next_sequence = channel.next_sequence};
  if (!timing.is_active) return;
  const std::uint32_t slots = slots_for(timing, late_window_);
  channel.first_slot = slots_.take(slots);
  channel.slots = static_cast<std::uint16_t>(slots);
  channel.timeout = deadlines_.class_of(timing.timeout);
  channel.is_active = true;
  generations_[index] = timing.generation;
}

std::optional<Sequence> Flights::reserve(ChannelIndex channel) {
  Channel& c = channels_[channel];
  Slot& slot = slots_[c.slot(c.next_sequence)];
  if (slot.state == State::kReserved || slot.state == State::kWaiting || slot.state == State::kHeld) {
    return std::nullopt;
  }
  slot = Slot{};
  slot.state = State::kReserved;
  const Sequence sequence = c.next_sequence;
  c.step();
  return sequence;
}

void Flights::launch(ChannelIndex channel, Sequence sequence, const base::Moment& at, std::uint32_t era) {
  const Channel& c = channels_[channel];
  Slot& slot = slots_[c.slot(sequence)];
  slot.sent = at.mono;
  slot.set_request(at.wall, StampSource::kUserSpace);
  slot.era = static_cast<std::uint8_t>(era);
  slot.state = State::kWaiting;
  deadlines_.add(c.timeout, {at.mono + deadlines_.timeout(c.timeout) + kGrace, channel, sequence});
  ++waiting_;
  sink_.on_sent(channel, at.mono);
}

void Flights::abort_reserved(ChannelIndex channel, Sequence sequence, base::MonoTime now) {
  slots_[channels_[channel].slot(sequence)].state = State::kFree;
  abort_unsent(channel, AbortReason::kSendError, now, now);
}

void Flights::abort_unsent(ChannelIndex channel, AbortReason reason, base::MonoTime scheduled, base::MonoTime now) {
  probes::Result result;
  result.channel = channel;
  result.sequence = channels_[channel].next_sequence;
  result.abort_reason = reason;
  result.sent = scheduled;
  result.settled = std::max(now, scheduled);
  sink_.on_result(result, nullptr);
}

// Null for a probe that is unknown by now.
Flights::Slot* Flights::slot_of(ChannelIndex channel, Sequence sequence) {
  if (channel >= channels_.size() || !channels_[channel].is_known(sequence)) return nullptr;
  Slot& slot = slots_[channels_[channel].slot(sequence)];
  return slot.state > State::kReserved ? &slot : nullptr;
}

bool Flights::learned(const Learned& learned, base::MonoTime now, std::uint32_t era) {
  if (learned.kind == Learned::Kind::kMalformed || learned.kind == Learned::Kind::kForged) {
    if (learned.channel >= channels_.size() || !channels_[learned.channel].is_active) return false;
    const RemarkKind kind = learned.kind == Learned::Kind::kForged ? RemarkKind::kForged : RemarkKind::kMalformed;
    sink_.on_remark({learned.channel, learned.sequence, kind, now, std::nullopt, {}, learned.is_from_elsewhere});
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
      if (slot->state == State::kWaiting) {
        abort_sent(*slot, learned.channel, learned.sequence, AbortReason::kSendError, now);
      }
      break;
    case Learned::Kind::kMalformed:
    case Learned::Kind::kForged:
      break;
  }
  return true;
}

void Flights::on_request_seen(Slot& slot, const Learned& learned, base::MonoTime now, std::uint32_t era) {
  if (!slot.is_of(era)) return;
  // A packet that crosses several interfaces (a VLAN on a bond on a card) is captured on each: the last one is
  // nearest to the wire.
  if (slot.state != State::kWaiting && slot.state != State::kHeld) return;
  slot.set_request(learned.stamp.at, learned.stamp.source);
  if (slot.state != State::kHeld) return;
  const auto found = held_of(learned);
  if (found == held_.end()) return;
  const Held held = std::move(*found);
  held_.erase(found);
  const RoundTrip trip{slot.since_request(held.at), slot.request_source(), {held.at, slot.era, true}};
  conclude_answer(slot, held.channel, held.sequence, held.content, held.answer, trip, now,
                  held.detail ? &*held.detail : nullptr);
}

// What the stamps say, unless a clock step lies between them. A round trip cannot be negative, nor longer than the time
// that has passed since we sent: stamps that say so are not believed either.
std::optional<base::Duration> Flights::round_trip(const Slot& slot, base::WallTime arrived, base::MonoTime now) {
  constexpr base::Duration kSlack = std::chrono::milliseconds(1);
  const base::Duration since_sent = now - slot.sent;
  if (since_sent >= kStampReach) return std::nullopt;
  const base::Duration rtt = slot.since_request(arrived);
  if (rtt < base::Duration::zero() || rtt > since_sent + kSlack) return std::nullopt;
  return rtt;
}

void Flights::on_answer(Slot& slot, const Learned& learned, base::MonoTime now, std::uint32_t era) {
  if (slot.state != State::kWaiting) return on_further_answer(slot, learned, now, era);
  slot.answer_kind = learned.answer;
  const Content content = content_of(learned);
  const Answer answer{learned.service, learned.ttl};
  RoundTrip trip;
  if (learned.kernel_rtt) {
    trip = {learned.kernel_rtt, learned.stamp.source, {}};
  } else if (!slot.is_of(era)) {
    trip = {std::nullopt, StampSource::kNone, {}};
  } else if (learned.stamp.source == StampSource::kCapture && slot.request_source() != StampSource::kCapture) {
    slot.state = State::kHeld;
    held_.push_back({now + kStampPatience, learned.channel, learned.sequence, learned.stamp.at, content, answer, {}});
    if (learned.detail != nullptr) held_.back().detail = *learned.detail;
    return;
  } else {
    trip = {round_trip(slot, learned.stamp.at, now),
            worse(slot.request_source(), learned.stamp.source),
            {learned.stamp.at, slot.era, learned.stamp.source != StampSource::kUserSpace}};
  }
  conclude_answer(slot, learned.channel, learned.sequence, content, answer, trip, now, learned.detail);
}

void Flights::on_further_answer(Slot& slot, const Learned& learned, base::MonoTime now, std::uint32_t era) {
  if (slot.state == State::kVoid) return;
  if (slot.state == State::kFailed) {
    std::optional<base::Duration> rtt = learned.kernel_rtt;
    if (!rtt && slot.is_of(era)) rtt = round_trip(slot, learned.stamp.at, now);
    sink_.on_remark({learned.channel, learned.sequence, RemarkKind::kLate, now, rtt, slot.sent});
    slot.state = State::kAnswered;
    slot.answer_kind = learned.answer;
    slot.set_content(content_of(learned));
    return;
  }
  const auto held = slot.state == State::kHeld ? held_of(learned) : held_.end();
  const Content before = held != held_.end() ? held->content : slot.content();
  const Content content = content_of(learned);
  // The same packet, captured once more on another interface on its way up, is no second answer.
  if (before.interface != content.interface) return;
  const bool says_the_same = slot.answer_kind == learned.answer && before == content;
  remark(learned.channel, learned.sequence, says_the_same ? RemarkKind::kDuplicate : RemarkKind::kDiffering, now);
}

std::deque<Flights::Held>::iterator Flights::held_of(const Learned& learned) {
  return std::ranges::find_if(
      held_, [&](const Held& h) { return h.channel == learned.channel && h.sequence == learned.sequence; });
}

Flights::Content Flights::content_of(const Learned& learned) {
  return {static_cast<std::uint32_t>(learned.content ^ (learned.content >> 32U)),
          static_cast<std::uint16_t>(learned.interface)};
}

void Flights::on_unreachable(Slot& slot, const Learned& learned, base::MonoTime now) {
  if (slot.state != State::kWaiting) return;
  probes::Result result;
  result.outcome = Outcome::kUnreachable;
  result.notice = learned.notice;
  result.answer_ttl = learned.ttl;
  result.settled = now;
  conclude(slot, learned.channel, learned.sequence, result, State::kFailed, learned.detail);
}

void Flights::conclude_answer(Slot& slot, ChannelIndex channel, Sequence sequence, const Content& content,
                              const Answer& answer, const RoundTrip& trip, base::MonoTime now,
                              const probes::AnswerDetail* detail) {
  slot.set_content(content);
  const base::Duration timeout = deadlines_.timeout(channels_[channel].timeout);
  const bool is_late = trip.duration ? *trip.duration > timeout : now - slot.sent > timeout + kGrace;
  probes::Result result;
  result.settled = now;
  if (is_late) {
    // It came before the verdict, but after the deadline: lost all the same.
    result.outcome = Outcome::kLost;
    const probes::Remark late{channel, sequence, RemarkKind::kLate, now, trip.duration, slot.sent};
    conclude(slot, channel, sequence, result, State::kAnswered, nullptr);
    sink_.on_remark(late);
    return;
  }
  result.outcome = Outcome::kAnswered;
  result.answer = slot.answer_kind;
  result.stamps = trip.duration ? trip.stamps : StampSource::kNone;
  result.service = answer.service;
  result.answer_ttl = answer.ttl;
  result.rtt = trip.duration;
  const auto reordered = note_order(channels_[channel], sequence, trip.arrival);
  conclude(slot, channel, sequence, result, State::kAnswered, detail);
  if (reordered) remark(channel, *reordered, RemarkKind::kReordered, now);
}

// Which answer, if any, is now known to have come after one to a later probe (RFC 4737, 3.2). Sequence numbers wrap.
// What arrives through several sockets is learned in the order in which they are read: where there are stamps, they
// decide.
std::optional<Sequence> Flights::note_order(Channel& c, Sequence sequence, const Arrival& arrival) {
  const Arrival last{c.arrived_at, c.arrived_era, c.is_arrival_stamped};
  const bool is_first = !c.has_answered;
  c.has_answered = true;
  const bool are_stamped = arrival.is_stamped && last.is_stamped && arrival.era == last.era;
  const bool is_later_probe = is_first || static_cast<std::int32_t>(sequence - c.last_answered) > 0;
  std::optional<Sequence> reordered;
  if (!is_later_probe && (!are_stamped || arrival.at > last.at)) reordered = sequence;
  if (!is_first && is_later_probe && are_stamped && arrival.at < last.at) reordered = c.last_answered;
  if (is_later_probe) {
    c.last_answered = sequence;
    c.arrived_at = arrival.at;
    c.arrived_era = arrival.era;
    c.is_arrival_stamped = arrival.is_stamped;
  }
  return reordered;
}

void Flights::conclude(Slot& slot, ChannelIndex channel, Sequence sequence, probes::Result& result, State state,
                       const probes::AnswerDetail* detail) {
  result.channel = channel;
  result.sequence = sequence;
  result.sent = slot.sent;
  result.settled = std::max(result.settled, slot.sent);
  result.was_sent = true;
  slot.state = state;
  --waiting_;
  sink_.on_result(result, detail);
}

void Flights::abort_sent(Slot& slot, ChannelIndex channel, Sequence sequence, AbortReason reason, base::MonoTime now) {
  probes::Result result;
  result.outcome = Outcome::kAborted;
  result.abort_reason = reason;
  result.settled = now;
  conclude(slot, channel, sequence, result, State::kVoid, nullptr);
}

void Flights::release_held(base::MonoTime now) {
  while (!held_.empty() && held_.front().patience_ends <= now) {
    const Held held = std::move(held_.front());
    held_.pop_front();
    Slot* slot = slot_of(held.channel, held.sequence);
    if (slot == nullptr || slot->state != State::kHeld) continue;
    const RoundTrip trip{round_trip(*slot, held.at, now), StampSource::kUserSpace, {held.at, slot->era, true}};
    conclude_answer(*slot, held.channel, held.sequence, held.content, held.answer, trip, now,
                    held.detail ? &*held.detail : nullptr);
  }
}

void Flights::settle(base::MonoTime now, base::MonoTime doubtful_until) {
  release_held(now);
  const auto decide = [&](const Deadline& deadline) {
    Slot* slot = slot_of(deadline.channel, deadline.sequence);
    if (slot == nullptr || slot->state != State::kWaiting) return true;
    if (slot->sent < doubtful_until) {
      abort_sent(*slot, deadline.channel, deadline.sequence, AbortReason::kOverrun, now);
      return true;
    }
    probes::Result result;
    result.outcome = Outcome::kLost;
    result.settled = now;
    conclude(*slot, deadline.channel, deadline.sequence, result, State::kFailed, nullptr);
    return true;
  };
  deadlines_.advance(now, decide, [this](const Deadline& far, const Deadline& near) {
    prefetch(far.channel);
    prefetch(near.channel, near.sequence);
  });
}

void Flights::void_all(AbortReason reason, base::MonoTime now) {
  for (ChannelIndex i = 0; i < channels_.size(); ++i) {
    const Channel& c = channels_[i];
    if (!c.is_active) continue;
    for (std::uint32_t back = c.slots; back > 0; --back) {
      const Sequence sequence = c.next_sequence - back;
      Slot& slot = slots_[c.slot(sequence)];
      if (slot.state == State::kWaiting || slot.state == State::kHeld) abort_sent(slot, i, sequence, reason, now);
    }
  }
}

bool Flights::is_waiting(ChannelIndex channel, Sequence sequence) {
  const Slot* slot = slot_of(channel, sequence);
  return slot != nullptr && slot->state == State::kWaiting;
}

std::uint32_t Flights::waiting(ChannelIndex channel) const {
  const Channel& c = channels_[channel];
  if (!c.is_active) return 0;
  std::uint32_t count = 0;
  for (std::uint32_t s = c.first_slot; s < c.first_slot + c.slots; ++s) {
    count += slots_[s].state == State::kWaiting || slots_[s].state == State::kHeld ? 1U : 0U;
  }
  return count;
}

bool Flights::is_verdict_due(base::MonoTime now) {
  bool is_due = false;
  const auto skip_settled = [&](const Deadline& deadline) {
    const Slot* slot = slot_of(deadline.channel, deadline.sequence);
    is_due = slot != nullptr && slot->state == State::kWaiting;
    return !is_due;
  };
  deadlines_.advance(now, skip_settled, [this](const Deadline& far, const Deadline& near) {
    prefetch(far.channel);
    prefetch(near.channel, near.sequence);
  });
  return is_due;
}

void Flights::remark(ChannelIndex channel, Sequence sequence, RemarkKind kind, base::MonoTime now) {
  sink_.on_remark({channel, sequence, kind, now, std::nullopt, {}});
}

}  // namespace blipd::engine
