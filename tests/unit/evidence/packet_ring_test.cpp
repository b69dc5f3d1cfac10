#include "daemon/evidence/packet_ring.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "daemon/evidence/packet_taking.hpp"

using namespace blipd;
using namespace std::chrono_literals;
using evidence::Direction;
using evidence::KeptPacket;
using evidence::PacketFacts;
using evidence::PacketRing;
using evidence::PacketRings;
using evidence::PacketTaking;

namespace {

// Number `n`, of that many bytes, each of them the number.
void add(PacketRing& ring, int n, std::size_t size) {
  const std::vector<std::byte> bytes(size, static_cast<std::byte>(n));
  ring.add({base::WallTime(std::chrono::nanoseconds(n)), 3, static_cast<std::uint32_t>(size), Direction::kOut}, bytes);
}

std::vector<std::byte> everything(const PacketRing& ring) {
  std::vector<std::byte> copied;
  CHECK(ring.copy(ring.begin(), 1U << 20U, copied) == ring.end());
  return copied;
}

std::vector<int> numbers(base::Bytes copied) {
  std::vector<int> found;
  for (const KeptPacket& packet : evidence::packets_in(copied)) {
    const auto n = static_cast<int>(packet.facts.at.time_since_epoch().count());
    for (const std::byte b : packet.bytes) CHECK(b == static_cast<std::byte>(n));
    found.push_back(n);
  }
  return found;
}

std::vector<int> range(int first, int last) {
  std::vector<int> made;
  for (int n = first; n <= last; ++n) made.push_back(n);
  return made;
}

PacketRings rings_of(std::size_t budget) {
  PacketRings rings;
  const std::vector<PacketRings::Wanted> wanted = {{1, 1}};
  rings.lay_out(wanted, budget);
  return rings;
}

void add(PacketRings& rings, int n) {
  const std::vector<std::byte> bytes(100, static_cast<std::byte>(n));
  rings.add(0, {base::WallTime(std::chrono::nanoseconds(n)), 3, 100, Direction::kIn}, bytes);
}

}  // namespace

TEST_CASE("a ring gives back what it was given, in order") {
  PacketRing ring(4096);
  CHECK(ring.is_empty());
  add(ring, 1, 100);
  const std::vector<std::byte> bytes(40, std::byte{2});
  ring.add({base::WallTime(2ns), 7, 999, Direction::kIn}, bytes);
  const auto copied = everything(ring);
  const auto packets = evidence::packets_in(copied);
  REQUIRE(packets.size() == 2);
  CHECK(packets[0].bytes.size() == 100);
  CHECK(packets[0].facts.direction == Direction::kOut);
  CHECK(packets[1].facts.at == base::WallTime(2ns));
  CHECK(packets[1].facts.interface == 7);
  CHECK(packets[1].facts.length == 999);
  CHECK(packets[1].facts.direction == Direction::kIn);
  CHECK(numbers(copied) == range(1, 2));
}

TEST_CASE("of a packet 256 bytes are kept") {
  PacketRing ring(4096);
  for (const std::size_t size : {255U, 256U, 257U}) add(ring, 9, size);
  const auto copied = everything(ring);
  const auto packets = evidence::packets_in(copied);
  REQUIRE(packets.size() == 3);
  CHECK(packets[0].bytes.size() == 255);
  CHECK(packets[1].bytes.size() == 256);
  CHECK(packets[2].bytes.size() == 256);
  CHECK(packets[2].facts.length == 257);
}

TEST_CASE("a ring that is full forgets the oldest, and never holds more than its size") {
  for (const unsigned seed : {1U, 2U, 3U, 4U}) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    PacketRing ring(2048 + 24 * seed);
    for (int n = 1; n <= 3000; ++n) {
      add(ring, n, random() % 300);
      CHECK(ring.end() - ring.begin() <= ring.bytes());
      if (n % 50 != 0) continue;
      const auto copied = everything(ring);
      CHECK(copied.size() <= ring.bytes());
      const std::vector<int> found = numbers(copied);
      REQUIRE_FALSE(found.empty());
      CHECK(found == range(found.front(), n));
      // Two of the largest fit in beside what padding wastes: as much is always there.
      CHECK(found.size() >= 5);
    }
  }
}

TEST_CASE("how far back a ring reaches is known once it forgets") {
  PacketRing ring(2048);
  add(ring, 1, 200);
  CHECK_FALSE(ring.oldest_of_full());
  for (int n = 2; n <= 100; ++n) add(ring, n, 200);
  REQUIRE(ring.oldest_of_full());
  CHECK(*ring.oldest_of_full() == base::WallTime(std::chrono::nanoseconds(numbers(everything(ring)).front())));
}

TEST_CASE("a ring below the least size keeps nothing") {
  PacketRing ring(PacketRing::kLeastBytes - 1);
  CHECK(ring.bytes() == 0);
  add(ring, 1, 100);
  CHECK(ring.is_empty());
  CHECK(everything(ring).empty());
}

