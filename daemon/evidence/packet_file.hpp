// A recording as a file: its name, its bytes, and which files have to go. Pure: opens nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/event/event.hpp"
#include "daemon/evidence/packet_ring.hpp"
#include "daemon/evidence/pcapng.hpp"

namespace blipd::evidence {

inline constexpr std::string_view kPacketFileEnding = ".pcapng";

// What a recording is of.
struct RecordingOf {
  event::Moment moment = event::Moment::kStart;
  std::string event_id;  // of the event that asked for it first
  std::string incident;
  std::string country;  // of the network; empty: of controls
  std::string network;
  std::string vantage;
  base::WallTime asked{};
};

// Sorts by time: 20261128T061203Z_KP_net_EVENT_start.pcapng. Of the parts, whatever is no letter or digit of ASCII
// becomes a hyphen, and long ones are cut.
std::string packet_file_name(const RecordingOf& recording);

// Whether a name can be that of such a file: one component, of letters, digits, '-' and '_', with the ending.
bool is_packet_file_name(std::string_view name);

struct PacketFileBytes {
  std::string bytes;
  std::uint64_t packets = 0;
  base::WallTime from{}, to{};  // of the first and the last packet
};

// What several rings held of one network, in order of time, each packet once. `name_of` names interfaces by index.
PacketFileBytes packet_file(std::vector<KeptPacket> packets, PcapngSection section,
                            const std::function<std::string(std::uint32_t)>& name_of);

// The comments of the section: one fact each.
std::vector<std::string> recording_comments(const RecordingOf& recording, bool is_cut);

struct StoredFile {
  std::string name;
  std::uint64_t bytes = 0;
  base::WallTime written{};
};

// Which of these are to be removed, oldest first, so that none is older than `keep` and all of them together with
// `more` bytes are no more than `most`.
std::vector<std::string> to_remove(std::vector<StoredFile> files, base::WallTime now, base::Duration keep,
                                   std::uint64_t most, std::uint64_t more);

}  // namespace blipd::evidence
