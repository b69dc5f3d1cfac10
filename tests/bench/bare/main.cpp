// The bare loop: the smallest program that asks N addresses once in an interval, with the system calls that blipd
// makes: sendmmsg on one raw socket with its own IP header, 32 packets a call, on a tick of 10 ms; one libpcap ring
// that shows both directions; answers matched by sequence number. No token, window, verdict, budget or server. What it
// costs is what the machine's kernel costs, and what blipd costs beyond it is blipd's.
#include <fmt/format.h>
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "probes/base/address.hpp"
#include "probes/base/bytes.hpp"
#include "probes/wire/checksum.hpp"
#include "probes/wire/ip.hpp"

namespace {

using namespace std::chrono_literals;
using blipd::base::Address;
using blipd::base::ByteReader;
using blipd::base::Bytes;
using blipd::base::ByteWriter;
using Nanoseconds = std::chrono::nanoseconds;

constexpr std::size_t kBatch = 32;
constexpr std::size_t kData = 56;  // as much as ping and blipd send unless told otherwise
constexpr std::size_t kPacket = blipd::wire::kIpv4HeaderLength + 8 + kData;
constexpr std::uint16_t kIdentifier = 0x6272;
constexpr Nanoseconds kTick = 10ms;
constexpr Nanoseconds kTimeout = 900ms;
constexpr int kRingBytes = 64 << 20;

Nanoseconds now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return std::chrono::seconds{time.tv_sec} + Nanoseconds{time.tv_nsec};
}

void sleep_until(Nanoseconds when) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(when);
  const timespec time{seconds.count(), (when - seconds).count()};
  ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
}

class BareLoop {
 public:
  BareLoop(std::vector<Address> targets, Nanoseconds interval) : targets_(std::move(targets)), interval_(interval) {
    asked_.resize(targets_.size());
    open_ring();
    socket_ = ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    const int room = 4 << 20;
    if (socket_ < 0 || ::setsockopt(socket_, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) != 0) {
      throw std::runtime_error(std::string("cannot open a raw socket: ") + std::strerror(errno));
    }
    for (std::size_t i = 0; i < kBatch; ++i) {
      pieces_[i] = {packets_[i].data(), kPacket};
      messages_[i].msg_hdr = {&to_[i], sizeof to_[i], &pieces_[i], 1, nullptr, 0, 0};
      to_[i].sin_family = AF_INET;
    }
  }

  void run(Nanoseconds length) {
    const Nanoseconds began = now();
    for (Nanoseconds tick = began; tick < began + length + kTimeout; tick += kTick) {
      sleep_until(tick);
      ::pcap_dispatch(ring_, -1, &BareLoop::take, reinterpret_cast<u_char*>(this));
      const Nanoseconds passed = std::min(tick - began, length);
      const auto due =
          static_cast<std::uint64_t>(passed.count()) * targets_.size() / static_cast<std::uint64_t>(interval_.count());
      while (sent_ < due) send(std::min<std::uint64_t>(kBatch, due - sent_));
    }
    sleep_until(now() + 50ms);
    ::pcap_dispatch(ring_, -1, &BareLoop::take, reinterpret_cast<u_char*>(this));
  }

  void report() const {
    pcap_stat stat{};
    ::pcap_stats(ring_, &stat);
    std::printf("{\"sent\": %llu, \"failed\": %llu, \"answered\": %llu, \"ring_drops\": %u, \"mean_rtt_us\": %.3f}\n",
                static_cast<unsigned long long>(sent_), static_cast<unsigned long long>(failed_),
                static_cast<unsigned long long>(answered_), stat.ps_drop,
                answered_ == 0 ? 0.0 : static_cast<double>(total_rtt_.count()) / 1e3 / static_cast<double>(answered_));
  }

 private:
  struct Asked {
    std::uint32_t sequence = 0;
    bool is_waiting = false;
    Nanoseconds stamp{};
  };

  void open_ring() {
    std::array<char, PCAP_ERRBUF_SIZE> error{};
    ring_ = ::pcap_create("any", error.data());
    bpf_program program{};
    const std::string filter =
        "icmp and (icmp[0] == 8 or icmp[0] == 0) and icmp[4:2] == " + std::to_string(kIdentifier);
    if (ring_ == nullptr || ::pcap_set_snaplen(ring_, 96) != 0 || ::pcap_set_timeout(ring_, 10) != 0 ||
        ::pcap_set_buffer_size(ring_, kRingBytes) != 0 ||
        ::pcap_set_tstamp_precision(ring_, PCAP_TSTAMP_PRECISION_NANO) != 0 || ::pcap_activate(ring_) < 0 ||
        ::pcap_setnonblock(ring_, 1, error.data()) != 0 ||
        ::pcap_compile(ring_, &program, filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0 ||
        ::pcap_setfilter(ring_, &program) != 0) {
      throw std::runtime_error(std::string("cannot capture: ") + (ring_ ? ::pcap_geterr(ring_) : error.data()));
    }
    ::pcap_freecode(&program);
    link_header_ = ::pcap_datalink(ring_) == DLT_LINUX_SLL2 ? 20 : 16;
  }

  void send(std::uint64_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto sequence = static_cast<std::uint32_t>(sent_ + i);
      write(i, sequence, targets_[sequence % targets_.size()]);
    }
    for (std::size_t done = 0; done < count;) {
      const int sent = ::sendmmsg(socket_, &messages_[done], static_cast<unsigned>(count - done), 0);
      if (sent <= 0) ++failed_;
      done += sent > 0 ? static_cast<std::size_t>(sent) : 1;
    }
    sent_ += count;
  }

