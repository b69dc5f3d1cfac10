// What every probing socket of the kernel's own protocols (UDP, TCP) has in common: where it is bound, what its
// error queue says, and which sockets have news. System calls give 0 or an errno value here, since most callers go
// on with it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/engine/file_descriptor.hpp"
#include "probes/base/address.hpp"
#include "probes/base/bytes.hpp"
#include "probes/result.hpp"

namespace blipd::engine {

// 0 or errno.
int set_option(int fd, int level, int name, int value);

// Asks the kernel to keep ICMP errors in the socket's error queue (IP_RECVERR), or not to any more, which empties it.
// 0 or errno.
enum class Keep : std::uint8_t { kAll, kNone };
int keep_errors(int fd, base::Family family, Keep keep = Keep::kAll);

// Binds to `interface` (SO_BINDTODEVICE) unless it is empty. 0 or errno.
int bind_interface(int fd, const std::string& interface);

// Binds to `source`, where it is of the socket's family, and `port`; 0 lets the kernel choose. 0 or errno.
int bind_source(int fd, base::Family family, const std::optional<base::Address>& source, std::uint16_t port);

// The scope that sin6_scope_id needs for a link-local address (RFC 4007), otherwise 0.
std::uint32_t scope_of(const base::Address& address, const std::string& interface);

// Something that became known about a packet sent earlier.
struct QueuedError {
  base::Bytes payload;        // of the packet, as far as the ICMP error quoted it; may be empty
  base::Address destination;  // of the packet
  std::uint16_t destination_port = 0;
  bool is_local = false;                     // this machine's own kernel says so, not an ICMP message
  std::optional<probes::IcmpNotice> notice;  // what the ICMP message said
};

// Calls `take` for what the error queue holds, at most `limit`, and clears the socket's pending error, which
// would else be the answer to the next system call about another packet.
void drain_errors(int fd, std::size_t limit, const std::function<void(const QueuedError&)>& take);

// SO_ERROR, which reading clears.
int take_pending_error(int fd);

// Tells which descriptors have news; never waits. Level-triggered. Throws std::system_error at construction when
// there is no descriptor left.
class Readiness {
 public:
  Readiness();
  ~Readiness();

  enum class Want : std::uint8_t { kRead, kWrite, kBoth, kNothing };
  // `tag` comes back with the news. 0 or errno. A descriptor leaves when it is closed.
  int add(int fd, Want want, std::uint64_t tag);
  int change(int fd, Want want, std::uint64_t tag);

  struct News {
    std::uint64_t tag = 0;
    bool is_ready = false;   // for what was wanted
    bool has_error = false;  // the error queue or SO_ERROR has something to say
  };
  // Calls `take` for at most 256 descriptors that have news.
  void look(const std::function<void(const News&)>& take);

 private:
  struct Events;
  FileDescriptor epoll_;
  std::unique_ptr<Events> events_;
};

}  // namespace blipd::engine
