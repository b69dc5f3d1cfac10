// The place where the laboratory happens: a network namespace and a process namespace of this process and its
// children, without a name, so that they vanish with the last of them; in it a TUN device whose far end we
// are. Works as root and, through a user namespace, as anybody who may open the TUN control device.
#pragma once

#include <cstdint>
#include <string>

#include "probes/base/error.hpp"
#include "tests/lab/unique_fd.hpp"

namespace blipd::lab {

inline constexpr const char* kDeviceName = "lab0";

// A listening TCP socket at "address:port" or "[address]:port", in the namespace in which we are now.
base::Expected<UniqueFd> listen_on(const std::string& place);

// Leaves the caller's network namespace for a new one in which only lo is up; children of the caller will
// be in a new process namespace. Only a process with one thread can do this.
base::Expected<void> enter_enclosure();

// Makes the TUN device with 198.18.0.1/15 and 2001:2::1/48 (the ranges for benchmarks: RFC 2544, C.2.2;
// RFC 5180, 8) and brings it up. The descriptor does not block; each read or write is one packet.
base::Expected<UniqueFd> make_tun(const std::string& control_device);

// Packets that the device had no room for, or 0 where the kernel does not say.
std::uint64_t device_drops();

}  // namespace blipd::lab