  void write(std::size_t i, std::uint32_t sequence, const Address& target) {
    const std::span<std::byte> packet(packets_[i]);
    ByteWriter out(packet);
    blipd::wire::Ipv4Fields fields;
    fields.source = Address::v4(std::array<std::byte, 4>{});  // the kernel chooses (raw(7))
    fields.destination = target;
    fields.protocol = blipd::wire::kIcmp;
    fields.payload_length = 8 + kData;
    blipd::wire::write_ipv4(out, fields);
    out.u16(8 << 8);  // echo request
    out.u16(0);
    out.u16(kIdentifier);
    out.u16(static_cast<std::uint16_t>(sequence));
    out.u32(sequence);
    const auto message = packet.subspan(blipd::wire::kIpv4HeaderLength);
    const std::uint16_t sum = blipd::wire::checksum(message);
    message[2] = static_cast<std::byte>(sum >> 8U);
    message[3] = static_cast<std::byte>(sum & 0xffU);
    std::memcpy(&to_[i].sin_addr, target.bytes().data(), 4);
    Asked& asked = asked_[sequence % targets_.size()];
    asked = {sequence, true, {}};
  }

  static void take(u_char* self, const pcap_pkthdr* header, const u_char* bytes) {
    const Bytes frame = std::as_bytes(std::span(bytes, header->caplen));
    reinterpret_cast<BareLoop*>(self)->match(frame,
                                             std::chrono::seconds{header->ts.tv_sec} + Nanoseconds{header->ts.tv_usec});
  }

  void match(Bytes frame, Nanoseconds stamp) {
    ByteReader in(frame);
    in.skip(link_header_ + blipd::wire::kIpv4HeaderLength);
    const bool is_request = in.u8() == 8;
    in.skip(7);
    const std::uint32_t sequence = in.u32();
    if (!in.ok()) return;
    Asked& asked = asked_[sequence % targets_.size()];
    if (asked.sequence != sequence || !asked.is_waiting) return;
    if (is_request) {
      asked.stamp = stamp;
    } else if (stamp - asked.stamp <= kTimeout) {
      asked.is_waiting = false;
      ++answered_;
      total_rtt_ += stamp - asked.stamp;
    }
  }

  std::vector<Address> targets_;
  Nanoseconds interval_;
  std::vector<Asked> asked_;
  pcap_t* ring_ = nullptr;
  std::size_t link_header_ = 0;
  int socket_ = -1;
  std::array<std::array<std::byte, kPacket>, kBatch> packets_{};
  std::array<sockaddr_in, kBatch> to_{};
  std::array<iovec, kBatch> pieces_{};
  std::array<mmsghdr, kBatch> messages_{};
  std::uint64_t sent_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t answered_ = 0;
  Nanoseconds total_rtt_{};
};

std::vector<Address> read_targets(const std::string& file) {
  std::vector<Address> targets;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const auto address = Address::parse(line);
    if (!address || !address->is_v4()) throw std::runtime_error(fmt::format("{}: no IPv4 address: {}", file, line));
    targets.push_back(*address);
  }
  if (targets.empty()) throw std::runtime_error(fmt::format("{}: no targets", file));
  return targets;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Asks each address of a file by ICMP echo, once in an interval; says at the end what came of it."};
  std::string file;
  std::int64_t interval_ms = 1'000;
  std::int64_t seconds = 10;
  app.add_option("--targets", file, "one IPv4 address a line")->required();
  app.add_option("--interval-ms", interval_ms, "between two packets to one address")->check(CLI::Range(100, 60'000));
  app.add_option("--seconds", seconds, "how long to send")->check(CLI::Range(1, 600));
  CLI11_PARSE(app, argc, argv);
  ::prctl(PR_SET_TIMERSLACK, 1);
  try {
    BareLoop loop(read_targets(file), std::chrono::milliseconds{interval_ms});
    loop.run(std::chrono::seconds{seconds});
    loop.report();
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "bench_bare: %s\n", failure.what());
    return 3;
  }
  return 0;
}
