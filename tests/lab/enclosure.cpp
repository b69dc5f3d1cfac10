#include "tests/lab/enclosure.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>

#include "probes/base/address.hpp"

namespace blipd::lab {

namespace {

// Pointers only. Long enough for half a second at 50,000 packets a second: a busy machine may leave us waiting
// that long, and a request dropped here would be a loss that the scenario did not order.
constexpr std::uint32_t kQueueLength = 32768;
constexpr int kMtu = 1500;

// linux/ipv6.h has it, and clashes with net/if.h.
struct Ipv6Request {
  in6_addr address;
  std::uint32_t prefix_length;
  int interface_index;
};

base::Expected<void> write_file(const char* path, const std::string& text) {
  const UniqueFd fd(::open(path, O_WRONLY | O_CLOEXEC));
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return base::fail("cannot write {}: {}", path, std::strerror(errno));
  }
  return {};
}

ifreq request_for(const char* device) {
  ifreq request{};
  std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
  return request;
}

base::Expected<void> bring_up(int socket, const char* device) {
  ifreq request = request_for(device);
  if (::ioctl(socket, SIOCGIFFLAGS, &request) == 0) {
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    if (::ioctl(socket, SIOCSIFFLAGS, &request) == 0) return {};
  }
  return base::fail("cannot bring {} up: {}", device, std::strerror(errno));
}

base::Expected<void> set_ipv4(int socket, unsigned long what, const char* address) {
  ifreq request = request_for(kDeviceName);
  sockaddr_in value{};
  value.sin_family = AF_INET;
  ::inet_pton(AF_INET, address, &value.sin_addr);
  std::memcpy(&request.ifr_addr, &value, sizeof value);
  if (::ioctl(socket, what, &request) == 0) return {};
  return base::fail("cannot give {} the address or mask {}: {}", kDeviceName, address, std::strerror(errno));
}

// The ioctl for it asks for privileges outside our user namespace; rtnetlink(7) does not.
base::Expected<void> set_queue_length(std::uint32_t length) {
  struct {
    nlmsghdr header;
    ifinfomsg interface;
    rtattr attribute;
    std::uint32_t length;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_NEWLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.interface.ifi_family = AF_UNSPEC;
  request.interface.ifi_index = static_cast<int>(::if_nametoindex(kDeviceName));
  request.attribute.rta_type = IFLA_TXQLEN;
  request.attribute.rta_len = RTA_LENGTH(sizeof length);
  request.length = length;

  struct {
    nlmsghdr header;
    nlmsgerr error;
    std::array<char, 512> rest;
  } reply{};
  const UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket || ::send(socket.get(), &request, sizeof request, 0) < 0 ||
      ::recv(socket.get(), &reply, sizeof reply, 0) < static_cast<ssize_t>(sizeof reply.header + sizeof reply.error)) {
    return base::fail("cannot speak to the kernel about {}: {}", kDeviceName, std::strerror(errno));
  }
  if (reply.header.nlmsg_type == NLMSG_ERROR && reply.error.error == 0) return {};
  return base::fail("cannot lengthen the queue of {}: {}", kDeviceName, std::strerror(-reply.error.error));
}

// TUN devices have no neighbours (IFF_NOARP), so the kernel skips duplicate address detection by itself.
base::Expected<void> add_ipv6() {
  const UniqueFd socket(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  Ipv6Request request{};
  ::inet_pton(AF_INET6, "2001:2::1", &request.address);
  request.prefix_length = 48;
  request.interface_index = static_cast<int>(::if_nametoindex(kDeviceName));
  if (socket && ::ioctl(socket.get(), SIOCSIFADDR, &request) == 0) return {};
  return base::fail("cannot give {} the address 2001:2::1: {}; is IPv6 disabled?", kDeviceName, std::strerror(errno));
}

base::Expected<void> map_users(uid_t user, gid_t group) {
  // A group map may be written without privileges only once setgroups is denied (user_namespaces(7)).
  if (auto done = write_file("/proc/self/setgroups", "deny"); !done) return done;
  if (auto done = write_file("/proc/self/uid_map", fmt::format("0 {} 1\n", user)); !done) return done;
  return write_file("/proc/self/gid_map", fmt::format("0 {} 1\n", group));
}

}  // namespace

base::Expected<UniqueFd> listen_on(const std::string& place) {
  const auto colon = place.rfind(':');
  std::string host = place.substr(0, colon == std::string::npos ? 0 : colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const auto address = base::Address::parse(host);
  const std::string digits = colon == std::string::npos ? "" : place.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (!address || digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
    return base::fail("--publish {}: write an address and a port, such as 127.0.0.1:10547", place);
  }

  sockaddr_storage storage{};
  socklen_t length = 0;
  if (address->is_v4()) {
    auto* value = reinterpret_cast<sockaddr_in*>(&storage);
    value->sin_family = AF_INET;
    value->sin_port = htons(port);
    std::memcpy(&value->sin_addr, address->bytes().data(), 4);
    length = sizeof *value;
  } else {
    auto* value = reinterpret_cast<sockaddr_in6*>(&storage);
    value->sin6_family = AF_INET6;
    value->sin6_port = htons(port);
    std::memcpy(&value->sin6_addr, address->bytes().data(), 16);
    length = sizeof *value;
  }
  UniqueFd fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  if (fd && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) == 0 &&
      ::listen(fd.get(), SOMAXCONN) == 0) {
    return fd;
  }
  return base::fail("cannot listen on {}: {}; choose another port or stop whoever has it", place, std::strerror(errno));
}

base::Expected<void> enter_enclosure() {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(CLONE_NEWNET | CLONE_NEWPID) != 0) {
    if (errno != EPERM) return base::fail("cannot make a network namespace: {}", std::strerror(errno));
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID) != 0) {
      return base::fail(
          "cannot make a user and network namespace: {}; run as root, or allow unprivileged user "
          "namespaces",
          std::strerror(errno));
    }
    if (auto done = map_users(user, group); !done) return done;
  }
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (auto done = bring_up(socket.get(), "lo"); !done) return done;
  // Lets programs use unprivileged ICMP sockets here. Some kernels have no such switch; then they use raw ones.
  if (!write_file("/proc/sys/net/ipv4/ping_group_range", "0 2147483647")) {
    static_cast<void>(write_file("/proc/sys/net/ipv4/ping_group_range", "0 0"));
  }
  return {};
}

