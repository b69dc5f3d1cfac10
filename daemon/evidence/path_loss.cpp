#include "daemon/evidence/path_loss.hpp"

#include <algorithm>

namespace blipd::evidence {

namespace {

using event::PathHop;

const PathHop* last_answering(const event::PathSeen& path) {
  for (auto hop = path.hops.rbegin(); hop != path.hops.rend(); ++hop) {
    if (!hop->address.empty()) return &*hop;
  }
  return nullptr;
}

}  // namespace

std::optional<event::PathLoss> find_loss(const event::PathSeen& now, const std::optional<event::PathSeen>& before) {
  if (now.end == event::PathEnd::kReached || now.end == event::PathEnd::kAborted) return std::nullopt;
  event::PathLoss loss;
  const PathHop* const last = last_answering(now);
  if (last != nullptr) loss.after = *last;
  if (!before) return loss;
  auto from = before->hops.begin();
  if (last != nullptr) {
    from = std::ranges::find(before->hops, last->address, &PathHop::address);
    if (from == before->hops.end()) return loss;  // another way than before: what is behind it there is not known
    // What was a place by the whole path need not be one by what is left of it.
    loss.after.place = from->place;
    ++from;
  }
  const auto lost = std::find_if(from, before->hops.end(), [](const PathHop& hop) { return !hop.address.empty(); });
  if (lost == before->hops.end()) return loss;
  loss.hop = *lost;
  loss.place = lost->place;
  return loss;
}

}  // namespace blipd::evidence
