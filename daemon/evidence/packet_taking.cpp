#include "daemon/evidence/packet_taking.hpp"

#include <algorithm>

namespace blipd::evidence {

bool PacketTaking::step(const PacketRings& rings, base::MonoTime now, std::size_t most) {
  const PacketRing* const ring = rings.find(network_);
  if (ring == nullptr) return true;
  if (serial_ != rings.serial(network_)) {
    serial_ = rings.serial(network_);
    position_ = ring->begin();
    most_ = std::max(most_, 2 * ring->bytes());
    bytes_.reserve(most_);
  }
  if (position_ < ring->begin()) is_cut_ = true;
  position_ = ring->copy(position_, std::min(most, most_ - bytes_.size()), bytes_);
  if (position_ == ring->end()) return now >= until_;
  if (most_ - bytes_.size() >= PacketRing::kMostOfPacket) return false;
  is_cut_ = true;
  return true;
}

}  // namespace blipd::evidence
