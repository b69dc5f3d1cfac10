// One trace under way: which hop to ask next, what was heard of each, and when it is over. Pure: packets are sent and
// read by others, who tell it.
//
// Hops are asked in order, a few at once. A hop that stays silent is asked again only after a timeout, so that a router
// that says no more than so many errors a second is not taken for a silent one. It goes on to the target, to
// `max_hops`, or until kSilentHops on end stayed silent beyond both the last hop that answered and the length that the
// path had before.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/engine/transport.hpp"
#include "probes/base/address.hpp"
#include "probes/base/time.hpp"
#include "probes/path.hpp"

namespace blipd::engine {

class TraceRun {
 public:
  static constexpr std::size_t kWindow = 4;  // hops in flight
  static constexpr std::uint8_t kSilentHops = 5;

  struct Limits {
    std::uint8_t max_hops = 30;
    std::uint8_t attempts = 2;
    base::Duration timeout = std::chrono::seconds(1);
    std::uint8_t known_length = 0;  // of the path when the target last answered; 0: not known
  };

  explicit TraceRun(const Limits& limits) : limits_(limits), hops_(limits.max_hops + 1U) {}

  // The distance to ask now; none while enough is in flight, or there is nothing to ask.
  std::optional<std::uint8_t> next() const;
  // How many packets were sent: the number of the next one.
  std::uint32_t packets() const { return static_cast<std::uint32_t>(packets_.size()); }
  bool knows(std::uint32_t token) const { return find(token) != nullptr; }

  // `stamp` is our own one, until a better is seen.
  void sent(std::uint8_t distance, std::uint32_t token, base::MonoTime at, const Stamp& stamp);
  // Our packet was seen leaving.
  void seen(std::uint32_t token, const Stamp& stamp);

  enum class Said : std::uint8_t { kExpired, kUnreachable, kTarget };
  struct Answer {
    Said said = Said::kExpired;
    base::Address from;
    Stamp stamp;
    probes::IcmpNotice notice;
    std::vector<std::uint32_t> labels;
    std::string interface;
  };
  void heard(std::uint32_t token, Answer answer);

  // Gives up waiting for what was sent `timeout` ago or longer.
  void expire(base::MonoTime now);
  // The wall clock was set: stamps from before say nothing any more.
  void void_stamps();

  bool is_over() const;
  // When is_over().
  void finish(probes::TracedPath& path) const;

 private:
  struct Hop {
    std::uint8_t attempts = 0;
    bool is_waiting = false;
    base::MonoTime asked{};
    std::optional<Answer> answer;
    std::optional<base::Duration> rtt;
  };
  struct Packet {
    std::uint32_t token = 0;
    std::uint8_t distance = 0;
    std::optional<Stamp> stamp;
  };

  const Packet* find(std::uint32_t token) const;
  std::uint8_t last_answered() const;
  // Nothing is to be asked beyond.
  std::uint8_t limit() const;
  bool may_ask(std::uint8_t distance) const;

  Limits limits_;
  std::vector<Hop> hops_;  // by distance; 0 is not used
  std::vector<Packet> packets_;
  std::uint8_t end_ = 0;  // distance at which the target, or an unreachable, was heard; 0: not yet
};

}  // namespace blipd::engine
