#include "daemon/engine/receive_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstring>
#include <ctime>

#include "daemon/engine/socket_address.hpp"

namespace blipd::engine {

namespace {

constexpr std::size_t kBatch = 32;
constexpr std::size_t kMaxDatagram = 4096;
constexpr int kReceiveBuffer = 8 << 20;

void enable(int fd, int level, int name) {
  const int on = 1;
  ::setsockopt(fd, level, name, &on, sizeof on);
}

template <class Value>
Value value_of(const cmsghdr* header) {
  Value value{};
  std::memcpy(&value, CMSG_DATA(header), sizeof value);
  return value;
}

}  // namespace

struct DatagramReader::Buffers {
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> vectors{};
  std::array<sockaddr_storage, kBatch> names{};
  std::array<std::array<std::byte, kMaxDatagram>, kBatch> bytes;
  struct alignas(cmsghdr) Control {
    std::array<std::byte, 256> bytes;
  };
  std::array<Control, kBatch> control;
};

void prepare_to_receive(int fd, base::Family family) {
  enable(fd, SOL_SOCKET, SO_TIMESTAMPNS);
  enable(fd, SOL_SOCKET, SO_RXQ_OVFL);
  if (family == base::Family::kIpv4) {
    enable(fd, IPPROTO_IP, IP_RECVTTL);
    enable(fd, IPPROTO_IP, IP_PKTINFO);
  } else {
    enable(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT);
    enable(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
  }
  // FORCE goes past net.core.rmem_max and needs CAP_NET_ADMIN; the plain option takes what it gets.
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) != 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
  }
}

DatagramReader::DatagramReader() : buffers_(std::make_unique<Buffers>()) {}
DatagramReader::~DatagramReader() = default;

namespace {

void read_control(const msghdr& message, Datagram& datagram, std::optional<std::uint32_t>& dropped) {
  // CMSG_NXTHDR wants a non-const message.
  msghdr& mutable_message = const_cast<msghdr&>(message);
  for (cmsghdr* c = CMSG_FIRSTHDR(&mutable_message); c != nullptr; c = CMSG_NXTHDR(&mutable_message, c)) {
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      const auto stamp = value_of<timespec>(c);
      datagram.stamp = base::WallTime(std::chrono::seconds(stamp.tv_sec) + std::chrono::nanoseconds(stamp.tv_nsec));
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
      dropped = value_of<std::uint32_t>(c);
    } else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
               (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
      datagram.ttl = static_cast<std::uint8_t>(value_of<int>(c));
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      const auto info = value_of<in_pktinfo>(c);
      datagram.destination = base::Address::v4(std::as_bytes(std::span<const in_addr, 1>(&info.ipi_addr, 1)));
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      const auto info = value_of<in6_pktinfo>(c);
      datagram.destination = base::Address::v6(std::as_bytes(std::span<const in6_addr, 1>(&info.ipi6_addr, 1)));
    }
  }
}

}  // namespace

void DatagramReader::read(int fd, std::size_t limit, const std::function<void(const Datagram&)>& take,
                          ReceiveState& state) {
  Buffers& b = *buffers_;
  std::size_t done = 0;
  std::uint32_t newly_dropped = 0;
  while (done < limit) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      b.vectors[i] = {b.bytes[i].data(), b.bytes[i].size()};
      msghdr& message = b.messages[i].msg_hdr;
      message = {};
      message.msg_name = &b.names[i];
      message.msg_namelen = sizeof b.names[i];
      message.msg_iov = &b.vectors[i];
      message.msg_iovlen = 1;
      message.msg_control = &b.control[i];
      message.msg_controllen = sizeof b.control[i];
    }
    const int count = ::recvmmsg(fd, b.messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (count <= 0) break;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      Datagram datagram;
      std::optional<std::uint32_t> dropped;
      datagram.bytes = base::Bytes(b.bytes[i]).first(std::min<std::size_t>(b.messages[i].msg_len, kMaxDatagram));
      const Endpoint from = from_socket_address(b.names[i]);
      datagram.source = from.address;
      datagram.source_port = from.port;
      read_control(b.messages[i].msg_hdr, datagram, dropped);
      if (dropped) {
        newly_dropped += *dropped - state.drops;
        state.drops = *dropped;
      }
      take(datagram);
    }
    done += static_cast<std::size_t>(count);
    if (static_cast<std::size_t>(count) < kBatch) break;
  }
  if (done == 0) return;
  // What was dropped behind a full buffer is told with the first datagram that finds room again, which may be in the
  // next read.
  const bool is_crowded = done >= kCrowded;
  (is_crowded || state.was_crowded ? drops_ : refused_) += newly_dropped;
  state.was_crowded = is_crowded;
}

}  // namespace blipd::engine
