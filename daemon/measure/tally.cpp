#include "daemon/measure/tally.hpp"

namespace blipd::measure {

using probes::Outcome;
using probes::RemarkKind;

void Tally::on_sent() {
  if (debt_ > 0) {
    --debt_;
    return;
  }
  ++settled_.sent;
  ++in_flight_;
}

bool Tally::on_result(const probes::Result& result) {
  const bool was_on_the_wire = result.outcome != Outcome::kAborted || result.was_sent;
  if (was_on_the_wire && in_flight_ == debt_) return false;
  switch (result.outcome) {
    case Outcome::kAnswered:
      ++settled_.answered;
      if (result.service == probes::Service::kNotAsExpected) ++unexpected_;
      break;
    case Outcome::kLost:
      ++settled_.lost;
      break;
    case Outcome::kUnreachable:
      ++settled_.unreachable;
      break;
    case Outcome::kAborted:
      ++aborted_[static_cast<std::size_t>(result.abort_reason)];
      if (result.was_sent) ++debt_;
      return true;
  }
  --in_flight_;
  return true;
}

void Tally::on_remark(RemarkKind kind) { ++remarks_[static_cast<std::size_t>(kind)]; }

Counters Tally::counters() const {
  const auto remarks = [this](RemarkKind kind) -> std::uint64_t { return remarks_[static_cast<std::size_t>(kind)]; };
  Counters c;
  c.sent = settled_.sent;
  c.answered = settled_.answered;
  c.lost = settled_.lost;
  c.unreachable = settled_.unreachable;
  c.in_flight = in_flight_;
  for (std::size_t i = 0; i < aborted_.size(); ++i) c.aborted[i] = aborted_[i];
  c.late = remarks(RemarkKind::kLate);
  c.duplicate = remarks(RemarkKind::kDuplicate);
  c.differing = remarks(RemarkKind::kDiffering);
  c.reordered = remarks(RemarkKind::kReordered);
  c.malformed = remarks(RemarkKind::kMalformed);
  c.forged = remarks(RemarkKind::kForged);
  c.unexpected = unexpected_;
  return c;
}

}  // namespace blipd::measure
