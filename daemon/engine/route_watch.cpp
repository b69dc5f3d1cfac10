#include "daemon/engine/route_watch.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace blipd::engine {

RouteWatch::RouteWatch() : socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE)) {
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  if (socket_.is_open() && ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    socket_.reset();
  }
}

bool RouteWatch::changed(base::MonoTime now) {
  if (now - looked_ < (socket_.is_open() ? kInterval : kBlindInterval)) return false;
  looked_ = now;
  if (!socket_.is_open()) return true;
  // What changed is of no interest, only that something did. A bound, for a route server's floods.
  constexpr int kMaxMessages = 64;
  std::array<char, 8192> message;
  bool has_changed = false;
  for (int i = 0; i < kMaxMessages; ++i) {
    const ssize_t length = ::recv(socket_.get(), message.data(), message.size(), MSG_DONTWAIT);
    // ENOBUFS: messages were missed, so something changed.
    if (length < 0 && errno != ENOBUFS) break;
    has_changed = true;
  }
  return has_changed;
}

}  // namespace blipd::engine
