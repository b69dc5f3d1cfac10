// The UDP sockets that DNS questions leave through: a few for each way out, on random ports of our own range, each
// retired after a random number of questions or minutes. A retired socket stays open until the last of its
// questions is forgotten, so that late answers still find it. Questions that keep to a flow have sockets beside these,
// which keep their ports. Owns ports and sockets; knows no DNS.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/engine/file_descriptor.hpp"
#include "daemon/engine/kernel_socket.hpp"
#include "daemon/engine/keyed_random.hpp"
#include "daemon/engine/receive_socket.hpp"
#include "probes/base/address.hpp"
#include "probes/base/time.hpp"

namespace blipd::engine {

class DnsUdpSockets {
 public:
  using Index = std::uint32_t;

  // What a socket is bound to. Marks that may differ from packet to packet are not part of it.
  struct WayOut {
    base::Family family = base::Family::kIpv4;
    std::optional<base::Address> source;
    std::string interface;
    auto operator<=>(const WayOut&) const = default;
  };

  struct Outgoing {
    base::Bytes bytes;
    base::Address target;
    std::uint16_t port = 0;
    std::uint8_t dscp = 0;
    std::uint8_t ttl = 64;
    std::string interface;  // for the scope of link-local targets
  };

  explicit DnsUdpSockets(const base::SipKey& key) : random_(key, kPurpose) {}

  // A socket for one more question, opened where there is none; counted as used until release(). None, with errno
  // set, when there is no descriptor, no port or no such source address or interface.
  std::optional<Index> acquire(const WayOut& way, base::MonoTime now);
  // The same for a question of a flow: through one port while the way is in use, the same after a restart unless
  // another program has it. Flows share kKeptPorts of them.
  std::optional<Index> acquire_kept(const WayOut& way, std::uint32_t identifier, base::MonoTime now);
  void release(Index socket);

  // 0 or errno. Errors that an earlier packet of this socket brought about are not mistaken for this one's.
  int send(Index socket, const Outgoing& packet);

  // The socket at a port of ours.
  std::optional<Index> find(base::Family family, std::uint16_t port) const;

  // Retires what is old and hands over what has arrived, a bounded number a call and socket. release() may be called
  // from within.
  void poll(base::MonoTime now, const std::function<void(Index, const Datagram&)>& on_datagram,
            const std::function<void(Index, const QueuedError&)>& on_error);

  // Datagrams that found no room, since the start.
  std::uint64_t drops() const { return reader_.drops(); }
  std::uint64_t refused() const { return reader_.refused(); }
  std::size_t open_sockets() const { return by_port_.size(); }

 private:
  static constexpr std::uint64_t kPurpose = 0x75647020706f7274;  // "udp port"
  static constexpr std::size_t kSocketsPerWay = 8;
  // Flows towards different targets differ by these anyway; so few sockets serve any number of targets.
  static constexpr std::uint16_t kKeptPorts = 256;

  struct Socket {
    FileDescriptor fd;
    base::Family family = base::Family::kIpv4;
    std::uint16_t port = 0;
    std::uint32_t uses_left = 0;
    base::MonoTime retires_at{};
    std::uint32_t questions = 0;  // not forgotten yet
    ReceiveState state;
    bool is_retired = false;
  };
  using Slots = std::array<std::optional<Index>, kSocketsPerWay>;

  std::optional<Index> open(const WayOut& way, base::MonoTime now);
  std::optional<Index> open_at(const WayOut& way, std::uint16_t port, int& error);
  void retire_kept(base::MonoTime now);
  FileDescriptor open_bound(const WayOut& way, std::uint16_t port, int& error) const;
  void retire(std::optional<Index>& slot);
  void close_if_done(Index index);
  static std::uint32_t port_key(base::Family family, std::uint16_t port) {
    return (family == base::Family::kIpv6 ? 0x10000U : 0U) | port;
  }

  KeyedRandom random_;
  std::map<WayOut, Slots> ways_;
  std::map<std::pair<WayOut, std::uint16_t>, Index> kept_;
  std::vector<Socket> sockets_;
  std::vector<Index> free_;
  std::unordered_map<std::uint32_t, Index> by_port_;
  Readiness readiness_;
  DatagramReader reader_;
  base::MonoTime next_retirement_{};
  bool is_polling_ = false;
  std::vector<Index> done_while_polling_;  // not closed at once: their descriptor is being read
};

}  // namespace blipd::engine
