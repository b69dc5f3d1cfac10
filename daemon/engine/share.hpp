// Which of several loops in one process (`engine: shards`) asks a target: one asks all channels of a target, and always
// the same one, since the choice is a hash of the target's whole name. So a reload moves nobody from one to another.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "config/plan.hpp"

namespace blipd::engine {

// One loop's targets among those of one plan. Small: copies are of a pointer and a number.
class Share {
 public:
  Share() = default;  // all targets

  bool has(config::TargetIndex target) const { return !owners_ || (*owners_)[target] == index_; }
  bool has(const config::PlannedChannel& channel) const { return has(channel.target); }

  // Which of `count` each target of the plan falls to, by TargetIndex.
  static std::vector<std::uint8_t> owners_of(const config::Plan& plan, std::uint32_t count);
  // One for each of `count`; count ≤ config::Engine::kMostShards.
  static std::vector<Share> split(const config::Plan& plan, std::uint32_t count);

 private:
  std::shared_ptr<const std::vector<std::uint8_t>> owners_;  // null: there is but one
  std::uint8_t index_ = 0;
};

}  // namespace blipd::engine
