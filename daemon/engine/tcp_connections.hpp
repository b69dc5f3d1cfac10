// Connections that the kernel makes for probes, each for one question, without waiting for any: dialling, how
// a handshake ended, and what the kernel measured of it. Owns the sockets; what is done with a connection once it
// stands is for the transport.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "daemon/engine/file_descriptor.hpp"
#include "daemon/engine/kernel_socket.hpp"
#include "daemon/engine/transport.hpp"

namespace blipd::engine {

// How a handshake ended, or that it has not.
struct Handshake {
  enum class End : std::uint8_t {
    kConnected,
    kRefused,      // a reset
    kUnreachable,  // an ICMP error, or the kernel's word for one
    kGivenUp,      // the kernel's retransmissions are used up: silence
    kFailedHere,   // by our own side
  };
  End end = End::kConnected;
  bool was_reset = false;                    // of kConnected: it stood, and was reset before we looked
  std::optional<probes::IcmpNotice> notice;  // of kUnreachable, where the kernel kept it
};

// Reads it from a socket that has news. Clears the socket's errors.
Handshake read_handshake(int fd, base::Family family);

// The kernel's own round trip of a connection. None when a segment was sent twice: it is not known then which one
// was answered (Karn's algorithm).
std::optional<base::Duration> kernel_round_trip(int fd);

// True once any segment was sent twice.
bool has_retransmitted(int fd);

// True once a connection that stood is no more, and not because both sides closed it: a reset.
bool is_torn_down(int fd);

class TcpConnections {
 public:
  using Index = std::uint32_t;

  struct Connection {
    FileDescriptor socket;
    probes::ChannelIndex channel = 0;
    probes::Sequence sequence = 0;
    base::Address target;
    base::Moment asked;
  };

  // Starts to connect to `port`. None with errno set when our own side cannot.
  std::optional<Index> dial(const Ask& ask, std::uint16_t port, const base::Moment& now);

  // Calls `take` for connections that have news; it may close any. Until it is told otherwise by want_reading(), a
  // connection has news when its handshake has ended.
  void look(const std::function<void(Index)>& take);
  void want_reading(Index index) { want(index, Readiness::Want::kRead); }
  void want(Index index, Readiness::Want want);

  Connection& at(Index index) { return connections_[index]; }
  std::optional<Index> find(probes::ChannelIndex channel, probes::Sequence sequence) const;

  // With a reset (SO_LINGER 0), which leaves no TIME_WAIT behind on either side.
  void close(Index index);

  std::size_t size() const { return by_probe_.size(); }

  // What is learned whenever something is: whose connection it is and to where.
  Learned about(Index index) const;

  // What a handshake that ended otherwise than connected teaches; nothing when it was given up, since the probe's
  // deadline says so soon enough. The round trip of a refusal, which the kernel does not keep, runs until `now`.
  std::optional<Learned> about_failure(Index index, const Handshake& handshake, const base::Moment& now) const;

 private:
  static std::uint64_t key(probes::ChannelIndex channel, probes::Sequence sequence) {
    return (std::uint64_t{channel} << 32U) | sequence;
  }

  std::vector<Connection> connections_;
  std::vector<Index> free_;
  std::unordered_map<std::uint64_t, Index> by_probe_;
  Readiness readiness_;
};

}  // namespace blipd::engine
