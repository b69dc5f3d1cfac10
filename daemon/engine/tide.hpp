// How far all shards have come: up to then everything is known, and judging may let time pass. A shard that is not
// heard of for kPatience is not waited for any more, until it is heard again: verdicts do not stand still because one
// thread does. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "probes/base/time.hpp"

namespace blipd::engine {

class Tide {
 public:
  // A shard turns ten times a second at the least; a plan of a hundred thousand channels holds it up for a while.
  static constexpr base::Duration kPatience = std::chrono::seconds(3);
  // The most that counts of the time between two looks: when this whole process was stopped, nobody is to blame.
  static constexpr base::Duration kMostAtOnce = std::chrono::milliseconds(200);

  Tide(std::size_t shards, const base::Moment& start)
      : shards_(shards, Shard{start, true, {}}), mark_(start), looked_(start.mono) {}

  // The shard has told everything up to `end`.
  void heard(std::size_t shard, const base::Moment& end);
  // Lets time pass.
  void look(const base::Moment& now);

  // Up to when everything is known. Never goes back.
  const base::Moment& mark() const { return mark_; }
  std::uint32_t silent() const;  // shards that are not waited for

 private:
  struct Shard {
    base::Moment end;
    bool is_heard = true;  // since the last look
    base::Duration silence{};
    bool is_silent() const { return silence >= kPatience; }
  };
  std::vector<Shard> shards_;
  base::Moment mark_;
  base::MonoTime looked_;
};

}  // namespace blipd::engine
