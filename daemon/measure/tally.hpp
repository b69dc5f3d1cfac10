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

 private:
  struct Settled {
    std::uint64_t sent = 0;
    std::uint64_t answered = 0;
    std::uint64_t lost = 0;
    std::uint64_t unreachable = 0;
  };
  Settled settled_;
  std::uint32_t in_flight_ = 0;
  std::uint32_t debt_ = 0;  // of in_flight_: voided, and waiting for a next probe to take their place
  std::array<std::uint32_t, 6> aborted_{};
  std::array<std::uint32_t, 6> remarks_{};
  std::uint32_t unexpected_ = 0;
};

}  // namespace blipd::measure
