// Between base::Address and the kernel's sockaddr, for .cpp files that hold sockets.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "probes/base/address.hpp"

namespace blipd::engine {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

inline SocketAddress to_socket_address(const base::Address& address, std::uint16_t port) {
  SocketAddress result;
  if (address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes().data(), sizeof v4.sin_addr);
    std::memcpy(&result.storage, &v4, sizeof v4);
    result.length = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes().data(), sizeof v6.sin6_addr);
    std::memcpy(&result.storage, &v6, sizeof v6);
    result.length = sizeof v6;
  }
  return result;
}

struct Endpoint {
  base::Address address;
  std::uint16_t port = 0;
};

// The unspecified address for families other than IPv4 and IPv6.
inline Endpoint from_socket_address(const sockaddr_storage& storage) {
  Endpoint endpoint;
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof v4);
    endpoint.address = base::Address::v4(std::as_bytes(std::span<const in_addr, 1>(&v4.sin_addr, 1)));
    endpoint.port = ntohs(v4.sin_port);
  } else if (storage.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage, sizeof v6);
    endpoint.address = base::Address::v6(std::as_bytes(std::span<const in6_addr, 1>(&v6.sin6_addr, 1)));
    endpoint.port = ntohs(v6.sin6_port);
  }
  return endpoint;
}

}  // namespace blipd::engine
