#include "daemon/engine/dns_udp_sockets.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "daemon/engine/socket_address.hpp"
#include "probes/tcp.hpp"

namespace blipd::engine {

namespace {

// A quarter of the 65,536 ids at most is in use on a socket, so that a random one is free at the second try.
constexpr std::uint64_t kLeastUses = 4096, kMostUses = 16384;
constexpr auto kShortestLife = std::chrono::minutes(2), kLongestLife = std::chrono::minutes(10);
// A port that is kept is given back when no question has left through it for so long.
constexpr auto kKeptLife = std::chrono::minutes(10);
constexpr std::size_t kDatagramsPerPoll = 2048;
constexpr std::size_t kErrorsPerPoll = 256;
constexpr int kPortTries = 64;

}  // namespace

std::optional<DnsUdpSockets::Index> DnsUdpSockets::acquire(const WayOut& way, base::MonoTime now) {
  Slots& slots = ways_[way];
  std::optional<Index>& slot = slots[random_.between(0, kSocketsPerWay - 1)];
  if (slot && (sockets_[*slot].uses_left == 0 || sockets_[*slot].retires_at <= now)) retire(slot);
  if (!slot) slot = open(way, now);
  if (!slot) return std::nullopt;
  Socket& socket = sockets_[*slot];
  --socket.uses_left;
  ++socket.questions;
  return slot;
}

std::optional<DnsUdpSockets::Index> DnsUdpSockets::acquire_kept(const WayOut& way, std::uint32_t identifier,
                                                                base::MonoTime now) {
  const auto place = static_cast<std::uint16_t>(identifier % kKeptPorts);
  auto found = kept_.find({way, place});
  if (found == kept_.end()) {
    std::optional<Index> opened;
    int error = EADDRINUSE;
    for (std::uint32_t port = probes::kFirstSourcePort + place; port <= probes::kLastSourcePort; port += kKeptPorts) {
      opened = open_at(way, static_cast<std::uint16_t>(port), error);
      if (opened || error != EADDRINUSE) break;
    }
    errno = error;
    if (!opened) return std::nullopt;
    found = kept_.emplace(std::pair(way, place), *opened).first;
  }
  Socket& socket = sockets_[found->second];
  socket.retires_at = now + kKeptLife;
  ++socket.questions;
  return found->second;
}

void DnsUdpSockets::retire_kept(base::MonoTime now) {
  std::erase_if(kept_, [&](const auto& kept) {
    std::optional<Index> slot = kept.second;
    if (sockets_[kept.second].retires_at > now) return false;
    retire(slot);
    return true;
  });
}

void DnsUdpSockets::release(Index socket) {
  --sockets_[socket].questions;
  close_if_done(socket);
}

void DnsUdpSockets::retire(std::optional<Index>& slot) {
  const Index index = *slot;
  slot.reset();
  sockets_[index].is_retired = true;
  close_if_done(index);
}

void DnsUdpSockets::close_if_done(Index index) {
  Socket& socket = sockets_[index];
  if (!socket.is_retired || socket.questions > 0 || !socket.fd.is_open()) return;
  if (is_polling_) {
    done_while_polling_.push_back(index);
    return;
  }
  by_port_.erase(port_key(socket.family, socket.port));
  socket.fd.reset();
  free_.push_back(index);
}

FileDescriptor DnsUdpSockets::open_bound(const WayOut& way, std::uint16_t port, int& error) const {
  const bool is_v4 = way.family == base::Family::kIpv4;
  FileDescriptor fd(::socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  error = fd.is_open() ? 0 : errno;
  if (error == 0 && !is_v4) error = set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (error == 0) error = keep_errors(fd.get(), way.family);
  if (error == 0) error = bind_interface(fd.get(), way.interface);
  if (error == 0) error = bind_source(fd.get(), way.family, way.source, port);
  if (error != 0) return {};
  // A forged "fragmentation needed" must not make our questions impossible to send.
  if (is_v4) set_option(fd.get(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
  prepare_to_receive(fd.get(), way.family);
  return fd;
}

std::optional<DnsUdpSockets::Index> DnsUdpSockets::open(const WayOut& way, base::MonoTime now) {
  int error = EADDRINUSE;
  for (int tries = 0; tries < kPortTries && error == EADDRINUSE; ++tries) {
    const auto port = static_cast<std::uint16_t>(random_.between(probes::kFirstSourcePort, probes::kLastSourcePort));
    const auto index = open_at(way, port, error);
    if (!index) continue;
    Socket& socket = sockets_[*index];
    socket.uses_left = static_cast<std::uint32_t>(random_.between(kLeastUses, kMostUses));
    const base::Duration shortest = kShortestLife, longest = kLongestLife;
    socket.retires_at =
        now + base::Duration(static_cast<base::Duration::rep>(random_.between(
                  static_cast<std::uint64_t>(shortest.count()), static_cast<std::uint64_t>(longest.count()))));
    return index;
  }
  errno = error;
  return std::nullopt;
}

std::optional<DnsUdpSockets::Index> DnsUdpSockets::open_at(const WayOut& way, std::uint16_t port, int& error) {
  // One socket a port and family, whatever its source address: a captured packet is known by its port.
  error = EADDRINUSE;
  if (by_port_.contains(port_key(way.family, port))) return std::nullopt;
  FileDescriptor fd = open_bound(way, port, error);
  if (!fd.is_open()) return std::nullopt;
  const Index index = free_.empty() ? static_cast<Index>(sockets_.size()) : free_.back();
  error = readiness_.add(fd.get(), Readiness::Want::kRead, index);
  if (error != 0) return std::nullopt;
  if (free_.empty()) {
    sockets_.emplace_back();
  } else {
    free_.pop_back();
  }
  Socket& socket = sockets_[index];
  socket = Socket{};
  socket.fd = std::move(fd);
  socket.family = way.family;
  socket.port = port;
  by_port_[port_key(way.family, port)] = index;
  return index;
}

int DnsUdpSockets::send(Index socket, const Outgoing& packet) {
  const int fd = sockets_[socket].fd.get();
  SocketAddress target = to_socket_address(packet.target, packet.port);
  if (const std::uint32_t scope = scope_of(packet.target, packet.interface); scope != 0) {
    reinterpret_cast<sockaddr_in6*>(&target.storage)->sin6_scope_id = scope;
  }
  iovec vector{const_cast<std::byte*>(packet.bytes.data()), packet.bytes.size()};
  struct alignas(cmsghdr) Control {
    std::array<std::byte, 2 * CMSG_SPACE(sizeof(int))> bytes{};
  } control;
  msghdr message{};
  message.msg_name = target.get();
  message.msg_namelen = target.length;
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  const bool is_v4 = packet.target.is_v4();
  const auto put = [](cmsghdr* header, int level, int type, int value) {
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(header), &value, sizeof value);
  };
  cmsghdr* const first = CMSG_FIRSTHDR(&message);
  put(first, is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_TOS : IPV6_TCLASS, packet.dscp << 2);
  put(CMSG_NXTHDR(&message, first), is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_TTL : IPV6_HOPLIMIT, packet.ttl);
  // An ICMP error about an earlier packet is handed to whichever call comes next, once for each error: so an
  // error is this packet's own only when it persists.
  int error = 0;
  for (int tries = 0; tries < 3; ++tries) {
    if (::sendmsg(fd, &message, MSG_DONTWAIT) >= 0) return 0;
    error = errno;
    take_pending_error(fd);
  }
  return error;
}

std::optional<DnsUdpSockets::Index> DnsUdpSockets::find(base::Family family, std::uint16_t port) const {
  const auto found = by_port_.find(port_key(family, port));
  if (found == by_port_.end()) return std::nullopt;
  return found->second;
}

void DnsUdpSockets::poll(base::MonoTime now, const std::function<void(Index, const Datagram&)>& on_datagram,
                         const std::function<void(Index, const QueuedError&)>& on_error) {
  is_polling_ = true;
  readiness_.look([&](const Readiness::News& news) {
    const auto index = static_cast<Index>(news.tag);
    const int fd = sockets_[index].fd.get();
    ReceiveState state = sockets_[index].state;  // the sockets may move while one is read
    if (news.has_error) drain_errors(fd, kErrorsPerPoll, [&](const QueuedError& e) { on_error(index, e); });
    if (news.is_ready) {
      reader_.read(
          fd, kDatagramsPerPoll, [&](const Datagram& d) { on_datagram(index, d); }, state);
    }
    sockets_[index].state = state;
  });
  is_polling_ = false;
  for (const Index index : done_while_polling_) close_if_done(index);
  done_while_polling_.clear();
  if (now < next_retirement_) return;
  next_retirement_ = now + std::chrono::seconds(1);
  retire_kept(now);
  for (auto& [way, slots] : ways_) {
    for (auto& slot : slots) {
      if (slot && sockets_[*slot].retires_at <= now) retire(slot);
    }
  }
  std::erase_if(ways_, [](const auto& way) {
    return std::ranges::none_of(way.second, [](const std::optional<Index>& slot) { return slot.has_value(); });
  });
}

}  // namespace blipd::engine
