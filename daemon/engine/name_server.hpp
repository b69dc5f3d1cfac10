// One question to one name server, waiting for its answer: for the resolver's threads, never for the probing one.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "probes/base/address.hpp"
#include "probes/base/error.hpp"
#include "probes/base/time.hpp"
#include "probes/dns_message.hpp"

namespace blipd::engine {

struct NameServer {
  base::Address address;
  std::uint16_t port = 53;
};

struct ServerAnswer {
  std::uint8_t rcode = 0;
  probes::DnsAddresses found;
};

// Over UDP, and over TCP when the answer is truncated. Each waits for at most `patience`; a stop ends it within
// 100 ms.
base::Expected<ServerAnswer> ask_name_server(const NameServer& server, const probes::DnsQuery& query,
                                             base::Duration patience, const std::stop_token& stop);

}  // namespace blipd::engine
