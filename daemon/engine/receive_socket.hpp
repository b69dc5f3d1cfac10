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

class DatagramReader {
 public:
  DatagramReader();
  ~DatagramReader();

  // Calls `take` for what has arrived on `fd`, at most `limit` datagrams; their bytes live during the call. Adds to
  // `drops` what the socket dropped, which `last_drops` (one a socket, from 0) keeps apart.
  void read(int fd, std::size_t limit, const std::function<void(const Datagram&)>& take, std::uint64_t& drops,
            std::uint32_t& last_drops);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace blipd::engine
