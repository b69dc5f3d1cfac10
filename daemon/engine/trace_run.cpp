#include "daemon/engine/trace_run.hpp"

#include <algorithm>
#include <utility>

namespace blipd::engine {

std::uint8_t TraceRun::last_answered() const {
  for (std::size_t i = hops_.size(); i-- > 1;) {
    if (hops_[i].answer) return static_cast<std::uint8_t>(i);
  }
  return 0;
}

std::uint8_t TraceRun::limit() const {
  if (end_ != 0) return end_;
  const int from = std::max(last_answered(), limits_.known_length);
  return static_cast<std::uint8_t>(std::min<int>(from + kSilentHops, limits_.max_hops));
}

bool TraceRun::may_ask(std::uint8_t distance) const {
  const Hop& hop = hops_[distance];
  return !hop.answer && !hop.is_waiting && hop.attempts < limits_.attempts;
}

std::optional<std::uint8_t> TraceRun::next() const {
  if (std::ranges::count_if(hops_, &Hop::is_waiting) >= static_cast<std::ptrdiff_t>(kWindow)) return std::nullopt;
  for (std::uint8_t distance = 1; distance <= limit(); ++distance) {
    if (may_ask(distance)) return distance;
  }
  return std::nullopt;
}

bool TraceRun::is_over() const {
  for (std::uint8_t distance = 1; distance <= limit(); ++distance) {
    if (may_ask(distance) || hops_[distance].is_waiting) return false;
  }
  return true;
}

const TraceRun::Packet* TraceRun::find(std::uint32_t token) const {
  const auto found = std::ranges::find(packets_, token, &Packet::token);
  return found == packets_.end() ? nullptr : &*found;
}

void TraceRun::sent(std::uint8_t distance, std::uint32_t token, base::MonoTime at, const Stamp& stamp) {
  packets_.push_back({token, distance, stamp});
  Hop& hop = hops_[distance];
  ++hop.attempts;
  hop.is_waiting = true;
  hop.asked = at;
}

void TraceRun::seen(std::uint32_t token, const Stamp& stamp) {
  const auto found = std::ranges::find(packets_, token, &Packet::token);
  if (found != packets_.end()) found->stamp = stamp;
}

void TraceRun::heard(std::uint32_t token, Answer answer) {
  const Packet* const packet = find(token);
  if (packet == nullptr) return;
  Hop& hop = hops_[packet->distance];
  hop.is_waiting = false;
  if (hop.answer) return;  // the first one counts
  if (packet->stamp && answer.stamp.at >= packet->stamp->at) hop.rtt = answer.stamp.at - packet->stamp->at;
  if (answer.said != Said::kExpired && (end_ == 0 || packet->distance < end_)) end_ = packet->distance;
  hop.answer = std::move(answer);
}

void TraceRun::expire(base::MonoTime now) {
  for (Hop& hop : hops_) {
    if (hop.is_waiting && now - hop.asked >= limits_.timeout) hop.is_waiting = false;
  }
}

void TraceRun::void_stamps() {
  for (Packet& packet : packets_) packet.stamp.reset();
}

void TraceRun::finish(probes::TracedPath& path) const {
  path.packets = packets();
  path.end = last_answered() == limits_.max_hops ? probes::PathEnd::kTooLong : probes::PathEnd::kSilent;
  for (std::uint8_t distance = 1; distance <= limit(); ++distance) {
    const Hop& hop = hops_[distance];
    if (!hop.answer) continue;
    if (hop.answer->said == Said::kUnreachable) {
      path.end = probes::PathEnd::kUnreachable;
      path.notice = hop.answer->notice;
      // Said by the router before, or by the one here: without a way on some say so before they look at the TTL.
      if (std::ranges::find(path.hops, hop.answer->from, &probes::TracedHop::address) == path.hops.end()) {
        path.hops.push_back({distance, hop.answer->from, hop.rtt, {}, {}});
      }
      return;
    }
    if (hop.answer->said == Said::kTarget) path.end = probes::PathEnd::kReached;
    path.hops.push_back({distance, hop.answer->from, hop.rtt, hop.answer->labels, hop.answer->interface});
    if (hop.answer->said == Said::kTarget) return;
  }
}

}  // namespace blipd::engine
