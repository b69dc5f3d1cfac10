// One of several processes that share a configuration among them. Whole networks are shared out, so that each network's
// verdict stays in one process; by a hash of their names (rendezvous hashing: Thaler and Ravishankar, 1998), so that
// nobody needs to know of the others, and one process more takes over its own part and moves nothing else.
#pragma once

#include <cstdint>
#include <string_view>

#include "config/model.hpp"
#include "probes/base/error.hpp"

namespace blipd::config {

struct Shard {
  static constexpr std::uint32_t kMost = 1024;

  std::uint32_t index = 1;  // from 1 to count
  std::uint32_t count = 1;
};

// From "2/5".
base::Expected<Shard> parse_shard(std::string_view text);

// Which shard of `count` a network falls to: 1 to `count`. Never changes from one version to the next.
std::uint32_t shard_of(std::string_view country, std::string_view network, std::uint32_t count);

// Takes away the networks of other shards, and countries without any left. Controls stay: each process has to know its
// own faults. A country that lost some of its networks is marked as split.
void keep_shard(Configuration& configuration, const Shard& shard);

}  // namespace blipd::config
