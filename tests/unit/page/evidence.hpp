// Hand-made evidence: a path that was whole, and is cut behind its third hop.
#pragma once

#include <string>
#include <utility>

#include "daemon/event/evidence.hpp"
#include "sample.hpp"

namespace blipd::page::sample {

inline event::PathHop hop(std::uint8_t distance, std::string address, std::uint32_t as_number = 0,
                          event::PathPlace place = event::PathPlace::kUnknown) {
  event::PathHop hop;
  hop.distance = distance;
  hop.address = std::move(address);
  hop.as_number = as_number;
  hop.place = place;
  hop.round_trip = std::chrono::microseconds(400) * distance;
  return hop;
}

inline event::PathEvidence cut_path() {
  using event::PathPlace;
  event::PathEvidence path;
  path.network = "star-jv";
  path.target = "ns1";
  path.probe = "path";
  path.method = "icmp";
  path.now = {kNow, event::PathEnd::kSilent, 0, {hop(1, "198.18.1.2", 64496, PathPlace::kNear), {}, {}}};
  path.now.hops[1].distance = 2;  // silent, as it was before
  path.now.hops[2] = hop(3, "198.18.3.2", 64501, PathPlace::kUpstream);
  path.before = path.now;
  path.before->at = kNow - std::chrono::minutes(9);
  path.before->end = event::PathEnd::kReached;
  path.before->upstream = 64501;
  path.before->hops.push_back(hop(4, "198.18.5.2", 64510, PathPlace::kCountry));
  path.before->hops.push_back(hop(5, "192.0.2.15", 64510, PathPlace::kCountry));
  path.loss = event::PathLoss{path.now.hops[2], path.before->hops[3], PathPlace::kCountry};
  return path;
}

inline event::PathEvidence control_path() {
  event::PathEvidence path = cut_path();
  path.network = "outside";
  path.target = "c1";
  path.is_control = true;
  path.now = *path.before;
  path.loss.reset();
  return path;
}

inline event::PacketFile packet_file(std::string file = "20141222T161500Z_KP_star-jv_KP-1_start.pcapng") {
  return {event::Moment::kStart, "star-jv", std::move(file), kNow - std::chrono::seconds(20), kNow, 12345, 2 << 20};
}

}  // namespace blipd::page::sample
