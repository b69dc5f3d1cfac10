#include "daemon/engine/trace_sender.hpp"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "daemon/engine/socket_address.hpp"

namespace blipd::engine {

namespace {

FileDescriptor open_raw(int family) {
  return FileDescriptor(::socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_RAW));
}

template <class Value>
void set_control(msghdr& message, int level, int type, const Value& value) {
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(header), &value, sizeof value);
  message.msg_controllen = CMSG_SPACE(sizeof value);
}

}  // namespace

base::Expected<std::unique_ptr<TraceSender>> TraceSender::open() {
  FileDescriptor v4 = open_raw(AF_INET);
  if (!v4.is_open()) return base::fail("cannot open a raw socket for traces: {}", std::strerror(errno));
  return std::unique_ptr<TraceSender>(new TraceSender(std::move(v4), open_raw(AF_INET6)));
}

int TraceSender::send(base::Bytes packet, const base::Address& target, const std::string& interface) {
  const FileDescriptor& socket = target.is_v4() ? v4_ : v6_;
  if (!socket.is_open()) return EAFNOSUPPORT;
  SocketAddress to = to_socket_address(target, 0);
  // sendmsg does not write through this pointer; POSIX merely has one struct for both directions.
  iovec vector{const_cast<std::byte*>(packet.data()), packet.size()};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(in6_pktinfo))> control{};
  msghdr message{};
  message.msg_name = to.get();
  message.msg_namelen = to.length;
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  if (!interface.empty()) {
    const unsigned index = ::if_nametoindex(interface.c_str());
    if (index == 0) return ENODEV;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (target.is_v4()) {
      in_pktinfo by{};
      by.ipi_ifindex = static_cast<int>(index);
      set_control(message, IPPROTO_IP, IP_PKTINFO, by);
    } else {
      in6_pktinfo by{};
      by.ipi6_ifindex = index;
      set_control(message, IPPROTO_IPV6, IPV6_PKTINFO, by);
    }
  }
  return ::sendmsg(socket.get(), &message, 0) < 0 ? errno : 0;
}

}  // namespace blipd::engine