TEST_CASE("a ring is copied in pieces that are as large as was asked") {
  PacketRing ring(8192);
  for (int n = 1; n <= 30; ++n) add(ring, n, 100);
  std::vector<std::byte> copied;
  std::uint64_t position = ring.begin();
  int pieces = 0;
  while (position != ring.end()) {
    const std::size_t before = copied.size();
    position = ring.copy(position, 500, copied);
    CHECK(copied.size() - before <= 500);
    ++pieces;
  }
  CHECK(pieces == 10);  // 144 bytes each
  CHECK(numbers(copied) == range(1, 30));
}

TEST_CASE("the budget is shared out by how much is asked") {
  PacketRings rings;
  std::vector<PacketRings::Wanted> wanted = {{3, 1}, {0, 1}, {1, 1}};
  rings.lay_out(wanted, 1 << 20);
  CHECK(rings.bytes() <= 1 << 20);
  CHECK(rings.bytes() >= (1 << 20) * 4 / 5);
  CHECK(rings.find(1) == nullptr);
  CHECK(rings.find(3) == nullptr);
  const double ratio = static_cast<double>(rings.find(0)->bytes()) / static_cast<double>(rings.find(2)->bytes());
  CHECK(ratio == Approx(3).epsilon(0.01));
  rings.lay_out(wanted, 0);
  CHECK(rings.bytes() == 0);
}

TEST_CASE("a reload leaves a ring alone, keeps the newest where its size changes, and empties it for another network") {
  PacketRings rings = rings_of(64 << 10);
  for (int n = 1; n <= 200; ++n) add(rings, n);
  const std::uint64_t serial = rings.serial(0);
  std::vector<PacketRings::Wanted> wanted = {{1, 1}, {0.01, 1}};
  rings.lay_out(wanted, 64 << 10);
  wanted[1].rate = 0.02;
  const std::uint64_t second = rings.serial(0);
  rings.lay_out(wanted, 64 << 10);
  CHECK(rings.serial(0) == second);
  wanted[1].rate = 3;
  rings.lay_out(wanted, 64 << 10);
  CHECK(rings.serial(0) != serial);
  CHECK(rings.bytes() <= 64 << 10);
  const std::vector<int> kept = numbers(everything(*rings.find(0)));
  CHECK(kept.size() > 50);
  CHECK(kept == range(201 - static_cast<int>(kept.size()), 200));
  wanted[0].generation = 2;
  rings.lay_out(wanted, 64 << 10);
  CHECK(rings.find(0)->is_empty());
}

TEST_CASE("a taking has what the ring holds and what comes until its moment") {
  PacketRings rings = rings_of(16 << 10);
  for (int n = 1; n <= 20; ++n) add(rings, n);
  PacketTaking taking(0, base::MonoTime(10s));
  CHECK_FALSE(taking.step(rings, base::MonoTime(1s), 1000));
  add(rings, 21);
  for (int i = 0; i < 10; ++i) CHECK_FALSE(taking.step(rings, base::MonoTime(2s), 1000));
  add(rings, 22);
  CHECK_FALSE(taking.step(rings, base::MonoTime(9999ms), 1000));
  add(rings, 23);
  CHECK(taking.step(rings, base::MonoTime(10s), 1000));
  CHECK(numbers(taking.bytes()) == range(1, 23));
  CHECK_FALSE(taking.is_cut());
}

TEST_CASE("a taking that comes too slowly, or has no room left, says so") {
  PacketRings rings = rings_of(4096);
  PacketTaking slow(0, base::MonoTime(10s));
  add(rings, 1);
  CHECK_FALSE(slow.step(rings, base::MonoTime(1s), 1000));
  for (int n = 2; n <= 100; ++n) add(rings, n);
  CHECK(slow.step(rings, base::MonoTime(10s), 100000));
  CHECK(slow.is_cut());

  PacketTaking full(0, base::MonoTime(10s));
  bool is_done = false;
  for (int n = 101; n <= 200 && !is_done; ++n) {
    add(rings, n % 128);
    is_done = full.step(rings, base::MonoTime(1s), 100000);
  }
  CHECK(is_done);
  CHECK(full.is_cut());
  CHECK(full.bytes().size() <= 2 * 4096);
}

TEST_CASE("a taking goes on when a reload makes its ring anew, and ends when the network is gone") {
  PacketRings rings = rings_of(16 << 10);
  for (int n = 1; n <= 20; ++n) add(rings, n);
  PacketTaking taking(0, base::MonoTime(10s));
  CHECK_FALSE(taking.step(rings, base::MonoTime(1s), 100000));
  std::vector<PacketRings::Wanted> wanted = {{1, 1}, {1, 1}};
  rings.lay_out(wanted, 16 << 10);
  add(rings, 21);
  CHECK(taking.step(rings, base::MonoTime(10s), 100000));
  const std::vector<int> found = numbers(taking.bytes());
  CHECK(found.back() == 21);
  CHECK(found.front() == 1);
  wanted[0].rate = 0;
  rings.lay_out(wanted, 16 << 10);
  CHECK(taking.step(rings, base::MonoTime(1s), 100000));
}
