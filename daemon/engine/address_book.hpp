// From an address to the channels that may ask it: a hash table of channel indices alone. What it names is a candidate,
// and whoever asks looks whether the channel (still) asks that address; so nothing is ever taken out, and a name that
// gets other addresses merely leaves a candidate that is one no more. Some 8 to 16 bytes a channel.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "probes/base/address.hpp"
#include "probes/result.hpp"

namespace blipd::engine {

class AddressBook {
 public:
  bool is_full() const { return (entries_ + 1) * 2 > table_.size(); }

  // Forgets all and makes room for `entries`.
  void clear(std::size_t entries) {
    std::size_t size = 64;
    while (size < entries * 2 + 2) size *= 2;
    table_.assign(size, kNobody);
    entries_ = 0;
  }

  // Not to be called when full.
  void add(const base::Address& address, probes::ChannelIndex channel) {
    std::size_t place = start(address);
    for (; table_[place] != kNobody; place = next(place)) {
      if (table_[place] == channel) return;
    }
    table_[place] = channel;
    ++entries_;
  }

  // Calls `visit(channel)` for the candidates, some perhaps twice, until one returns true; says whether one did.
  template <class Visit>
  bool find(const base::Address& address, Visit&& visit) const {
    if (table_.empty()) return false;
    for (std::size_t place = start(address); table_[place] != kNobody; place = next(place)) {
      if (visit(table_[place])) return true;
    }
    return false;
  }

 private:
  static constexpr probes::ChannelIndex kNobody = 0xffffffff;

  std::size_t start(const base::Address& address) const {
    return std::hash<base::Address>{}(address) & (table_.size() - 1);
  }
  std::size_t next(std::size_t place) const { return (place + 1) & (table_.size() - 1); }

  std::vector<probes::ChannelIndex> table_;  // a power of two, at least half empty
  std::size_t entries_ = 0;
};

}  // namespace blipd::engine
