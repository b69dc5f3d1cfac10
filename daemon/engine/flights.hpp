// Every probe that is under way, and what becomes of it: the one place that turns questions, stamps, answers
// and deadlines into Results and Remarks. Each probe that is opened gets exactly one Result. Pure: reads no
// clock, sends nothing; all memory is sized when channels are laid out: 32 bytes a channel and 16 a slot.
//
// A probe's slot lives on after its Result, until its late window has passed or the slot is needed again, so
// that late, duplicate and differing answers are told from strangers'.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "daemon/engine/deadlines.hpp"
#include "daemon/engine/slot_pool.hpp"
#include "daemon/engine/transport.hpp"
#include "probes/base/prefetch.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::engine {

class Flights {
 public:
  struct ChannelTiming {
    bool is_active = false;
    base::Duration interval{};
    base::Duration timeout{};
    std::uint32_t generation = 0;  // probes of an earlier generation of the same index are forgotten
  };

  // Between a deadline and its verdict: a packet stamped before the deadline may still be on its way
  // through the capture ring (blocks are handed over every 10 ms, rounded up to the kernel's tick).
  static constexpr base::Duration kGrace = std::chrono::milliseconds(50);
  // How long an answer waits for the capture's stamp of its own request.
  static constexpr base::Duration kStampPatience = std::chrono::milliseconds(40);

  Flights(probes::ResultSink& sink, base::Duration late_window);

  // Gives a channel, one of those that there is room for, its slots, or takes them back. Probes under way stay where
  // the generation is unchanged, together with the timing that the channel had, and vanish without a Result where it is
  // not.
  void make_room(std::size_t channels);
  void lay_out(probes::ChannelIndex index, const ChannelTiming& timing);

  // The number that the channel's next probe will have.
  probes::Sequence next_sequence(probes::ChannelIndex channel) const { return channels_[channel].next_sequence; }

  // Takes a slot for the channel's next probe. None while that slot still waits for its verdict (asked faster
  // than it can be answered for). Followed by launch() or abort_reserved().
  std::optional<probes::Sequence> reserve(probes::ChannelIndex channel);

  // The reserved probe is on the wire. `at` holds our own stamps, used until better ones are learned. `era`: see
  // ClockWatch.
  void launch(probes::ChannelIndex channel, probes::Sequence sequence, const base::Moment& at, std::uint32_t era);

  // The reserved probe could not be sent.
  void abort_reserved(probes::ChannelIndex channel, probes::Sequence sequence, base::MonoTime now);

  // A probe that never was on the wire and took no slot. Uses up no sequence number.
  void abort_unsent(probes::ChannelIndex channel, probes::AbortReason reason, base::MonoTime scheduled,
                    base::MonoTime now);

  // What a transport learned. `era` is the one in which the packet arrived. Returns false when no probe of ours is
  // meant (an unknown channel, a stale sequence).
  bool learned(const Learned& learned, base::MonoTime now, std::uint32_t era);

  // Gives a verdict on every probe whose deadline and grace have passed at `now`. Probes sent before
  // `doubtful_until` (a capture that dropped packets) that would be lost are aborted as overrun instead: their answer
  // may have been dropped by us.
  void settle(base::MonoTime now, base::MonoTime doubtful_until);

  // Ends all probes that wait for a verdict as aborted (the machine was suspended; we are shutting down).
  void void_all(probes::AbortReason reason, base::MonoTime now);

  bool is_waiting(probes::ChannelIndex channel, probes::Sequence sequence);
  std::uint64_t waiting() const { return waiting_; }          // for a verdict, all channels
  std::uint32_t waiting(probes::ChannelIndex channel) const;  // one channel's
  bool is_verdict_due(base::MonoTime now);                    // settle() would call some probe lost

  // Calls `match(sequence)` for the sequences of a channel that may still be answered, newest first, until it
  // returns true. Says whether it did.
  template <class Match>
  bool find(probes::ChannelIndex channel, Match&& match) const {
    if (channel >= channels_.size() || !channels_[channel].is_active) return false;
    const Channel& c = channels_[channel];
    for (std::uint32_t back = 1; back <= c.slots; ++back) {
      const probes::Sequence sequence = c.next_sequence - back;
      if (slots_[c.slot(sequence)].state > State::kReserved && match(sequence)) return true;
    }
    return false;
  }

  // Fetches into the processor's caches what the next calls about a channel, or a probe of it, will touch.
  void prefetch(probes::ChannelIndex channel) const {
    if (channel < channels_.size()) base::prefetch(channels_[channel]);
  }
  void prefetch(probes::ChannelIndex channel, probes::Sequence sequence) const {
    if (channel < channels_.size() && channels_[channel].is_known(sequence)) {
      base::prefetch(slots_[channels_[channel].slot(sequence)]);
    }
  }

 private:
  enum class State : std::uint8_t { kFree, kReserved, kWaiting, kHeld, kAnswered, kFailed, kVoid };

  // What an accepted answer said, so far as to know it again.
  struct Content {
    std::uint32_t digest = 0;
    std::uint16_t interface = 0;  // where it was seen
    bool operator==(const Content&) const = default;
  };

  // Four to a cache line. The sequence number is not kept, see Channel::slot(). Of the era eight bits are enough to
  // tell apart what lies within one slot's life. When the request left is of no use any more once an answer is
  // accepted, and the answer's content of none before.
  struct Slot {
    base::MonoTime sent{};
    std::uint64_t request_or_content : 48 = 0;
    std::uint8_t era : 8 = 0;
    State state : 3 = State::kFree;
    probes::AnswerKind answer_kind : 3 = probes::AnswerKind::kNone;
    std::uint8_t source : 2 = 0;  // of the request's stamp, a StampSource; never kRecorded

