// Between one loop of the engine and the rings that keep its packets: copies each into the ring of its network, and
// takes packets out of the rings for whoever asked, a little with each tick. Asking and fetching are for another
// thread.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "daemon/engine/packet_tap.hpp"
#include "daemon/evidence/packet_taking.hpp"

namespace blipd::app {

class RingTap final : public engine::PacketTap {
 public:
  // Of a tick: some 50 microseconds.
  static constexpr std::size_t kBytesOfTick = 128 << 10;

  explicit RingTap(std::size_t budget_bytes) : budget_bytes_(budget_bytes) {}

  // From any thread. Each request is answered once, in any order; `key` is given back with the answer.
  void request(std::uint64_t key, std::uint32_t network, base::MonoTime until);
  struct Taken {
    std::uint64_t key = 0;
    evidence::PacketTaking taking;
  };
  std::vector<Taken> take();

  // What the rings of this loop are at; from any thread, at most a second old.
  std::uint64_t packets() const { return packets_; }
  std::uint64_t bytes() const { return bytes_; }
  std::optional<base::Duration> reach() const;

  void adopt(const config::Plan& plan, const engine::Share& share) override;
  void on_packet(config::NetworkIndex network, const engine::SeenPacket& seen) override;
  void tick(const base::Moment& now) override;

 private:
  void step(const base::Moment& now);

  const std::size_t budget_bytes_;
  // On the loop's thread.
  evidence::PacketRings rings_;
  std::vector<Taken> under_way_;
  base::MonoTime told_ = base::MonoTime::min();
  // Between threads.
  std::atomic<bool> has_requests_ = false;
  std::mutex mutex_;
  std::vector<Taken> requests_;
  std::vector<Taken> done_;
  std::atomic<std::uint64_t> packets_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<std::int64_t> reach_ = -1;  // nanoseconds; negative: no ring forgets yet
};

}  // namespace blipd::app
