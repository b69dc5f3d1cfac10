#include "daemon/evidence/packet_rings.hpp"

#include <algorithm>
#include <bit>

namespace blipd::evidence {

namespace {

// A share rounded down to one of four sizes between two powers of two: at most a fifth is left unused, and a network
// that gains a target changes the size of hardly any other.
std::size_t rounded(double bytes) {
  const auto whole = static_cast<std::size_t>(bytes);
  if (whole < PacketRing::kLeastBytes) return 0;
  const std::size_t step = std::bit_floor(whole) / 4;
  return whole / step * step;
}

std::unique_ptr<PacketRing> resized(std::unique_ptr<PacketRing> former, std::size_t bytes) {
  if (bytes == 0) return nullptr;
  auto ring = std::make_unique<PacketRing>(bytes);
  if (!former) return ring;
  std::vector<std::byte> copied;
  copied.reserve(former->bytes());
  former->copy(former->begin(), former->bytes(), copied);
  for (const KeptPacket& packet : packets_in(copied)) ring->add(packet.facts, packet.bytes);
  return ring;
}

}  // namespace

void PacketRings::lay_out(std::span<const Wanted> networks, std::size_t budget_bytes) {
  double total = 0;
  for (const Wanted& wanted : networks) total += wanted.rate;
  const std::size_t before = places_.size();
  if (before < networks.size()) places_.resize(networks.size());
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Place& place = places_[i];
    const Wanted wanted = i < networks.size() ? networks[i] : Wanted{};
    const std::size_t bytes =
        wanted.rate > 0 ? rounded(static_cast<double>(budget_bytes) * wanted.rate / total) : std::size_t{0};
    if (place.generation != wanted.generation) place.ring.reset();
    place.generation = wanted.generation;
    const std::size_t has = place.ring ? place.ring->bytes() : 0;
    // A ring's own size is a multiple of its grain: a little below what was asked for.
    if (bytes - has < 64) continue;
    place.ring = resized(std::move(place.ring), bytes);
    place.serial = place.ring ? ++serials_ : 0;
  }
}

std::size_t PacketRings::bytes() const {
  std::size_t sum = 0;
  for (const Place& place : places_) sum += place.ring ? place.ring->bytes() : 0;
  return sum;
}

std::optional<base::Duration> PacketRings::shortest_reach(base::WallTime now) const {
  std::optional<base::Duration> shortest;
  for (const Place& place : places_) {
    const auto oldest = place.ring ? place.ring->oldest_of_full() : std::nullopt;
    if (oldest) shortest = std::min(shortest.value_or(base::Duration::max()), base::Duration(now - *oldest));
  }
  return shortest;
}

}  // namespace blipd::evidence
