#include "daemon/engine/slot_pool.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <random>

using blipd::engine::SlotPool;

TEST_CASE("runs of slots never overlap, stay where they are, and are as new when they are taken again") {
  SlotPool<int> pool;
  std::map<std::uint32_t, std::uint32_t> taken;  // first, length
  std::mt19937 random(7);
  for (int turn = 0; turn < 20000; ++turn) {
    if (taken.size() < 300 || random() % 2 == 0) {
      const std::uint32_t length =
          SlotPool<int>::length_for(static_cast<std::uint32_t>(1 + random() % (1U << (random() % 13))));
      const std::uint32_t first = pool.take(length);
      const auto after = taken.upper_bound(first);
      REQUIRE((after == taken.end() || first + length <= after->first));
      if (after != taken.begin()) {
        const auto before = std::prev(after);
        REQUIRE(before->first + before->second <= first);
      }
      for (std::uint32_t i = 0; i < length; ++i) {
        REQUIRE(pool[first + i] == 0);
        pool[first + i] = static_cast<int>(first);
      }
      REQUIRE(&pool[first + length - 1] - &pool[first] == static_cast<std::ptrdiff_t>(length - 1));
      taken.emplace(first, length);
    } else {
      const auto run = std::next(taken.begin(), static_cast<std::ptrdiff_t>(random() % taken.size()));
      for (std::uint32_t i = 0; i < run->second; ++i) REQUIRE(pool[run->first + i] == static_cast<int>(run->first));
      pool.give_back(run->first, run->second);
      taken.erase(run);
    }
  }
}

TEST_CASE("a run is at most an eighth longer than what is needed, or one slot") {
  std::uint32_t before = 2;
  for (std::uint32_t needed = 1; needed <= SlotPool<int>::kLongestRun; ++needed) {
    const std::uint32_t length = SlotPool<int>::length_for(needed);
    CHECK((length >= needed && length % 2 == 0 && length <= SlotPool<int>::kLongestRun));
    CHECK((length <= needed + 1 || length <= needed + needed / 8));
    CHECK(SlotPool<int>::length_for(length) == length);
    CHECK(length >= before);
    before = length;
  }
}

TEST_CASE("slots that were given back are used again before more memory is taken") {
  SlotPool<int> pool;
  const std::uint32_t first = pool.take(16);
  std::uint32_t highest = 0;
  for (int reload = 0; reload < 1000; ++reload) {
    const std::uint32_t run = pool.take(16);
    highest = std::max(highest, run);
    pool.give_back(run, 16);
  }
  CHECK(highest == first + 16);
}
