#include "daemon/engine/kernel_socket.hpp"

#include <linux/errqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "daemon/engine/socket_address.hpp"

namespace blipd::engine {

int set_option(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : errno;
}

int keep_errors(int fd, base::Family family, Keep keep) {
  const int value = keep == Keep::kAll ? 1 : 0;
  return family == base::Family::kIpv4 ? set_option(fd, IPPROTO_IP, IP_RECVERR, value)
                                       : set_option(fd, IPPROTO_IPV6, IPV6_RECVERR, value);
}

int bind_interface(int fd, const std::string& interface) {
  if (interface.empty()) return 0;
  const auto length = static_cast<socklen_t>(interface.size());
  return ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface.data(), length) == 0 ? 0 : errno;
}

int bind_source(int fd, base::Family family, const std::optional<base::Address>& source, std::uint16_t port) {
  constexpr std::array<std::byte, 16> kAnyV6{};
  base::Address address = family == base::Family::kIpv4 ? base::Address{} : base::Address::v6(kAnyV6);
  if (source && source->family() == family) address = *source;
  if (address.is_unspecified() && port == 0) return 0;
  const SocketAddress name = to_socket_address(address, port);
  return ::bind(fd, name.get(), name.length) == 0 ? 0 : errno;
}

std::uint32_t scope_of(const base::Address& address, const std::string& interface) {
  const auto bytes = address.bytes();
  const bool is_link_local =
      address.is_v6() && bytes[0] == std::byte{0xfe} && (bytes[1] & std::byte{0xc0}) == std::byte{0x80};
  return is_link_local && !interface.empty() ? ::if_nametoindex(interface.c_str()) : 0;
}

int take_pending_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

namespace {

void read_extended_error(const cmsghdr* header, QueuedError& out) {
  sock_extended_err error{};
  if (header->cmsg_len < CMSG_LEN(sizeof error)) return;
  std::memcpy(&error, CMSG_DATA(header), sizeof error);
  out.is_local = error.ee_origin == SO_EE_ORIGIN_LOCAL;
  if (error.ee_origin != SO_EE_ORIGIN_ICMP && error.ee_origin != SO_EE_ORIGIN_ICMP6) return;
  probes::IcmpNotice notice;
  notice.type = error.ee_type;
  notice.code = error.ee_code;
  // The offender's sockaddr lies right behind the error (ip(7), IP_RECVERR).
  sockaddr_storage offender{};
  const std::size_t offset = CMSG_LEN(sizeof error);
  const std::size_t left = header->cmsg_len > offset ? header->cmsg_len - offset : 0;
  std::memcpy(&offender, CMSG_DATA(header) + sizeof error, std::min(sizeof offender, left));
  notice.sender = from_socket_address(offender).address;
  out.notice = notice;
}

}  // namespace

void drain_errors(int fd, std::size_t limit, const std::function<void(const QueuedError&)>& take) {
  std::array<std::byte, 1280> payload;
  struct alignas(cmsghdr) Control {
    std::array<std::byte, 512> bytes;
  } control;
  for (std::size_t i = 0; i < limit; ++i) {
    sockaddr_storage destination{};
    iovec vector{payload.data(), payload.size()};
    msghdr message{};
    message.msg_name = &destination;
    message.msg_namelen = sizeof destination;
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    const ssize_t length = ::recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (length < 0) break;
    QueuedError error;
    error.payload = base::Bytes(payload).first(static_cast<std::size_t>(length));
    const Endpoint endpoint = from_socket_address(destination);
    error.destination = endpoint.address;
    error.destination_port = endpoint.port;
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
      const bool is_error = (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
                            (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
      if (is_error) read_extended_error(c, error);
    }
    take(error);
  }
  take_pending_error(fd);
}

struct Readiness::Events {
  std::array<epoll_event, 256> list{};
};

namespace {

epoll_event event_for(Readiness::Want want, std::uint64_t tag) {
  epoll_event event{};
  event.data.u64 = tag;
  switch (want) {
    case Readiness::Want::kRead:
      event.events = EPOLLIN;
      break;
    case Readiness::Want::kWrite:
      event.events = EPOLLOUT;
      break;
    case Readiness::Want::kBoth:
      event.events = EPOLLIN | EPOLLOUT;
      break;
    case Readiness::Want::kNothing:
      break;
  }
  return event;
}

}  // namespace

Readiness::Readiness() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), events_(std::make_unique<Events>()) {
  if (!epoll_.is_open()) throw std::system_error(errno, std::generic_category(), "cannot create an epoll instance");
}

Readiness::~Readiness() = default;

int Readiness::add(int fd, Want want, std::uint64_t tag) {
  epoll_event event = event_for(want, tag);
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

int Readiness::change(int fd, Want want, std::uint64_t tag) {
  epoll_event event = event_for(want, tag);
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0 ? 0 : errno;
}

void Readiness::look(const std::function<void(const News&)>& take) {
  auto& list = events_->list;
  const int count = ::epoll_wait(epoll_.get(), list.data(), static_cast<int>(list.size()), 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = list[static_cast<std::size_t>(i)];
    take({event.data.u64, (event.events & (EPOLLIN | EPOLLOUT | EPOLLHUP)) != 0, (event.events & EPOLLERR) != 0});
  }
}

}  // namespace blipd::engine
