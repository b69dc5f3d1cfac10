#include "daemon/engine/tide.hpp"

#include <algorithm>
#include <utility>

namespace blipd::engine {

void Tide::heard(std::size_t shard, const base::Moment& end) {
  shards_[shard].end = end;
  shards_[shard].is_heard = true;
}

void Tide::look(const base::Moment& now) {
  const base::Duration passed = std::clamp<base::Duration>(now.mono - looked_, {}, kMostAtOnce);
  looked_ = now.mono;
  const base::Moment* lowest = nullptr;
  for (Shard& shard : shards_) {
    shard.silence = std::exchange(shard.is_heard, false) ? base::Duration::zero() : shard.silence + passed;
    if (shard.is_silent()) continue;
    if (lowest == nullptr || shard.end.mono < lowest->mono) lowest = &shard.end;
  }
  const base::Moment& reached = lowest != nullptr ? *lowest : now;
  if (reached.mono > mark_.mono) mark_ = reached;
}

std::uint32_t Tide::silent() const {
  return static_cast<std::uint32_t>(std::ranges::count_if(shards_, &Shard::is_silent));
}

}  // namespace blipd::engine
