#include "daemon/engine/receive_socket.hpp"

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <vector>

#include "daemon/engine/socket_address.hpp"

using namespace blipd;
using engine::DatagramReader;
using engine::FileDescriptor;

namespace {

// Two loopback sockets; the receiving one has the smallest buffer that the kernel gives.
struct Bench {
  FileDescriptor receiver{::socket(AF_INET, SOCK_DGRAM, 0)};
  FileDescriptor sender{::socket(AF_INET, SOCK_DGRAM, 0)};
  engine::SocketAddress to = engine::to_socket_address(base::Address::parse("127.0.0.1").value(), 0);
  DatagramReader reader;
  engine::ReceiveState state;

  explicit Bench(int buffer) {
    engine::prepare_to_receive(receiver.get(), base::Family::kIpv4);
    if (buffer > 0) ::setsockopt(receiver.get(), SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    REQUIRE(::bind(receiver.get(), to.get(), to.length) == 0);
    REQUIRE(::getsockname(receiver.get(), to.get(), &to.length) == 0);
  }

  void send(std::size_t count) {
    const std::vector<char> payload(100, 'x');
    for (std::size_t i = 0; i < count; ++i) {
      REQUIRE(::sendto(sender.get(), payload.data(), payload.size(), 0, to.get(), to.length) > 0);
    }
  }

  std::size_t read() {
    std::size_t count = 0;
    reader.read(
        receiver.get(), 100000, [&](const engine::Datagram&) { ++count; }, state);
    return count;
  }
};

}  // namespace

TEST_CASE("loopback datagrams: what a full buffer dropped is counted, when the next one tells of it") {
  Bench b(100000);
  b.send(5000);
  const std::size_t first = b.read();
  REQUIRE(first >= DatagramReader::kCrowded);
  REQUIRE(first < 5000);
  b.send(1);
  CHECK(b.read() == 1);
  CHECK(b.reader.drops() == 5000 - first);
  CHECK(b.reader.refused() == 0);
}

TEST_CASE("loopback datagrams: with room for all, nothing is counted") {
  Bench b(0);
  b.send(100);
  CHECK(b.read() == 100);
  CHECK(b.reader.drops() == 0);
}

TEST_CASE("loopback datagrams: stamp, source and destination come with each") {
  Bench b(0);
  b.send(1);
  std::vector<engine::Datagram> seen;
  b.reader.read(
      b.receiver.get(), 10, [&](const engine::Datagram& d) { seen.push_back(d); }, b.state);
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].stamp);
  CHECK(seen[0].source == base::Address::parse("127.0.0.1").value());
  CHECK(seen[0].destination == base::Address::parse("127.0.0.1").value());
  CHECK(seen[0].ttl > 0);
}
