// Answers DNS queries from the scenario's zones, with authority and without recursion: records, NXDOMAIN and
// NODATA with the zone's SOA (RFC 2308), REFUSED outside the zones, NSID when asked (RFC 5001). Knows no socket.
// Answers are remembered by question, so that asking the same again costs a copy.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/simulate/scenario.hpp"
#include "probes/base/bytes.hpp"
#include "probes/base/error.hpp"

namespace blipd::lab {

class DnsServer {
 public:
  // What a second answer to one question says: the plain one, or something else.
  enum class Truth : std::uint8_t { kPlain, kDiffering };

  // Errors name the scenario file and the line of the record.
  static base::Expected<DnsServer> make(const simulate::Scenario& scenario);

  DnsServer(DnsServer&&) noexcept;
  DnsServer& operator=(DnsServer&&) noexcept;
  ~DnsServer();

  // The answer to a message, by a server that names itself `nsid`; empty for what is not a query. Valid until
  // the next call.
  base::Bytes answer(base::Bytes query, std::string_view nsid, Truth truth = Truth::kPlain);

 private:
  struct Zones;
  explicit DnsServer(std::unique_ptr<Zones> zones);

  std::unique_ptr<Zones> zones_;
  std::unordered_map<std::string, std::vector<std::byte>> remembered_;  // by server, truth and query less its id
  std::vector<std::byte> answer_;
};

}  // namespace blipd::lab
