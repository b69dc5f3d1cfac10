#include "daemon/measure/tally.hpp"

namespace blipd::measure {

using probes::Outcome;
using probes::RemarkKind;

void Tally::on_sent() {
  if (debt_ > 0) {
    --debt_;
    return;
  }
  count(kSent);
  ++in_flight_;
}

bool Tally::on_result(const probes::Result& result) {
  const bool was_on_the_wire = result.outcome != Outcome::kAborted || result.was_sent;
  if (was_on_the_wire && in_flight_ == debt_) return false;
  switch (result.outcome) {
    case Outcome::kAnswered:
      count(kAnswered);
      if (result.service == probes::Service::kNotAsExpected) count(kUnexpected, 0);
      break;
    case Outcome::kLost:
      count(kLost);
      break;
    case Outcome::kUnreachable:
      count(kUnreachable);
      break;
    case Outcome::kAborted:
      count(kAborted, static_cast<std::size_t>(result.abort_reason));
      if (result.was_sent) ++debt_;
      return true;
  }
  --in_flight_;
  return true;
}

void Tally::on_remark(RemarkKind kind) { count(kRemarks, static_cast<std::size_t>(kind)); }

void Tally::count(Common counter) {
  if (++common_[counter] == 0) ++carries().common[counter];
}

void Tally::count(Seldom first, std::size_t index) {
  if (++seldom_[first + index] == 0) ++carries().seldom[first + index];
}

Tally::Carries& Tally::carries() {
  if (!carries_) carries_ = std::make_unique<Carries>();
  return *carries_;
}

std::uint64_t Tally::value(Common counter) const {
  return common_[counter] + (carries_ ? std::uint64_t{carries_->common[counter]} << 32 : 0);
}

std::uint64_t Tally::value(Seldom first, std::size_t index) const {
  return seldom_[first + index] + (carries_ ? carries_->seldom[first + index] << 16 : 0);
}

Counters Tally::counters() const {
  const auto remarks = [this](RemarkKind kind) { return value(kRemarks, static_cast<std::size_t>(kind)); };
  Counters c;
  c.sent = value(kSent);
  c.answered = value(kAnswered);
  c.lost = value(kLost);
  c.unreachable = value(kUnreachable);
  c.in_flight = in_flight_;
  for (std::size_t i = 0; i < c.aborted.size(); ++i) c.aborted[i] = value(kAborted, i);
  c.late = remarks(RemarkKind::kLate);
  c.duplicate = remarks(RemarkKind::kDuplicate);
  c.differing = remarks(RemarkKind::kDiffering);
  c.reordered = remarks(RemarkKind::kReordered);
  c.malformed = remarks(RemarkKind::kMalformed);
  c.forged = remarks(RemarkKind::kForged);
  c.unexpected = value(kUnexpected, 0);
  return c;
}

}  // namespace blipd::measure
