#include "daemon/engine/tcp_connections.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "daemon/engine/socket_address.hpp"
#include "probes/icmp.hpp"

namespace blipd::engine {

namespace {

// SYNs after one and three seconds, silence is given up after seven: longer than most timeouts, and no host that
// does not answer holds a descriptor for minutes.
constexpr int kSynRetransmissions = 2;

// Descriptors that connections leave to others: with a table full of them nobody could fetch /metrics to see it.
constexpr rlim_t kMostSpared = 256;

bool is_spared(int fd) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  return static_cast<rlim_t>(fd) >= limit.rlim_cur - std::min(kMostSpared, limit.rlim_cur / 4);
}

int prepare(int fd, const Ask& ask) {
  const probes::ProbeSpec& spec = *ask.spec;
  const bool is_v4 = ask.target.is_v4();
  keep_errors(fd, ask.target.family());
  const linger reset{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  set_option(fd, IPPROTO_TCP, TCP_SYNCNT, kSynRetransmissions);
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_TOS : IPV6_TCLASS, spec.dscp << 2);
  set_option(fd, is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_TTL : IPV6_UNICAST_HOPS, spec.ttl);
  if (const int error = bind_interface(fd, spec.interface); error != 0) return error;
  // The port is chosen when connecting, so that it must be unique only towards this target.
  set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  return bind_source(fd, ask.target.family(), spec.source, 0);
}

std::optional<tcp_info> info_of(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return std::nullopt;
  return info;
}

}  // namespace

Handshake read_handshake(int fd, base::Family family) {
  // Before the errors are drained, which clears it.
  const int error = take_pending_error(fd);
  Handshake handshake;
  drain_errors(fd, 4, [&](const QueuedError& queued) {
    const bool is_about_us = queued.notice && probes::is_icmp_error(family, queued.notice->type);
    if (is_about_us) handshake.notice = queued.notice;
  });
  switch (error) {
    case ECONNRESET:
    case EPIPE:
      handshake.was_reset = true;
      [[fallthrough]];
    case 0:
      handshake.end = Handshake::End::kConnected;
      break;
    case ECONNREFUSED:
      // Also the kernel's word for ICMP "port unreachable".
      handshake.end = handshake.notice ? Handshake::End::kUnreachable : Handshake::End::kRefused;
      break;
    case ETIMEDOUT:
      handshake.end = handshake.notice ? Handshake::End::kUnreachable : Handshake::End::kGivenUp;
      break;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EPROTO:
    case EACCES:
    case EMSGSIZE:
      handshake.end = Handshake::End::kUnreachable;
      break;
    default:
      handshake.end = handshake.notice ? Handshake::End::kUnreachable : Handshake::End::kFailedHere;
  }
  if (handshake.end != Handshake::End::kUnreachable) handshake.notice.reset();
  return handshake;
}

std::optional<base::Duration> kernel_round_trip(int fd) {
  const auto info = info_of(fd);
  if (!info || info->tcpi_total_retrans > 0 || info->tcpi_rtt == 0) return std::nullopt;
  return std::chrono::microseconds(info->tcpi_rtt);
}

bool has_retransmitted(int fd) {
  const auto info = info_of(fd);
  return !info || info->tcpi_total_retrans > 0;
}

bool is_torn_down(int fd) {
  const auto info = info_of(fd);
  return !info || info->tcpi_state == TCP_CLOSE;
}

std::optional<TcpConnections::Index> TcpConnections::dial(const Ask& ask, std::uint16_t port, const base::Moment& now) {
  const int family = ask.target.is_v4() ? AF_INET : AF_INET6;
  FileDescriptor socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return std::nullopt;
  if (is_spared(socket.get())) {
    errno = EMFILE;
    return std::nullopt;
  }
  if (const int error = prepare(socket.get(), ask); error != 0) {
    errno = error;
    return std::nullopt;
  }
  SocketAddress target = to_socket_address(ask.target, port);
  if (const std::uint32_t scope = scope_of(ask.target, ask.spec->interface); scope != 0) {
    reinterpret_cast<sockaddr_in6*>(&target.storage)->sin6_scope_id = scope;
  }
  if (::connect(socket.get(), target.get(), target.length) != 0 && errno != EINPROGRESS) return std::nullopt;

  if (const auto stale = find(ask.channel, ask.sequence)) close(*stale);
  const Index index = free_.empty() ? static_cast<Index>(connections_.size()) : free_.back();
  if (const int error = readiness_.add(socket.get(), Readiness::Want::kWrite, index); error != 0) {
    errno = error;
    return std::nullopt;
  }
  if (free_.empty()) {
    connections_.emplace_back();
  } else {
    free_.pop_back();
  }
  connections_[index] = {std::move(socket), ask.channel, ask.sequence, ask.target, now};
  by_probe_[key(ask.channel, ask.sequence)] = index;
  return index;
}

void TcpConnections::look(const std::function<void(Index)>& take) {
  readiness_.look([&](const Readiness::News& news) {
    const auto index = static_cast<Index>(news.tag);
    // Closed by the handling of an earlier one.
    if (connections_[index].socket.is_open()) take(index);
  });
}

void TcpConnections::want(Index index, Readiness::Want want) {
  readiness_.change(connections_[index].socket.get(), want, index);
}

std::optional<TcpConnections::Index> TcpConnections::find(probes::ChannelIndex channel,
                                                          probes::Sequence sequence) const {
  const auto found = by_probe_.find(key(channel, sequence));
  if (found == by_probe_.end()) return std::nullopt;
  return found->second;
}

Learned TcpConnections::about(Index index) const {
  const Connection& connection = connections_[index];
  Learned learned;
  learned.channel = connection.channel;
  learned.sequence = connection.sequence;
  learned.from = connection.target;
  return learned;
}

std::optional<Learned> TcpConnections::about_failure(Index index, const Handshake& handshake,
                                                     const base::Moment& now) const {
  const Connection& connection = connections_[index];
  Learned learned = about(index);
  switch (handshake.end) {
    case Handshake::End::kRefused:
      learned.answer = probes::AnswerKind::kReset;
      // Where none is known the stamp stays at its beginning, which makes the round trip void.
      if (!has_retransmitted(connection.socket.get())) {
        learned.kernel_rtt = now.mono - connection.asked.mono;
        learned.stamp = {now.wall, probes::StampSource::kUserSpace};
      }
      return learned;
    case Handshake::End::kUnreachable:
      learned.kind = Learned::Kind::kUnreachable;
      learned.notice = handshake.notice;
      if (handshake.notice) learned.from = handshake.notice->sender;
      learned.stamp = {now.wall, probes::StampSource::kUserSpace};
      return learned;
    case Handshake::End::kFailedHere:
      learned.kind = Learned::Kind::kFailedLocally;
      return learned;
    case Handshake::End::kConnected:
    case Handshake::End::kGivenUp:
      break;
  }
  return std::nullopt;
}

void TcpConnections::close(Index index) {
  Connection& connection = connections_[index];
  by_probe_.erase(key(connection.channel, connection.sequence));
  connection = {};
  free_.push_back(index);
}

}  // namespace blipd::engine
