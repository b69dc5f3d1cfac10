#include "daemon/engine/raw_receiver.hpp"

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "daemon/engine/receive_socket.hpp"

namespace blipd::engine {

namespace {

constexpr std::size_t kMaxDatagramsPerDrain = 8192;

// A raw TCP socket is given every segment that this machine receives: the kernel keeps back those of other ports.
// An IPv4 raw socket's filter sees the IP header first, an IPv6 one's sees the segment.
bool keep_ports(int fd, base::Family family, std::uint16_t first, std::uint16_t last) {
  std::vector<sock_filter> program;
  if (family == base::Family::kIpv4) {
    program.push_back({BPF_LDX | BPF_B | BPF_MSH, 0, 0, 0});  // X = length of the IPv4 header
    program.push_back({BPF_LD | BPF_H | BPF_IND, 0, 0, 2});
  } else {
    program.push_back({BPF_LD | BPF_H | BPF_ABS, 0, 0, 2});
  }
  program.push_back({BPF_JMP | BPF_JGE | BPF_K, 0, 2, first});
  program.push_back({BPF_JMP | BPF_JGT | BPF_K, 1, 0, last});
  program.push_back({BPF_RET | BPF_K, 0, 0, 0xffffffffU});
  program.push_back({BPF_RET | BPF_K, 0, 0, 0});
  const sock_fprog loaded{static_cast<unsigned short>(program.size()), program.data()};
  return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &loaded, sizeof loaded) == 0;
}

class RawReceiver final : public PacketSource {
 public:
  struct Socket {
    FileDescriptor fd;
    base::Family family;
    std::uint8_t protocol;
    ReceiveState state;
  };

  explicit RawReceiver(std::vector<Socket> sockets) : sockets_(std::move(sockets)) {}

  void drain(const std::function<void(const SeenPacket&)>& seen) override {
    for (Socket& socket : sockets_) {
      reader_.read(
          socket.fd.get(), kMaxDatagramsPerDrain, [&](const Datagram& datagram) { take(socket, datagram, seen); },
          socket.state);
    }
  }

  std::uint64_t drops() override { return reader_.drops(); }
  std::uint64_t malformed() const override { return malformed_ + reader_.refused(); }

 private:
  void take(const Socket& socket, const Datagram& datagram, const std::function<void(const SeenPacket&)>& seen) {
    SeenPacket packet;
    if (socket.family == base::Family::kIpv4) {
      const auto read = wire::read_ip(datagram.bytes);
      if (!read) {
        ++malformed_;
        return;
      }
      packet.packet = *read;
    } else {
      // IPv6 raw sockets keep the header to themselves (RFC 3542, 3).
      packet.packet.source = datagram.source;
      packet.packet.destination = datagram.destination.value_or(base::Address());
      packet.packet.protocol = socket.protocol;
      packet.packet.ttl = datagram.ttl;
      packet.packet.payload = datagram.bytes;
      // The kernel has verified the checksum; without a destination it could not be done again.
      packet.packet.is_truncated = !datagram.destination.has_value();
    }
    if (!datagram.stamp) return;
    packet.stamp = {*datagram.stamp, probes::StampSource::kKernel};
    seen(packet);
  }

  std::vector<Socket> sockets_;
  DatagramReader reader_;
  std::uint64_t malformed_ = 0;
};

}  // namespace

base::Expected<std::unique_ptr<PacketSource>> open_raw_receiver(const probes::PortRange& ports) {
  struct Wanted {
    base::Family family;
    std::uint8_t protocol;
  };
  constexpr std::array<Wanted, 4> kWanted = {{{base::Family::kIpv4, wire::kIcmp},
                                              {base::Family::kIpv4, wire::kTcp},
                                              {base::Family::kIpv6, wire::kIcmpV6},
                                              {base::Family::kIpv6, wire::kTcp}}};
  std::vector<RawReceiver::Socket> sockets;
  for (const Wanted& wanted : kWanted) {
    const bool is_v4 = wanted.family == base::Family::kIpv4;
    FileDescriptor fd(::socket(is_v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, wanted.protocol));
    if (!fd.is_open()) {
      // A machine without IPv6 has no IPv6 answers to miss.
      if (!is_v4 && errno == EAFNOSUPPORT) continue;
      return base::fail("cannot open a raw socket for answers: {}", std::strerror(errno));
    }
    if (wanted.protocol == wire::kTcp && !keep_ports(fd.get(), wanted.family, ports.first, ports.last)) {
      return base::fail("cannot filter a raw socket: {}", std::strerror(errno));
    }
    prepare_to_receive(fd.get(), wanted.family);
    sockets.push_back({std::move(fd), wanted.family, wanted.protocol, {}});
  }
  return std::make_unique<RawReceiver>(std::move(sockets));
}

}  // namespace blipd::engine
