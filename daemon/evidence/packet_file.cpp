#include "daemon/evidence/packet_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "daemon/evidence/packet_words.hpp"
#include "probes/base/text.hpp"

namespace blipd::evidence {

namespace {

constexpr std::size_t kMostOfPart = 48;
constexpr std::size_t kMostOfId = 80;
constexpr std::size_t kMostOfName = 220;  // a component of a path has room for 255 bytes

bool is_plain(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

std::string safe(std::string_view text, std::size_t most = kMostOfPart) {
  std::string made(text.substr(0, most));
  for (char& c : made) {
    if (!is_plain(c)) c = '-';
  }
  return made.empty() ? "-" : made;
}

std::string stamp_of(base::WallTime time) {
  // 2026-11-28T06:12:03.123Z without what is no digit but T and Z, and without the fraction.
  std::string made;
  for (const char c : base::format_time(time).substr(0, 19)) {
    if (c != '-' && c != ':') made += c;
  }
  return made + 'Z';
}

const char* name_of(event::Moment moment) { return event::kMomentNames[static_cast<std::size_t>(moment)]; }

bool is_same(const KeptPacket& a, const KeptPacket& b) {
  return a.facts.at == b.facts.at && a.facts.interface == b.facts.interface && a.facts.direction == b.facts.direction &&
         std::ranges::equal(a.bytes, b.bytes);
}

}  // namespace

std::string packet_file_name(const RecordingOf& recording) {
  return fmt::format("{}_{}_{}_{}_{}{}", stamp_of(recording.asked),
                     safe(recording.country.empty() ? "control" : recording.country), safe(recording.network),
                     safe(recording.event_id, kMostOfId), name_of(recording.moment), kPacketFileEnding);
}

bool is_packet_file_name(std::string_view name) {
  if (name.size() > kMostOfName || name.size() <= kPacketFileEnding.size() || !name.ends_with(kPacketFileEnding)) {
    return false;
  }
  name.remove_suffix(kPacketFileEnding.size());
  return std::ranges::all_of(name, [](char c) { return is_plain(c) || c == '-' || c == '_'; });
}

std::vector<std::string> recording_comments(const RecordingOf& recording, bool is_cut) {
  std::vector<std::string> comments = {
      fmt::format("event {} ({})", recording.event_id, name_of(recording.moment)),
      fmt::format("incident {}", recording.incident),
      fmt::format("network {}, seen from {}",
                  recording.country.empty() ? recording.network : recording.country + "/" + recording.network,
                  recording.vantage)};
  if (is_cut) comments.emplace_back("not whole: more packets came than there was room for");
  return comments;
}

PacketFileBytes packet_file(std::vector<KeptPacket> packets, PcapngSection section,
                            const std::function<std::string(std::uint32_t)>& name_of) {
  // Stable: what has one stamp stays in the order in which it was seen.
  std::ranges::stable_sort(packets, {}, [](const KeptPacket& p) { return p.facts.at; });
  PacketFileBytes file;
  append_section(file.bytes, section);
  std::map<std::uint32_t, std::uint32_t> interfaces;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const KeptPacket& packet = packets[i];
    bool is_known = false;
    for (std::size_t j = i; j > 0 && packets[j - 1].facts.at == packet.facts.at && !is_known; --j) {
      is_known = is_same(packets[j - 1], packet);
    }
    if (is_known) continue;
    const auto [interface, is_new] =
        interfaces.emplace(packet.facts.interface, static_cast<std::uint32_t>(interfaces.size()));
    if (is_new) append_interface(file.bytes, name_of(packet.facts.interface));
    append_packet(file.bytes, interface->second, packet, packet_in_words(packet.bytes));
    if (file.packets++ == 0) file.from = packet.facts.at;
    file.to = packet.facts.at;
  }
  return file;
}

std::vector<std::string> to_remove(std::vector<StoredFile> files, base::WallTime now, base::Duration keep,
                                   std::uint64_t most, std::uint64_t more) {
  std::ranges::sort(files, {}, [](const StoredFile& f) { return std::tie(f.written, f.name); });
  std::uint64_t total = more;
  for (const StoredFile& file : files) total += file.bytes;
  std::vector<std::string> gone;
  for (const StoredFile& file : files) {
    if (total <= most && now - file.written <= keep) break;
    total -= file.bytes;
    gone.push_back(file.name);
  }
  return gone;
}

}  // namespace blipd::evidence
