#include "daemon/engine/name_server.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "daemon/engine/file_descriptor.hpp"
#include "daemon/engine/kernel_socket.hpp"
#include "daemon/engine/socket_address.hpp"
#include "probes/base/siphash.hpp"
#include "probes/dns_stream.hpp"

namespace blipd::engine {

namespace {

class Wait {
 public:
  Wait(base::Duration patience, const std::stop_token& stop) : ends_(clock_.read().mono + patience), stop_(stop) {}

  // Waits until `fd` is ready for `events`. False when patience has ended or a stop is wanted.
  bool until_ready(int fd, short events) const {
    constexpr base::Duration kSlice = std::chrono::milliseconds(100);
    while (!stop_.stop_requested()) {
      const base::Duration left = ends_ - clock_.read().mono;
      if (left <= base::Duration::zero()) return false;
      const auto slice = std::chrono::ceil<std::chrono::milliseconds>(std::min(left, kSlice));
      pollfd wanted{fd, events, 0};
      if (::poll(&wanted, 1, static_cast<int>(slice.count())) > 0) return true;
    }
    return false;
  }

 private:
  base::SystemClock clock_;
  base::MonoTime ends_;
  const std::stop_token& stop_;
};

base::Expected<FileDescriptor> connected(const NameServer& server, int type) {
  FileDescriptor fd(::socket(server.address.is_v4() ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const SocketAddress name = to_socket_address(server.address, server.port);
  if (!fd.is_open() || (::connect(fd.get(), name.get(), name.length) != 0 && errno != EINPROGRESS)) {
    return base::fail("cannot reach name server {}: {}", server.address.to_string(), std::strerror(errno));
  }
  return fd;
}

tl::unexpected<base::Error> no_answer(const NameServer& server) {
  return base::fail("name server {} does not answer", server.address.to_string());
}

// Nobody else can know an id that comes from the kernel's generator; the port is the kernel's choice.
std::uint16_t random_id() { return static_cast<std::uint16_t>(base::SipKey::random().k0); }

struct Message {
  std::vector<std::byte> bytes;
  probes::DnsReading reading;
};

base::Expected<Message> ask_udp(const NameServer& server, const probes::DnsQuery& query, const Wait& wait) {
  const auto fd = connected(server, SOCK_DGRAM);
  if (!fd) return tl::unexpected(fd.error());
  const std::uint16_t id = random_id();
  std::array<std::byte, probes::kDnsMaxQueryLength> buffer;
  const base::Bytes bytes = query.write(buffer, id);
  if (::send(fd->get(), bytes.data(), bytes.size(), 0) < 0) return no_answer(server);
  std::vector<std::byte> answer(probes::kDnsMaxEdnsSize);
  while (wait.until_ready(fd->get(), POLLIN)) {
    const ssize_t length = ::recv(fd->get(), answer.data(), answer.size(), 0);
    if (length < 0 && errno != EAGAIN) return no_answer(server);
    if (length < 0) continue;
    const base::Bytes message = base::Bytes(answer).first(static_cast<std::size_t>(length));
    probes::DnsReading reading = query.read(message, id);
    // Anything else may come from someone who guesses: the right answer is still awaited.
    if (reading.kind != probes::DnsReading::Kind::kAnswer) continue;
    answer.resize(message.size());
    return Message{std::move(answer), std::move(reading)};
  }
  return no_answer(server);
}

base::Expected<Message> ask_tcp(const NameServer& server, const probes::DnsQuery& query, const Wait& wait) {
  const auto fd = connected(server, SOCK_STREAM);
  if (!fd) return tl::unexpected(fd.error());
  const std::uint16_t id = random_id();
  std::array<std::byte, probes::kDnsMaxQueryLength> query_buffer;
  probes::DnsStream stream(query.write(query_buffer, id));
  std::array<std::byte, 4096> buffer;
  while (!stream.is_over()) {
    const base::Bytes outgoing = stream.to_write();
    if (!wait.until_ready(fd->get(), outgoing.empty() ? POLLIN : POLLOUT)) return no_answer(server);
    const ssize_t count = outgoing.empty() ? ::recv(fd->get(), buffer.data(), buffer.size(), 0)
                                           : ::send(fd->get(), outgoing.data(), outgoing.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) continue;
    if (count <= 0) {
      stream.closed();
    } else if (outgoing.empty()) {
      stream.received(base::Bytes(buffer).first(static_cast<std::size_t>(count)));
    } else {
      stream.wrote(static_cast<std::size_t>(count));
    }
  }
  probes::DnsReading reading = query.read(stream.message(), id);
  if (reading.kind != probes::DnsReading::Kind::kAnswer) return no_answer(server);
  const base::Bytes message = stream.message();
  return Message{{message.begin(), message.end()}, std::move(reading)};
}

}  // namespace

base::Expected<ServerAnswer> ask_name_server(const NameServer& server, const probes::DnsQuery& query,
                                             base::Duration patience, const std::stop_token& stop) {
  auto message = ask_udp(server, query, Wait(patience, stop));
  if (message && message->reading.facts.truncated) message = ask_tcp(server, query, Wait(patience, stop));
  if (!message) return tl::unexpected(message.error());
  auto found = probes::read_dns_addresses(message->bytes);
  if (!found) return no_answer(server);
  return ServerAnswer{message->reading.facts.rcode, std::move(*found)};
}

}  // namespace blipd::engine
