// Puts whole packets of traces on the wire: one raw socket a family, with headers of our own (raw(7), IP_HDRINCL;
// ipv6(7), IPPROTO_RAW), since a trace sets everything by which a path is chosen. Opened at the start, while there is
// the privilege.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "daemon/engine/file_descriptor.hpp"
#include "daemon/engine/source_table.hpp"
#include "probes/base/address.hpp"
#include "probes/base/bytes.hpp"
#include "probes/base/error.hpp"

namespace blipd::engine {

class TraceSender {
 public:
  // Fails without CAP_NET_RAW; without IPv6 only traces over IPv6 do.
  static base::Expected<std::unique_ptr<TraceSender>> open();

  // 0, or the errno.
  int send(base::Bytes packet, const base::Address& target, const std::string& interface);

  // Which of our addresses a packet to `target` would have; none, and an errno, without a route.
  std::optional<base::Address> source_toward(const base::Address& target, const std::string& interface, int& error) {
    return sources_.source_toward(target, interface, error);
  }
  void forget_sources() { sources_.clear(); }

 private:
  TraceSender(FileDescriptor v4, FileDescriptor v6) : v4_(std::move(v4)), v6_(std::move(v6)) {}

  FileDescriptor v4_, v6_;
  SourceTable sources_;
};

}  // namespace blipd::engine
