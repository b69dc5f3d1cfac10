// For tests of transports against small servers on loopback: an inbox that remembers, sockets of the test's own, and
// waiting that ends. Real sockets on 127.0.0.0/8 and ::1, nothing else; every wait is bounded.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "daemon/engine/file_descriptor.hpp"
#include "daemon/engine/socket_address.hpp"
#include "daemon/engine/transport.hpp"
#include "probes/base/time.hpp"
#include "tests/unit/dns_answer.hpp"

namespace blipd::test {

inline base::Address loopback_address(std::string_view text) { return base::Address::parse(text).value(); }

struct Remembered {
  engine::Learned learned;
  std::optional<probes::AnswerDetail> detail;
};

class RememberingInbox final : public engine::Inbox {
 public:
  void learned(const engine::Learned& learned) override {
    all.push_back({learned, std::nullopt});
    if (learned.detail != nullptr) all.back().detail = *learned.detail;
    all.back().learned.detail = nullptr;
  }
  void unmatched(engine::Learned::Kind kind) override { strangers.push_back(kind); }

  std::vector<Remembered> all;
  std::vector<engine::Learned::Kind> strangers;
};

// Polls until `is_done`, or for ten seconds. Says whether it was done.
inline bool poll_until(engine::Transport& transport, const std::function<bool()>& is_done) {
  const base::SystemClock clock;
  const auto ends = clock.read().mono + std::chrono::seconds(10);
  while (true) {
    const base::Moment now = clock.read();
    transport.poll(now);
    if (is_done()) return true;
    if (now.mono > ends) return false;
    ::poll(nullptr, 0, 1);
  }
}

inline bool poll_for_one(engine::Transport& transport, const RememberingInbox& inbox) {
  return poll_until(transport, [&] { return !inbox.all.empty(); });
}

// Nothing more comes. What is on loopback is there at once; a few ticks are enough to be seen.
inline void poll_a_little(engine::Transport& transport) {
  const base::SystemClock clock;
  for (int i = 0; i < 20; ++i) {
    transport.poll(clock.read());
    ::poll(nullptr, 0, 1);
  }
}

class LoopbackSocket {
 public:
  LoopbackSocket(int type, std::string_view address, std::uint16_t port = 0) : address_(loopback_address(address)) {
    fd_ = engine::FileDescriptor(::socket(address_.is_v4() ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0));
    const auto name = engine::to_socket_address(address_, port);
    if (::bind(fd_.get(), name.get(), name.length) != 0) throw std::runtime_error("cannot bind on loopback");
    engine::SocketAddress bound;
    bound.length = sizeof bound.storage;
    ::getsockname(fd_.get(), bound.get(), &bound.length);
    port_ = engine::from_socket_address(bound.storage).port;
  }

  int fd() const { return fd_.get(); }
  const base::Address& address() const { return address_; }
  std::uint16_t port() const { return port_; }
  void close() { fd_.reset(); }

  static bool readable(int fd, int milliseconds = 10000) {
    pollfd wanted{fd, POLLIN, 0};
    return ::poll(&wanted, 1, milliseconds) > 0;
  }

  struct Received {
    Message bytes;
    engine::SocketAddress from;
  };
  Received receive() const {
    Received received;
    if (!readable(fd_.get())) return received;
    std::array<std::byte, 4096> buffer{};
    received.from.length = sizeof received.from.storage;
    const ssize_t length =
        ::recvfrom(fd_.get(), buffer.data(), buffer.size(), 0, received.from.get(), &received.from.length);
    if (length > 0) received.bytes.assign(buffer.begin(), buffer.begin() + length);
    return received;
  }
  void send(const Message& message, const engine::SocketAddress& to) const {
    if (::sendto(fd_.get(), message.data(), message.size(), 0, to.get(), to.length) < 0) {
      throw std::runtime_error("cannot send on loopback");
    }
  }

 private:
  base::Address address_;
  engine::FileDescriptor fd_;
  std::uint16_t port_ = 0;
};

inline std::uint16_t id_of(const Message& message) {
  return message.size() < 2 ? std::uint16_t{0} : base::ByteReader(message).u16();
}

}  // namespace blipd::test
