// Which of our addresses the kernel would send from toward a destination: asked once by connecting an unbound UDP
// socket (which sends nothing) and remembered until routes or addresses change. A TCP checksum over IPv4
// needs it before the kernel fills in the header.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>

#include "probes/base/address.hpp"

namespace blipd::engine {

class SourceTable {
 public:
  // None when there is no route; the errno then stands in `error`.
  std::optional<base::Address> source_toward(const base::Address& destination, const std::string& interface,
                                             int& error);

  void clear() { known_.clear(); }

 private:
  // Bounds memory when names resolve to ever new addresses.
  static constexpr std::size_t kMaxKnown = 1U << 18U;

  std::unordered_map<std::string, std::unordered_map<base::Address, base::Address>> known_;  // by interface
};

}  // namespace blipd::engine
