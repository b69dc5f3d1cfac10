// Taking packets out of a ring that goes on being written: what it holds, oldest first, and what comes until a moment.
// In steps, so that no tick pays for all of it. What it took is read by another thread once it is done.
#pragma once

#include <cstdint>
#include <vector>

#include "daemon/evidence/packet_rings.hpp"

namespace blipd::evidence {

class PacketTaking {
 public:
  PacketTaking(std::uint32_t network, base::MonoTime until) : network_(network), until_(until) {}

  std::uint32_t network() const { return network_; }

  // Copies up to `most` bytes. Whether that was all: what there is has been copied and `now` is not before `until`. No
  // more is ever taken than the ring holds twice over; memory for that is asked for with the first step, and touched
  // only as it is needed.
  bool step(const PacketRings& rings, base::MonoTime now, std::size_t most);

  // As packets_in() reads them. After a reload in the middle of it some may be there twice.
  const std::vector<std::byte>& bytes() const { return bytes_; }
  bool is_cut() const { return is_cut_; }  // more came than there was room for, or was overwritten before its turn

 private:
  std::uint32_t network_;
  base::MonoTime until_;
  std::uint64_t serial_ = 0;  // of the ring that `position_` means
  std::uint64_t position_ = 0;
  std::size_t most_ = 0;
  std::vector<std::byte> bytes_;
  bool is_cut_ = false;
};

}  // namespace blipd::evidence
