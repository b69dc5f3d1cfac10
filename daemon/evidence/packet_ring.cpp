#include "daemon/evidence/packet_ring.hpp"

#include <algorithm>

namespace blipd::evidence {

namespace {

// Before each packet's bytes, in this machine's order: it never leaves this process.
struct Head {
  std::int64_t at;  // nanoseconds since 1970
  std::uint32_t interface;
  std::uint32_t length;
  std::uint16_t kept;  // kPadding: what follows up to the end of the memory is nothing
  Direction direction;
};
static_assert(sizeof(Head) == 24);
constexpr std::uint16_t kPadding = 0xffff;

// Everything begins at a multiple of this, sizes of rings included, so that where no packet fits there is room for the
// head of a padding, or none at all is needed.
constexpr std::size_t kGrain = sizeof(Head);

constexpr std::size_t size_of(std::size_t kept) { return sizeof(Head) + (kept + kGrain - 1) / kGrain * kGrain; }
static_assert(size_of(kSnapBytes) == PacketRing::kMostOfPacket);

Head head_at(const std::byte* at) {
  Head head;
  std::memcpy(&head, at, sizeof(head));
  return head;
}

}  // namespace

PacketRing::PacketRing(std::size_t bytes)
    : bytes_(bytes < kLeastBytes ? 0 : bytes / kGrain * kGrain),
      // Not zeroed: the kernel gives pages when they are first written.
      memory_(bytes_ == 0 ? nullptr : new std::byte[bytes_]) {}

void PacketRing::add(const PacketFacts& facts, base::Bytes bytes) {
  if (bytes_ == 0) return;
  const std::size_t kept = std::min(bytes.size(), kSnapBytes);
  const std::size_t needed = size_of(kept);
  const std::size_t left = bytes_ - place_;
  const std::size_t padding = left < needed ? left : 0;
  while (end_ + padding + needed - begin_ > bytes_) {
    const std::size_t oldest = static_cast<std::size_t>(begin_ % bytes_);
    const Head head = head_at(memory_.get() + oldest);
    begin_ += head.kept == kPadding ? bytes_ - oldest : size_of(head.kept);
    has_overwritten_ = true;
  }
  if (padding > 0) {
    const Head nothing{0, 0, 0, kPadding, Direction::kUnknown};
    std::memcpy(memory_.get() + place_, &nothing, sizeof(nothing));
    end_ += padding;
    place_ = 0;
  }
  const Head head{facts.at.time_since_epoch().count(), facts.interface, facts.length, static_cast<std::uint16_t>(kept),
                  facts.direction};
  std::memcpy(memory_.get() + place_, &head, sizeof(head));
  // There may be none, and then no address either.
  if (kept > 0) std::memcpy(memory_.get() + place_ + sizeof(head), bytes.data(), kept);
  end_ += needed;
  place_ = place_ + needed == bytes_ ? 0 : place_ + needed;
}

std::optional<base::WallTime> PacketRing::oldest_of_full() const {
  if (!has_overwritten_) return std::nullopt;
  const std::size_t oldest = static_cast<std::size_t>(begin_ % bytes_);
  const Head head = head_at(memory_.get() + oldest);
  const Head first = head.kept == kPadding ? head_at(memory_.get()) : head;
  return base::WallTime(std::chrono::nanoseconds(first.at));
}

std::uint64_t PacketRing::copy(std::uint64_t from, std::size_t most, std::vector<std::byte>& to) const {
  std::uint64_t position = std::max(from, begin_);
  std::size_t copied = 0;
  while (position < end_) {
    const std::size_t place = static_cast<std::size_t>(position % bytes_);
    const std::byte* const here = memory_.get() + place;
    const Head head = head_at(here);
    if (head.kept == kPadding) {
      position += bytes_ - place;
      continue;
    }
    const std::size_t size = size_of(head.kept);
    if (copied + size > most) break;
    to.insert(to.end(), here, here + size);
    copied += size;
    position += size;
  }
  return position;
}

std::vector<KeptPacket> packets_in(base::Bytes copied) {
  std::vector<KeptPacket> packets;
  while (copied.size() >= sizeof(Head)) {
    const Head head = head_at(copied.data());
    const std::size_t size = size_of(head.kept);
    if (size > copied.size()) break;
    const PacketFacts facts{base::WallTime(std::chrono::nanoseconds(head.at)), head.interface, head.length,
                            head.direction};
    packets.push_back({facts, copied.subspan(sizeof(Head), head.kept)});
    copied = copied.subspan(size);
  }
  return packets;
}

}  // namespace blipd::evidence
