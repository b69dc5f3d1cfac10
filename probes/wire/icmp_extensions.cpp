#include "probes/wire/icmp_extensions.hpp"

#include "probes/wire/checksum.hpp"
#include "probes/wire/icmp.hpp"

namespace blipd::wire {

namespace {

using base::ByteReader;
using base::Bytes;

// RFC 4884, 7 and 8.
constexpr std::uint8_t kVersion = 2;
constexpr std::size_t kHeaderLength = 4;
constexpr std::size_t kObjectHeaderLength = 4;
constexpr std::size_t kMostObjects = 16;
// The quote is padded to so many bytes before extensions follow (RFC 4884, 4 and 5.1).
constexpr std::size_t kLeastQuote = 128;

// RFC 4950, 3 and RFC 5837, 4.
constexpr std::uint8_t kMplsClass = 1;
constexpr std::uint8_t kMplsIncoming = 1;
constexpr std::uint8_t kInterfaceClass = 2;
constexpr std::uint8_t kHasIndex = 0x08;
constexpr std::uint8_t kHasAddress = 0x04;
constexpr std::uint8_t kHasName = 0x02;
constexpr std::uint8_t kHasMtu = 0x01;
constexpr std::uint16_t kAfiV4 = 1;  // IANA, address family numbers
constexpr std::uint16_t kAfiV6 = 2;

void read_labels(Bytes body, IcmpExtensions& found) {
  ByteReader in(body);
  while (in.remaining() >= 4 && found.labels.size() < IcmpExtensions::kMostLabels) {
    const std::uint32_t entry = in.u32();
    found.labels.push_back({entry >> 12U, static_cast<std::uint8_t>((entry >> 9U) & 7U), (entry & 0x100U) != 0,
                            static_cast<std::uint8_t>(entry & 0xffU)});
    if (found.labels.back().is_bottom) return;
  }
}

std::optional<base::Address> read_address(ByteReader& in) {
  const std::uint16_t family = in.u16();
  in.skip(2);
  if (family == kAfiV4) {
    const Bytes bytes = in.take(4);
    if (bytes.size() == 4) return base::Address::v4(bytes.first<4>());
  }
  if (family == kAfiV6) {
    const Bytes bytes = in.take(16);
    if (bytes.size() == 16) return base::Address::v6(bytes.first<16>());
  }
  return std::nullopt;
}

// Its length, which counts itself, is a multiple of four up to 64; behind the name stand zeros (RFC 5837, 4.3).
bool read_name(ByteReader& in, std::string& name) {
  const std::size_t length = in.u8();
  if (!in.ok() || length < 4 || length > 64 || length % 4 != 0) return false;
  for (const std::byte byte : in.take(length - 1)) {
    const auto c = std::to_integer<unsigned char>(byte);
    if (c == 0) break;
    name += c < 0x20 || c == 0x7f ? '?' : static_cast<char>(c);
  }
  return in.ok();
}

// False when it is cut short or contradicts itself.
bool read_interface(std::uint8_t type, Bytes body, IcmpExtensions& found) {
  ByteReader in(body);
  InterfaceInformation interface;
  interface.role = static_cast<InterfaceInformation::Role>(type >> 6U);
  if ((type & kHasIndex) != 0) interface.index = in.u32();
  if ((type & kHasAddress) != 0) {
    interface.address = read_address(in);
    if (!interface.address) return false;
  }
  if ((type & kHasName) != 0 && !read_name(in, interface.name)) return false;
  if ((type & kHasMtu) != 0) interface.mtu = in.u32();
  if (!in.ok()) return false;
  if (found.interfaces.size() < IcmpExtensions::kMostInterfaces) found.interfaces.push_back(std::move(interface));
  return true;
}

enum class Whole : std::uint8_t { kYes, kCutOff };

std::optional<IcmpExtensions> read_structure(Bytes bytes, Whole whole, bool needs_checksum) {
  ByteReader in(bytes);
  const std::uint8_t version = in.u8() >> 4U;
  in.skip(1);
  const bool has_checksum = in.u16() != 0;
  if (!in.ok() || version != kVersion) return std::nullopt;
  // Zero: whoever sent it did not compute one.
  const bool is_right = has_checksum && whole == Whole::kYes && checksum(bytes) == 0;
  if ((has_checksum && whole == Whole::kYes && !is_right) || (needs_checksum && !is_right)) return std::nullopt;
  IcmpExtensions found;
  for (std::size_t i = 0; i < kMostObjects && in.remaining() >= kObjectHeaderLength; ++i) {
    const std::size_t length = in.u16();
    const std::uint8_t kind = in.u8();
    const std::uint8_t type = in.u8();
    if (length < kObjectHeaderLength) return std::nullopt;
    const Bytes body = in.take(length - kObjectHeaderLength);
    if (!in.ok()) break;  // cut off by the capture, or a lie: what came before it stands
    if (kind == kMplsClass && type == kMplsIncoming) read_labels(body, found);
    if (kind == kInterfaceClass && !read_interface(type, body, found)) return std::nullopt;
  }
  return found;
}

}  // namespace

std::optional<IcmpExtensions> read_icmp_extensions(const IpPacket& packet) {
  if (!is_icmp(packet) || packet.is_fragment) return std::nullopt;
  ByteReader in(packet.payload);
  const std::uint8_t type = in.u8();
  in.skip(3);
  // How long the quote is: in words of 32 bits at the sixth byte, over IPv6 of 64 bits at the fifth (RFC 4884, 4).
  const std::uint8_t fifth = in.u8();
  const std::uint8_t sixth = in.u8();
  in.skip(2);
  if (!in.ok() || !is_icmp_error(packet.source.family(), type)) return std::nullopt;
  const std::size_t told = packet.source.is_v4() ? sixth * 4U : fifth * 8U;
  const std::size_t quote = told == 0 ? kLeastQuote : told;
  const Bytes rest = in.rest();
  if ((told != 0 && told < kLeastQuote) || rest.size() < quote + kHeaderLength) return std::nullopt;
  return read_structure(rest.subspan(quote), packet.is_truncated ? Whole::kCutOff : Whole::kYes, told == 0);
}

}  // namespace blipd::wire
