#include "daemon/engine/capture.hpp"

#include <pcap/pcap.h>
#include <pcap/sll.h>

#include <chrono>
#include <string>

#include "probes/base/bytes.hpp"

namespace blipd::engine {

namespace {

// Longest that we look into: an ICMPv6 error with a quote of 128 bytes and behind it what a router adds (RFC 4884:
// eight labels, an interface with its name), some 320 bytes with the link header.
constexpr int kSnapLength = 384;

// How long the kernel fills a block of the ring before it hands it over. Each hand-over costs; later ones cost
// nothing in accuracy, since the stamps are the kernel's.
constexpr int kBlockMilliseconds = 10;

struct CloseCapture {
  void operator()(pcap_t* capture) const { pcap_close(capture); }
};
using Handle = std::unique_ptr<pcap_t, CloseCapture>;

class Capture final : public PacketSource {
 public:
  explicit Capture(Handle handle) : handle_(std::move(handle)) {}

  void drain(const std::function<void(const SeenPacket&)>& seen) override {
    seen_ = &seen;
    pcap_dispatch(handle_.get(), -1, &Capture::on_packet, reinterpret_cast<u_char*>(this));
    seen_ = nullptr;
  }

  std::uint64_t drops() override {
    pcap_stat stats{};
    if (pcap_stats(handle_.get(), &stats) != 0) return drops_;
    // libpcap counts in 32 bits.
    drops_ += static_cast<std::uint32_t>(stats.ps_drop - last_drops_);
    last_drops_ = stats.ps_drop;
    return drops_;
  }

  std::uint64_t malformed() const override { return malformed_; }

 private:
  static void on_packet(u_char* self, const pcap_pkthdr* header, const u_char* bytes) {
    reinterpret_cast<Capture*>(self)->take(*header,
                                           base::Bytes(reinterpret_cast<const std::byte*>(bytes), header->caplen));
  }

  void take(const pcap_pkthdr& header, base::Bytes bytes) {
    // LINKTYPE_LINUX_SLL2: protocol (2), reserved (2), interface index (4), kind of link (2), packet type (1), and 9
    // bytes that we need not.
    base::ByteReader reader(bytes);
    reader.skip(4);
    SeenPacket seen;
    seen.interface = reader.u32();
    reader.skip(2);
    seen.heading = reader.u8() == LINUX_SLL_OUTGOING ? Heading::kOut : Heading::kIn;
    reader.skip(SLL2_HDR_LEN - 11);
    seen.bytes = reader.rest();
    seen.length = header.len > SLL2_HDR_LEN ? header.len - SLL2_HDR_LEN : 0;
    const auto packet = wire::read_ip(seen.bytes);
    if (!reader.ok() || !packet) {
      ++malformed_;
      return;
    }
    seen.packet = *packet;
    // With nanosecond precision tv_usec holds nanoseconds (pcap_set_tstamp_precision(3PCAP)).
    seen.stamp.at =
        base::WallTime(std::chrono::seconds(header.ts.tv_sec) + std::chrono::nanoseconds(header.ts.tv_usec));
    seen.stamp.source = probes::StampSource::kCapture;
    (*seen_)(seen);
  }

  Handle handle_;
  const std::function<void(const SeenPacket&)>* seen_ = nullptr;
  std::uint64_t drops_ = 0;
  std::uint32_t last_drops_ = 0;
  std::uint64_t malformed_ = 0;
};

tl::unexpected<base::Error> capture_error(pcap_t* handle, const char* what, int status) {
  std::string reason = pcap_statustostr(status);
  if (const std::string more = pcap_geterr(handle); !more.empty()) reason += ": " + more;
  return base::fail("cannot capture packets ({}): {}", what, reason);
}

}  // namespace

std::string capture_filter(const CaptureOptions& options) {
  const auto id = options.echo_identifier;
  const std::string ports = fmt::format("portrange {}-{}", options.ports.first, options.ports.last);
  // libpcap 1.10 does not index TCP inside IPv6 by tcp[]: the flags of a segment without extension headers stand at
  // byte 53 of the packet. 0x17 = RST | SYN | ACK | FIN (RFC 9293, 3.1); outgoing: SYN alone.
  return fmt::format(
      "(icmp and (((icmp[0] == 8 or icmp[0] == 0) and (icmp[4:2] == {0} or icmp[4:2] == {4})) or "
      "icmp[0] == 3 or icmp[0] == 11 or icmp[0] == 12)) or "
      "(icmp6 and (((ip6[40] == 128 or ip6[40] == 129) and (ip6[44:2] == {0} or ip6[44:2] == {4})) or (ip6[40] >= 1 "
      "and ip6[40] <= 4))) or "
      "(ip and tcp and ((dst {1} and tcp[13] & 6 != 0) or (src {1} and tcp[13] & 0x17 == 2))) or "
      "(ip6 and tcp and ((dst {1} and ip6[53] & 6 != 0) or (src {1} and ip6[53] & 0x17 == 2))) or "
      // Behind an IPv6 fragment header (RFC 8200, 4.5) the offsets above are not where they seem: all are let through.
      "(ip6 and ip6[6] == 44) or "
      "(udp and {5}portrange {2}-{3})",
      id, ports, probes::kFirstSourcePort, probes::kLastSourcePort, options.trace_identifier,
      options.has_udp_answers ? "" : "src ");
}

base::Expected<std::unique_ptr<PacketSource>> open_capture(const CaptureOptions& options) {
  char error[PCAP_ERRBUF_SIZE] = {};
  Handle handle(pcap_create("any", error));
  if (!handle) return base::fail("cannot capture packets: {}", error);
  pcap_t* const raw = handle.get();
  pcap_set_snaplen(raw, kSnapLength);
  pcap_set_promisc(raw, 0);
  pcap_set_timeout(raw, kBlockMilliseconds);
  pcap_set_buffer_size(raw, options.ring_bytes);
  pcap_set_tstamp_precision(raw, PCAP_TSTAMP_PRECISION_NANO);
  // Negative: an error; positive: a warning, such as that promiscuous mode is not supported here.
  if (const int status = pcap_activate(raw); status < 0) return capture_error(raw, "pcap_activate", status);
  if (pcap_get_tstamp_precision(raw) != PCAP_TSTAMP_PRECISION_NANO) {
    return base::fail("cannot capture packets: the kernel gives no nanosecond stamps");
  }
  if (const int status = pcap_set_datalink(raw, DLT_LINUX_SLL2); status != 0) {
    return capture_error(raw, "DLT_LINUX_SLL2", status);
  }
  bpf_program program{};
  if (const int status = pcap_compile(raw, &program, capture_filter(options).c_str(), 1, PCAP_NETMASK_UNKNOWN);
      status != 0) {
    return capture_error(raw, "pcap_compile", status);
  }
  const int filtered = pcap_setfilter(raw, &program);
  pcap_freecode(&program);
  if (filtered != 0) return capture_error(raw, "pcap_setfilter", filtered);
  if (pcap_setnonblock(raw, 1, error) != 0) return base::fail("cannot capture packets: {}", error);
  return std::make_unique<Capture>(std::move(handle));
}

}  // namespace blipd::engine
