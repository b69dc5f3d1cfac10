// What the laboratory saw and did, exactly, for each host and protocol, so that a prober's counters can be
// held against it to the packet: requests = answered + pending + corrupted + unreachable + lost + cut + limited +
// silent + overflowed.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/simulate/country.hpp"
#include "tests/lab/delay_queue.hpp"

namespace blipd::lab {

struct Tally {
  std::uint64_t requests = 0;
  // Disjoint. `answered` counts answers that are decided on; those still on their way are shown as pending.
  std::uint64_t answered = 0;
  std::uint64_t corrupted = 0;
  std::uint64_t unreachable = 0;
  std::uint64_t lost = 0;
  std::uint64_t cut = 0;
  std::uint64_t limited = 0;
  std::uint64_t silent = 0;
  std::uint64_t overflowed = 0;  // no room left for the answer: the laboratory's own fault
  // Of the answered ones.
  std::uint64_t late = 0;
  std::uint64_t reordered = 0;  // held back on purpose
  std::uint64_t overtaken = 0;  // left after the answer to a later request of the same tally (RFC 4737, 3.3)
  std::uint64_t foremost = 0;   // the latest request whose answer has left
  // Packets beside those.
  std::uint64_t duplicated = 0;
  std::uint64_t differing = 0;
  std::uint64_t forged = 0;

  void count(const simulate::Decision& decision);
  void add(const Tally& other);
};

class Statistics {
 public:
  std::uint64_t packets_read = 0;
  std::uint64_t packets_written = 0;
  std::uint64_t write_errors = 0;
  std::uint64_t malformed = 0;  // requests with a wrong length or checksum
  std::uint64_t ignored = 0;    // what no host answers
  std::uint64_t nobody = 0;     // requests to addresses of no network

  static std::uint32_t position(std::uint32_t host, simulate::Protocol protocol) {
    return host * static_cast<std::uint32_t>(simulate::kProtocols) + static_cast<std::uint32_t>(protocol);
  }

  Tally& at(std::uint32_t position) {
    if (position >= tallies_.size()) tallies_.resize(position + 1);
    return tallies_[position];
  }

  // An answer, the primary one, has left.
  void left(const DelayQueue::Item& item) {
    Tally& tally = at(item.tally);
    tally.overtaken += item.number < tally.foremost ? 1 : 0;
    tally.foremost = std::max(tally.foremost, item.number);
  }

  struct Report {
    const simulate::Country* country = nullptr;
    const DelayQueue* queue = nullptr;
    std::uint64_t seed = 0;
    base::Duration elapsed{};
    std::uint64_t device_drops = 0;  // packets that the TUN device had no room for
  };

  // One JSON document; see docs/laboratory.md.
  std::string to_json(const Report& report) const;
  // A few lines for people.
  std::string to_text(const Report& report) const;

 private:
  std::vector<Tally> tallies_;  // by position()
};

}  // namespace blipd::lab
