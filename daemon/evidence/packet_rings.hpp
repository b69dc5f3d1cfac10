// One ring of packets for each network, all within one budget: shared out by how much each network is asked, so that
// all reach equally far back. For one thread. Knows networks by their position in the plan.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "daemon/evidence/packet_ring.hpp"

namespace blipd::evidence {

class PacketRings {
 public:
  struct Wanted {
    double rate = 0;               // packets a second, or in proportion to that; 0: none are kept
    std::uint64_t generation = 0;  // where it changes, another network has taken the position
  };

  // Rings for networks by position. One that is to have another size starts with the newest packets of the former; one
  // whose size is (about) the same is left alone, so that a reload costs what it changes.
  void lay_out(std::span<const Wanted> networks, std::size_t budget_bytes);

  void add(std::uint32_t network, const PacketFacts& facts, base::Bytes bytes) {
    if (network >= places_.size() || !places_[network].ring) return;
    places_[network].ring->add(facts, bytes);
    ++packets_;
  }

  const PacketRing* find(std::uint32_t network) const {
    return network < places_.size() ? places_[network].ring.get() : nullptr;
  }

  // Differs for every ring that there ever was; 0: none.
  std::uint64_t serial(std::uint32_t network) const { return network < places_.size() ? places_[network].serial : 0; }

  std::uint64_t packets() const { return packets_; }  // that were ever added
  std::size_t bytes() const;                          // of all rings
  // How far back the ring that forgets soonest reaches; empty while none forgets.
  std::optional<base::Duration> shortest_reach(base::WallTime now) const;

 private:
  struct Place {
    std::unique_ptr<PacketRing> ring;  // null: nothing is kept
    std::uint64_t generation = 0;
    std::uint64_t serial = 0;
  };
  std::vector<Place> places_;
  std::uint64_t packets_ = 0;
  std::uint64_t serials_ = 0;
};

}  // namespace blipd::evidence