    probes::StampSource request_source() const { return static_cast<probes::StampSource>(source); }
    void set_request(base::WallTime at, probes::StampSource from) {
      request_or_content = nanoseconds(at) & kLowBits;
      source = static_cast<std::uint8_t>(from) & 3U;
    }
    // From the request to `at`, which lies less than kStampReach from it. Until set_content().
    base::Duration since_request(base::WallTime at) const {
      return base::Duration(static_cast<std::int64_t>((nanoseconds(at) - request_or_content) << 16U) >> 16U);
    }
    void set_content(const Content& content) {
      request_or_content = (std::uint64_t{content.digest} << 16U | content.interface) & kLowBits;
    }
    Content content() const {
      return {static_cast<std::uint32_t>(request_or_content >> 16U), static_cast<std::uint16_t>(request_or_content)};
    }
    bool is_of(std::uint32_t now) const { return era == (now & 0xffU); }

   private:
    static constexpr std::uint64_t kLowBits = (std::uint64_t{1} << 48U) - 1;
    static std::uint64_t nanoseconds(base::WallTime at) {
      return static_cast<std::uint64_t>(at.time_since_epoch().count());
    }
  };
  static_assert(sizeof(Slot) == 16);
  static constexpr base::Duration kStampReach{std::int64_t{1} << 47U};  // 39 hours

  // When an answer came, as far as stamps can say: comparable within one era only.
  struct Arrival {
    base::WallTime at{};
    std::uint16_t era = 0;
    bool is_stamped = false;  // false: only the order of learning says when
  };

  struct alignas(32) Channel {     // never across two cache lines
    base::WallTime arrived_at{};   // of the answer to last_answered; see Arrival
    std::uint32_t first_slot = 0;  // in slots_
    probes::Sequence next_sequence = 0;
    probes::Sequence last_answered = 0;  // of the answered ones, the last asked
    Deadlines::Class timeout = 0;
    std::uint16_t slots = 0;
    std::uint16_t next_slot = 0;  // of them; the probes before lie in those before, round and round
    std::uint16_t arrived_era = 0;
    bool is_arrival_stamped : 1 = false;
    bool is_active : 1 = false;
    bool has_answered : 1 = false;

    // Whether it is one of the last probes, which still have their slots. Sequence numbers wrap.
    bool is_known(probes::Sequence sequence) const { return is_active && next_sequence - sequence - 1U < slots; }
    // In slots_; of one that is known, or of the next.
    std::uint32_t slot(probes::Sequence sequence) const {
      const std::uint32_t back = next_sequence - sequence;
      return first_slot + next_slot - back + (back > next_slot ? slots : 0U);
    }
    void step() {
      ++next_sequence;
      next_slot = static_cast<std::uint16_t>(next_slot + 1U == slots ? 0U : next_slot + 1U);
    }
  };
  static_assert(sizeof(Channel) == 32);

  // What is known of an answer beside its time and content.
  struct Answer {
    probes::Service service = probes::Service::kNotJudged;
    std::uint8_t ttl = 0;
  };

  // An answer that waits for the capture's stamp of its request.
  struct Held {
    base::MonoTime patience_ends;
    probes::ChannelIndex channel;
    probes::Sequence sequence;
    base::WallTime at;
    Content content;
    Answer answer;
    std::optional<probes::AnswerDetail> detail;
  };

  struct RoundTrip {
    std::optional<base::Duration> duration;  // absent: void
    probes::StampSource stamps = probes::StampSource::kNone;
    Arrival arrival;
  };

  using ChannelIndex = probes::ChannelIndex;
  using Sequence = probes::Sequence;

  Slot* slot_of(ChannelIndex channel, Sequence sequence);
  void on_request_seen(Slot& slot, const Learned& learned, base::MonoTime now, std::uint32_t era);
  void on_answer(Slot& slot, const Learned& learned, base::MonoTime now, std::uint32_t era);
  void on_further_answer(Slot& slot, const Learned& learned, base::MonoTime now, std::uint32_t era);
  std::deque<Held>::iterator held_of(const Learned& learned);
  static Content content_of(const Learned& learned);
  void on_unreachable(Slot& slot, const Learned& learned, base::MonoTime now);
  void release_held(base::MonoTime now);
  void conclude_answer(Slot& slot, ChannelIndex channel, Sequence sequence, const Content& content,
                       const Answer& answer, const RoundTrip& trip, base::MonoTime now,
                       const probes::AnswerDetail* detail);
  static std::optional<base::Duration> round_trip(const Slot& slot, base::WallTime arrived, base::MonoTime now);
  std::optional<Sequence> note_order(Channel& c, Sequence sequence, const Arrival& arrival);
  void conclude(Slot& slot, ChannelIndex channel, Sequence sequence, probes::Result& result, State state,
                const probes::AnswerDetail* detail);
  void abort_sent(Slot& slot, ChannelIndex channel, Sequence sequence, probes::AbortReason reason, base::MonoTime now);
  void remark(ChannelIndex channel, Sequence sequence, probes::RemarkKind kind, base::MonoTime now);

  probes::ResultSink& sink_;
  base::Duration late_window_;
  std::vector<Channel> channels_;
  std::vector<std::uint32_t> generations_;  // by channel
  SlotPool<Slot> slots_;
  Deadlines deadlines_;
  std::deque<Held> held_;
  std::uint64_t waiting_ = 0;
};

}  // namespace blipd::engine
