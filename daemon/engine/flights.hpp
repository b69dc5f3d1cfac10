// Every probe that is under way, and what becomes of it: the one place that turns questions, stamps, answers
// and deadlines into Results and Remarks. Each probe that is opened gets exactly one Result. Pure: reads no
// clock, sends nothing; all memory is flat and sized when channels are laid out.
//
// A probe's slot lives on after its Result, until its late window has passed or the slot is needed again, so
// that late, duplicate and differing answers are told from strangers'.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "daemon/engine/transport.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::engine {

class Flights {
 public:
  struct ChannelTiming {
    bool is_active = false;
    base::Duration interval{};
    base::Duration timeout{};
    std::uint64_t generation = 0;  // probes of an earlier generation of the same index are forgotten
  };

  // Between a deadline and its verdict: a packet stamped before the deadline may still be on its way
  // through the capture ring (blocks are handed over every 10 ms, rounded up to the kernel's tick).
  static constexpr base::Duration kGrace = std::chrono::milliseconds(50);
  // How long an answer waits for the capture's stamp of its own request.
  static constexpr base::Duration kStampPatience = std::chrono::milliseconds(40);

  Flights(probes::ResultSink& sink, base::Duration late_window);

  // Makes room for `channels`. Probes under way stay where the generation is unchanged and vanish
  // without a Result where it is not.
  void lay_out(const std::vector<ChannelTiming>& channels);

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

  bool is_waiting(probes::ChannelIndex channel, probes::Sequence sequence) const;
  std::uint64_t waiting() const { return waiting_; }          // for a verdict, all channels
  std::uint32_t waiting(probes::ChannelIndex channel) const;  // one channel's
  bool is_verdict_due(base::MonoTime now);                    // settle() would call some probe lost

  // Calls `match(sequence)` for the sequences of a channel that may still be answered, newest first, until it
  // returns true. Says whether it did.
  template <class Match>
  bool find(probes::ChannelIndex channel, Match&& match) const {
    if (channel >= channels_.size() || !channels_[channel].is_active) return false;
    const Channel& c = channels_[channel];
    for (std::uint32_t back = 1; back <= c.mask + 1; ++back) {
      const probes::Sequence sequence = c.next_sequence - back;
      const Slot& slot = slots_[c.first_slot + (sequence & c.mask)];
      if (slot.state > State::kReserved && slot.sequence == sequence && match(sequence)) return true;
    }
    return false;
  }

 private:
  enum class State : std::uint8_t { kFree, kReserved, kWaiting, kHeld, kAnswered, kFailed, kVoid };

  struct Slot {
    base::MonoTime sent{};
    base::WallTime request{};
    base::WallTime answer{};  // of kHeld
    std::uint64_t content = 0;
    probes::Sequence sequence = 0;
    std::uint16_t era = 0;
    std::uint16_t interface = 0;  // where the accepted answer was seen
    State state = State::kFree;
    probes::StampSource request_source = probes::StampSource::kNone;
    probes::AnswerKind answer_kind = probes::AnswerKind::kNone;
    probes::Service service = probes::Service::kNotJudged;
    std::uint8_t ttl = 0;
  };

  // When an answer came, as far as stamps can say: comparable within one era only.
  struct Arrival {
    base::WallTime at{};
    std::uint16_t era = 0;
    bool is_stamped = false;  // false: only the order of learning says when
  };

  struct Channel {
    std::size_t first_slot = 0;
    std::uint32_t mask = 0;  // slots − 1; slots are a power of two
    probes::Sequence next_sequence = 0;
    probes::Sequence last_answered = 0;  // of the answered ones, the last asked
    Arrival last_arrival;                // of the answer to that
    base::Duration timeout{};
    std::uint64_t generation = 0;
    bool is_active = false;
    bool has_answered = false;
  };

  struct Deadline {
    base::MonoTime verdict;
    probes::ChannelIndex channel;
    probes::Sequence sequence;
  };

  // An answer that waits for the capture's stamp of its request.
  struct Held {
    base::MonoTime patience_ends;
    probes::ChannelIndex channel;
    probes::Sequence sequence;
    std::optional<probes::AnswerDetail> detail;
  };

  struct RoundTrip {
    std::optional<base::Duration> duration;  // absent: void
    probes::StampSource stamps = probes::StampSource::kNone;
    Arrival arrival;
  };

  Slot* slot_of(probes::ChannelIndex channel, probes::Sequence sequence);
  void on_request_seen(Slot& slot, const Learned& learned, base::MonoTime now, std::uint32_t era);
  void on_answer(Slot& slot, const Learned& learned, base::MonoTime now, std::uint32_t era);
  void on_further_answer(const Slot& slot, const Learned& learned, base::MonoTime now, std::uint32_t era);
  void on_unreachable(Slot& slot, const Learned& learned, base::MonoTime now);
  void release_held(base::MonoTime now);
  void conclude_answer(Slot& slot, probes::ChannelIndex channel, const RoundTrip& trip, base::MonoTime now,
                       const probes::AnswerDetail* detail);
  std::optional<probes::Sequence> note_order(Channel& c, probes::Sequence sequence, const Arrival& arrival);
  void conclude(Slot& slot, probes::ChannelIndex channel, probes::Result& result, State state,
                const probes::AnswerDetail* detail);
  void abort_sent(Slot& slot, probes::ChannelIndex channel, probes::AbortReason reason, base::MonoTime now);
  void remark(probes::ChannelIndex channel, probes::Sequence sequence, probes::RemarkKind kind, base::MonoTime now);

  probes::ResultSink& sink_;
  base::Duration late_window_;
  std::vector<Channel> channels_;
  std::vector<Slot> slots_;
  std::map<base::Duration, std::deque<Deadline>> deadlines_;  // one queue per timeout, each in order of time
  std::deque<Held> held_;
  std::uint64_t waiting_ = 0;
};

}  // namespace blipd::engine
