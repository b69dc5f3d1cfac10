#include "daemon/engine/source_table.hpp"

#include <sys/socket.h>

#include <cerrno>

#include "daemon/engine/file_descriptor.hpp"
#include "daemon/engine/socket_address.hpp"

namespace blipd::engine {

std::optional<base::Address> SourceTable::source_toward(const base::Address& destination, const std::string& interface,
                                                        int& error) {
  auto& known = known_[interface];
  if (const auto found = known.find(destination); found != known.end()) return found->second;
  const FileDescriptor socket(::socket(destination.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  // The discard port (RFC 863); connecting a datagram socket only looks up a route.
  const SocketAddress to = to_socket_address(destination, 9);
  SocketAddress from;
  from.length = sizeof from.storage;
  const bool is_bound = interface.empty() || ::setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
                                                          static_cast<socklen_t>(interface.size())) == 0;
  if (!socket.is_open() || !is_bound || ::connect(socket.get(), to.get(), to.length) != 0 ||
      ::getsockname(socket.get(), from.get(), &from.length) != 0) {
    error = errno;
    return std::nullopt;
  }
  if (known.size() >= kMaxKnown) known.clear();
  return known.emplace(destination, from_socket_address(from.storage).address).first->second;
}

}  // namespace blipd::engine
