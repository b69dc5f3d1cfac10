#include "daemon/evidence/pcapng.hpp"

#include <algorithm>

namespace blipd::evidence {

namespace {

// Block types and options: draft-ietf-opsawg-pcapng, sections 4.1 to 4.3 and 3.5.
constexpr std::uint32_t kSectionHeader = 0x0a0d0d0a;
constexpr std::uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr std::uint32_t kInterfaceDescription = 1;
constexpr std::uint32_t kEnhancedPacket = 6;
constexpr std::uint16_t kEndOfOptions = 0;
constexpr std::uint16_t kComment = 1;
constexpr std::uint16_t kHardware = 2, kSystem = 3, kApplication = 4;
constexpr std::uint16_t kInterfaceName = 2, kStampResolution = 9;
constexpr std::uint16_t kPacketFlags = 2;
// LINKTYPE_RAW: the packet begins with its IPv4 or IPv6 header (tcpdump.org/linktypes.html).
constexpr std::uint16_t kRawIp = 101;
constexpr char kNanoseconds = 9;  // 10^-9 s

// One block; its length, which stands at both ends, is known when it is finished.
class Block {
 public:
  Block(std::string& out, std::uint32_t type) : out_(out), start_(out.size()) {
    u32(type);
    u32(0);
  }

  void u16(std::uint16_t value) { integer(value, 2); }
  void u32(std::uint32_t value) { integer(value, 4); }
  void u64(std::uint64_t value) { integer(value, 8); }

  void padded(std::string_view bytes) {
    out_ += bytes;
    out_.append((4 - bytes.size() % 4) % 4, '\0');
  }

  void option(std::uint16_t code, std::string_view value) {
    if (value.empty()) return;
    value = value.substr(0, 0xffff);
    u16(code);
    u16(static_cast<std::uint16_t>(value.size()));
    padded(value);
    has_options_ = true;
  }

  void finish() {
    if (has_options_) u32(kEndOfOptions);  // code and length, both 0
    const auto length = static_cast<std::uint32_t>(out_.size() - start_ + 4);
    u32(length);
    for (std::size_t i = 0; i < 4; ++i) out_[start_ + 4 + i] = static_cast<char>((length >> (8 * i)) & 0xffU);
  }

 private:
  void integer(std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) out_ += static_cast<char>((value >> (8 * i)) & 0xffU);
  }

  std::string& out_;
  std::size_t start_;
  bool has_options_ = false;
};

std::string_view text_of(base::Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace

void append_section(std::string& out, const PcapngSection& section) {
  Block block(out, kSectionHeader);
  block.u32(kByteOrderMagic);
  block.u16(1);  // version 1.0
  block.u16(0);
  block.u64(0xffffffffffffffff);  // the section's length is not given
  block.option(kHardware, section.hardware);
  block.option(kSystem, section.system);
  block.option(kApplication, section.application);
  for (const std::string& comment : section.comments) block.option(kComment, comment);
  block.finish();
}

void append_interface(std::string& out, std::string_view name) {
  Block block(out, kInterfaceDescription);
  block.u16(kRawIp);
  block.u16(0);
  block.u32(kSnapBytes);
  block.option(kInterfaceName, name);
  block.option(kStampResolution, std::string_view(&kNanoseconds, 1));
  block.finish();
}

void append_packet(std::string& out, std::uint32_t interface, const KeptPacket& packet, std::string_view comment) {
  const auto at = static_cast<std::uint64_t>(packet.facts.at.time_since_epoch().count());
  Block block(out, kEnhancedPacket);
  block.u32(interface);
  block.u32(static_cast<std::uint32_t>(at >> 32U));
  block.u32(static_cast<std::uint32_t>(at & 0xffffffffU));
  block.u32(static_cast<std::uint32_t>(packet.bytes.size()));
  block.u32(std::max(packet.facts.length, static_cast<std::uint32_t>(packet.bytes.size())));
  block.padded(text_of(packet.bytes));
  block.option(kComment, comment);
  if (packet.facts.direction != Direction::kUnknown) {
    const bool is_in = packet.facts.direction == Direction::kIn;
    const std::string flags = {static_cast<char>(is_in ? 1 : 2), 0, 0, 0};
    block.option(kPacketFlags, flags);
  }
  block.finish();
}

}  // namespace blipd::evidence
