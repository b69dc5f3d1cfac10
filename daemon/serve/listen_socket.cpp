#include "daemon/serve/listen_socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "daemon/serve/listen_address.hpp"

namespace blipd::serve {

namespace {

constexpr int kBacklog = SOMAXCONN;

const char* remedy_for(int error) {
  switch (error) {
    case EADDRINUSE:
      return "another blipd may be running: choose another address with listen:";
    case EACCES:
      return "ports below 1024 need CAP_NET_BIND_SERVICE: choose a port from 1024 up with listen:";
    case EADDRNOTAVAIL:
      return "no interface has this address: choose another one with listen:";
    case EAFNOSUPPORT:
      return "this machine does not speak that version of IP: choose another address with listen:";
    case EMFILE:
    case ENFILE:
      return "the table of file descriptors is full: raise LimitNOFILE= or ulimit -n";
    default:
      return "choose another address with listen:";
  }
}

tl::unexpected<base::Error> cannot_listen(const std::string& listen, int error) {
  std::string reason = std::strerror(error);
  if (reason.size() > 1 && reason[0] >= 'A' && reason[0] <= 'Z' && reason[1] >= 'a') {
    reason[0] = static_cast<char>(reason[0] - 'A' + 'a');
  }
  return base::fail("cannot listen on {}: {}; {}", listen, reason, remedy_for(error));
}

// 0, or the number of the error.
int bind_and_listen(int descriptor, const ListenAddress& listen, bool is_v6) {
  const int on = 1;
  const int off = 0;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_storage storage{};
  socklen_t length = 0;
  if (is_v6) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(listen.port);
    if (listen.address) std::memcpy(&address.sin6_addr, listen.address->bytes().data(), 16);
    const bool takes_v4_too = !listen.address || listen.address->is_unspecified();
    ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, takes_v4_too ? &off : &on, sizeof(int));
    length = sizeof(address);
    std::memcpy(&storage, &address, length);
  } else {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(listen.port);
    if (listen.address) std::memcpy(&address.sin_addr, listen.address->bytes().data(), 4);
    length = sizeof(address);
    std::memcpy(&storage, &address, length);
  }
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&storage), length) != 0) return errno;
  if (::listen(descriptor, kBacklog) != 0) return errno;
  return 0;
}

base::Expected<ListenSocket> open_new(const std::string& text, const ListenAddress& listen, bool is_v6) {
  const int descriptor = ::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return cannot_listen(text, errno);
  const int error = bind_and_listen(descriptor, listen, is_v6);
  if (error != 0) {
    ::close(descriptor);
    return cannot_listen(text, error);
  }
  return ListenSocket{descriptor, is_v6};
}

base::Expected<ListenSocket> take_inherited(int descriptor) {
  int is_listening = 0;
  int domain = 0;
  socklen_t length = sizeof(int);
  const bool is_socket = ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) == 0;
  length = sizeof(int);
  if (!is_socket || is_listening == 0 || ::getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0 ||
      (domain != AF_INET && domain != AF_INET6)) {
    return base::fail(
        "cannot listen on the inherited file descriptor {}: it is not a listening TCP socket; check ListenStream= and "
        "Accept=no in the socket unit",
        descriptor);
  }
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  return ListenSocket{descriptor, domain == AF_INET6};
}

}  // namespace

base::Expected<ListenSocket> open_listen_socket(const ServerOptions& options) {
  if (options.inherited_socket) return take_inherited(*options.inherited_socket);
  const auto listen = parse_listen(options.listen);
  if (!listen) return tl::make_unexpected(listen.error());
  if (listen->address) return open_new(options.listen, *listen, listen->address->is_v6());
  // Every address: one socket for both versions of IP, or for IPv4 alone where IPv6 is switched off.
  auto both = open_new(options.listen, *listen, true);
  return both ? both : open_new(options.listen, *listen, false);
}

}  // namespace blipd::serve
