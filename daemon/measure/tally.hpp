// Counts what became of a channel's probes, since the start. Owns the identity that everyone relies on:
// sent = answered + lost + unreachable + in flight, at any moment. Each term is counted by itself and none
// is derived from the others, so that a mistake shows.
//
// A probe that was on the wire and is then voided (a clock step, a vantage fault) can be counted neither as
// answered nor as lost, and a counter never goes back. So it stays in flight as a debt, which the channel's
// next probe takes over: that one adds nothing to `sent`.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "daemon/measure/view.hpp"
#include "probes/result.hpp"

namespace blipd::measure {

class Tally {
 public:
  void on_sent();
  // False when no probe of this channel is under way: the result belongs to a channel that had this index
  // before, and nothing was counted.
  bool on_result(const probes::Result& result);
  void on_remark(probes::RemarkKind kind);

  Counters counters() const;
  std::size_t heap_bytes() const { return carries_ ? sizeof(Carries) : 0; }

 private:
  // Counters have as many bits as they soon need, so that all lie in one cache line. What passes them goes into
  // `carries_`: nothing ever wraps.
  enum Common : std::uint8_t { kSent, kAnswered, kLost, kUnreachable, kCommon };
  enum Seldom : std::uint8_t { kAborted = 0, kRemarks = 6, kUnexpected = 12, kSeldom };
  struct Carries {
    std::array<std::uint32_t, kCommon> common{};  // in 2^32
    std::array<std::uint64_t, kSeldom> seldom{};  // in 2^16
  };

  void count(Common counter);
  void count(Seldom first, std::size_t index);
  Carries& carries();
  std::uint64_t value(Common counter) const;
  std::uint64_t value(Seldom first, std::size_t index) const;

  std::array<std::uint32_t, kCommon> common_{};
  std::uint32_t in_flight_ = 0;
  std::uint32_t debt_ = 0;            // of in_flight_: voided, and waiting for a next probe to take their place
  std::unique_ptr<Carries> carries_;  // null while all are zero
  std::array<std::uint16_t, kSeldom> seldom_{};
};

}  // namespace blipd::measure
