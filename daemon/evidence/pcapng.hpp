// The blocks of a pcapng file (draft-ietf-opsawg-pcapng) that a recording needs: a section header, interfaces of raw IP
// with stamps in nanoseconds, and packets with their direction and a comment. Appends bytes, little-endian whatever the
// machine; opens no file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "daemon/evidence/packet_ring.hpp"

namespace blipd::evidence {

struct PcapngSection {
  std::string hardware, system, application;  // who wrote it; empty ones are left out
  std::vector<std::string> comments;
};

void append_section(std::string& out, const PcapngSection& section);

// Interfaces are numbered from 0 in the order in which they are appended.
void append_interface(std::string& out, std::string_view name);

// An empty comment is left out.
void append_packet(std::string& out, std::uint32_t interface, const KeptPacket& packet, std::string_view comment);

}  // namespace blipd::evidence
