// The last packets of one network, in memory of a fixed size: each new one takes the place of the oldest. Adding copies
// some hundred bytes and allocates nothing. For one thread. A position counts bytes that were ever written: it only
// grows, so that a reader notices what was overwritten before he came to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "probes/base/bytes.hpp"
#include "probes/base/time.hpp"

namespace blipd::evidence {

enum class Direction : std::uint8_t { kUnknown, kIn, kOut };

// What is kept of a packet beside its bytes.
struct PacketFacts {
  base::WallTime at{};          // the capture's stamp
  std::uint32_t interface = 0;  // index
  std::uint32_t length = 0;     // on the wire, from the IP header on
  Direction direction = Direction::kUnknown;
};

struct KeptPacket {
  PacketFacts facts;
  base::Bytes bytes;  // from the IP header on, at most kSnapBytes
};

// More of a packet is not kept. Our requests have some 100 bytes, errors quote up to 128 behind 48 of their own, and of
// a DNS answer it is the header, the question and the first answers.
inline constexpr std::size_t kSnapBytes = 256;

class PacketRing {
 public:
  // A smaller one keeps nothing.
  static constexpr std::size_t kLeastBytes = 2048;

  explicit PacketRing(std::size_t bytes);

  void add(const PacketFacts& facts, base::Bytes bytes);

  std::size_t bytes() const { return bytes_; }
  std::uint64_t begin() const { return begin_; }  // the oldest packet
  std::uint64_t end() const { return end_; }
  bool is_empty() const { return begin_ == end_; }
  // Stamp of the oldest packet; empty while nothing has been overwritten.
  std::optional<base::WallTime> oldest_of_full() const;

  // Appends whole packets from `from` on to `to`, as packets_in() reads them, at most `most` bytes. Returns the
  // position to go on at. `from` is begin(), or what copy() returned; what was overwritten since is skipped.
  std::uint64_t copy(std::uint64_t from, std::size_t most, std::vector<std::byte>& to) const;

  // What one packet takes at most.
  static constexpr std::size_t kMostOfPacket = 24 + 264;

 private:
  std::size_t bytes_;
  std::unique_ptr<std::byte[]> memory_;
  std::size_t place_ = 0;  // of end_ within the memory
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
  bool has_overwritten_ = false;
};

// The packets in what copy() appended. Their bytes live as long as `copied`.
std::vector<KeptPacket> packets_in(base::Bytes copied);

}  // namespace blipd::evidence
