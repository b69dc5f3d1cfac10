// Carries out on packets what the country decides: takes a request, puts its answers into the queue and counts.
// No socket, no clock.
#pragma once

#include "daemon/simulate/country.hpp"
#include "tests/lab/delay_queue.hpp"
#include "tests/lab/dns_server.hpp"
#include "tests/lab/packet.hpp"
#include "tests/lab/statistics.hpp"

namespace blipd::lab {

class Responder {
 public:
  // All outlive this. `start` is the scenario's time 0.
  Responder(simulate::Country& country, DnsServer& dns, DelayQueue& queue, Statistics& statistics, base::MonoTime start)
      : country_(country), dns_(dns), queue_(queue), statistics_(statistics), start_(start) {}

  void arrive(Bytes packet, base::MonoTime now);

 private:
  enum class Role : std::uint8_t { kPrimary, kCopy };

  // One outgoing packet, or none when what should be in it cannot be made. False: no room in the queue.
  bool schedule(const Request& request, const simulate::Decision& decision, simulate::Reply reply, const Slant& slant,
                DnsServer::Truth truth, base::MonoTime due, Role role);
  bool write(Packet& out, const Request& request, const simulate::Decision& decision, simulate::Reply reply,
             const Slant& slant, DnsServer::Truth truth);
  void forge(const Request& request, const simulate::Decision& decision, base::MonoTime now);
  std::string_view name_of(std::uint32_t host) const;

  simulate::Country& country_;
  DnsServer& dns_;
  DelayQueue& queue_;
  Statistics& statistics_;
  base::MonoTime start_;
  std::uint32_t tally_ = 0;  // of the request at hand
  Packet framed_;            // a DNS message with its length in front
};

}  // namespace blipd::lab