base::Expected<UniqueFd> make_tun(const std::string& control_device) {
  UniqueFd tun(::open(control_device.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!tun) {
    return base::fail("cannot open {}: {}; run as root, or let others read and write it as Debian does (chmod 666)",
                      control_device, std::strerror(errno));
  }
  ifreq request = request_for(kDeviceName);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (::ioctl(tun.get(), TUNSETIFF, &request) != 0) {
    return base::fail("cannot make the device {}: {}; CAP_NET_ADMIN is needed in this namespace", kDeviceName,
                      std::strerror(errno));
  }
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (auto done = set_queue_length(kQueueLength); !done) return tl::unexpected(done.error());
  request = request_for(kDeviceName);
  request.ifr_mtu = kMtu;
  if (::ioctl(socket.get(), SIOCSIFMTU, &request) != 0) {
    return base::fail("cannot set the MTU of {}: {}", kDeviceName, std::strerror(errno));
  }
  if (auto done = set_ipv4(socket.get(), SIOCSIFADDR, "198.18.0.1"); !done) return tl::unexpected(done.error());
  if (auto done = set_ipv4(socket.get(), SIOCSIFNETMASK, "255.254.0.0"); !done) return tl::unexpected(done.error());
  if (auto done = bring_up(socket.get(), kDeviceName); !done) return tl::unexpected(done.error());
  if (auto done = add_ipv6(); !done) return tl::unexpected(done.error());
  return tun;
}

std::uint64_t device_drops() {
  // proc(5): after the name eight counters of reception, then bytes, packets, errors and drops of sending.
  std::ifstream in("/proc/self/net/dev");
  for (std::string line; std::getline(in, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos || line.find(kDeviceName) > colon) continue;
    std::istringstream fields(line.substr(colon + 1));
    std::uint64_t value = 0;
    for (int i = 0; i < 12; ++i) fields >> value;
    return fields ? value : 0;
  }
  return 0;
}

}  // namespace blipd::lab
