// What one recorded line says of one probe, as plain values: when it was sent, what became of it, and when that was
// learned. Whom it asked is the directory's affair (directory.hpp).
#pragma once

#include <optional>

#include "daemon/pipeline/turn.hpp"
#include "daemon/recorded/row.hpp"
#include "probes/base/error.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::recorded {

struct Entry {
  pipeline::Turn turn;     // kResult, or kLate; `channel` is the directory's number until it is known by index
  base::Duration rtt{-1};  // negative: none
  probes::Outcome outcome = probes::Outcome::kLost;
  probes::AbortReason reason = probes::AbortReason::kNone;
  std::optional<probes::AnswerKind> answer;  // absent: the usual one of its way of asking
  bool was_sent = true;
  bool is_timed = false;  // `turn.at` is known; otherwise it is a timeout after sending
  std::optional<probes::IcmpNotice> notice;
  probes::Sequence sequence = 0;  // once it is known
};

// The fault names the field, says what is wrong with it and what to do.
base::Expected<Entry> entry_of(const Row& row);

}  // namespace blipd::recorded
