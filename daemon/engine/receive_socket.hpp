// Reading datagrams in batches, with the kernel's receive stamps and what it says beside each datagram. For the
// sockets of this folder; holds no protocol knowledge.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/engine/file_descriptor.hpp"
#include "probes/base/address.hpp"
#include "probes/base/bytes.hpp"
#include "probes/base/time.hpp"

namespace blipd::engine {

struct Datagram {
  base::Bytes bytes;
  base::Address source;
  std::uint16_t source_port = 0;
  std::optional<base::Address> destination;  // where the kernel was asked for it
  std::uint8_t ttl = 0;                      // 0: not known
  std::optional<base::WallTime> stamp;       // by the kernel
};

// Asks the kernel for stamps, TTL, destination and its drop counter on `fd`, and for room for a few hundred
// milliseconds of answers: the default buffer loses a fifth of them in a 50 ms stall. What cannot be had is left out.
void prepare_to_receive(int fd, base::Family family);

// What a reader remembers of one socket.
struct ReceiveState {
  std::uint32_t drops = 0;   // the kernel's count, as it last told
  bool was_crowded = false;  // the last time that anything had arrived, much had
};

class DatagramReader {
 public:
  // The kernel's drop counter of a socket counts what found no room and what had a wrong checksum alike. A buffer
  // has room for more than this many of the largest datagrams that we read: fewer cannot have filled it.
  static constexpr std::size_t kCrowded = 64;

  DatagramReader();
  ~DatagramReader();

  // Calls `take` for what has arrived on `fd`, at most `limit` datagrams; their bytes live during the call.
  void read(int fd, std::size_t limit, const std::function<void(const Datagram&)>& take, ReceiveState& state);

  std::uint64_t drops() const { return drops_; }      // datagrams that found no room, on all sockets read
  std::uint64_t refused() const { return refused_; }  // that the kernel refused as broken: a wrong checksum

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
  std::uint64_t drops_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace blipd::engine
