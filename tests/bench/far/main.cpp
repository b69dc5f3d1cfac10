// The far end of the benchmark: one thread that reads what came over a link from a capture's ring, and sends the answer
// of each packet an exact time after the kernel's stamp of its arrival. It counts what it could not do as well as it
// should have; then whatever was measured against it is void.
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <string>

#include "tests/bench/far/answer.hpp"
#include "tests/bench/far/counters.hpp"
#include "tests/lab/delay_queue.hpp"
#include "tests/lab/unique_fd.hpp"

namespace {

using namespace std::chrono_literals;
using blipd::base::Bytes;
using blipd::base::MonoTime;
using blipd::bench::CounterFile;
using blipd::bench::Counters;
using Nanoseconds = std::chrono::nanoseconds;

constexpr int kRingBytes = 128 << 20;
constexpr int kRingTimeoutMs = 2;   // how long the kernel may keep a block that is not full; far less than the delay
constexpr std::size_t kBatch = 64;  // answers a system call
constexpr Nanoseconds kTick = 200us;
constexpr Nanoseconds kLate = 1ms;
constexpr auto kFilter = "ip and dst net 198.18.0.0/15 and not dst net 198.19.0.0/29";

volatile std::sig_atomic_t is_stopping = 0;

// By signal, whom it leaves without an answer: SIGUSR1 every second prefix of 24 bits, SIGUSR2 all, SIGHUP nobody
// again.
enum Silence : std::sig_atomic_t { kNobody, kHalf, kAll };
volatile std::sig_atomic_t silence = kNobody;

void be_silent(int number) { silence = number == SIGUSR1 ? kHalf : number == SIGUSR2 ? kAll : kNobody; }

// The frame of an IPv4 packet without options.
bool is_silent_to(Bytes frame) {
  constexpr std::size_t kThirdOctet = ETH_HLEN + 18;  // of the destination
  if (silence != kHalf || frame.size() <= kThirdOctet) return silence == kAll;
  return (std::to_integer<unsigned>(frame[kThirdOctet]) & 1U) != 0;
}

// Packets carry stamps of the wall clock, so the whole far end lives by it. Nobody sets it during a benchmark; if
// somebody does, answers are late and the figures void.
MonoTime now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return MonoTime{std::chrono::seconds{time.tv_sec} + Nanoseconds{time.tv_nsec}};
}

void sleep_until(MonoTime when) {
  const auto since = when.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
  const timespec time{seconds.count(), (since - seconds).count()};
  ::clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &time, nullptr);
}

std::uint64_t Counters::*counter_of(blipd::lab::Request::Kind kind) {
  using Kind = blipd::lab::Request::Kind;
  switch (kind) {
    case Kind::kEcho:
      return &Counters::echoes;
    case Kind::kSyn:
      return &Counters::handshakes;
    case Kind::kSegment:
      return &Counters::segments;
    case Kind::kDatagram:
      return &Counters::questions;
    case Kind::kIgnored:
      break;
  }
  return &Counters::ignored;
}

class FarEnd {
 public:
  FarEnd(const std::string& link, Nanoseconds delay, const std::string& counters)
      : delay_(delay), counters_(counters), ring_(nullptr, &::pcap_close) {
    open_ring(link);
    open_socket(link);
  }

  void run() {
    while (is_stopping == 0) {
      const MonoTime began = now();
      ::pcap_dispatch(ring_.get(), -1, &FarEnd::take, reinterpret_cast<u_char*>(this));
      send_due();
      note_drops(began);
      sleep_until(began + kTick);
    }
  }

 private:
  void open_ring(const std::string& link) {
    std::array<char, PCAP_ERRBUF_SIZE> error{};
    ring_.reset(::pcap_create(link.c_str(), error.data()));
    pcap_t* ring = ring_.get();
    bpf_program program{};
    if (ring == nullptr || ::pcap_set_snaplen(ring, 2048) != 0 || ::pcap_set_timeout(ring, kRingTimeoutMs) != 0 ||
        ::pcap_set_buffer_size(ring, kRingBytes) != 0 ||
        ::pcap_set_tstamp_precision(ring, PCAP_TSTAMP_PRECISION_NANO) != 0 || ::pcap_activate(ring) < 0 ||
        ::pcap_setdirection(ring, PCAP_D_IN) != 0 || ::pcap_setnonblock(ring, 1, error.data()) != 0 ||
        ::pcap_compile(ring, &program, kFilter, 1, PCAP_NETMASK_UNKNOWN) != 0 ||
        ::pcap_setfilter(ring, &program) != 0) {
      throw std::runtime_error("cannot capture on " + link + ": " + (ring ? ::pcap_geterr(ring) : error.data()));
    }
    ::pcap_freecode(&program);
  }

  void open_socket(const std::string& link) {
    const int room = 8 << 20;
    to_.sll_family = AF_PACKET;
    to_.sll_protocol = htons(ETH_P_IP);
    to_.sll_ifindex = static_cast<int>(::if_nametoindex(link.c_str()));
    to_.sll_halen = ETH_ALEN;
    socket_ = blipd::lab::UniqueFd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket_ || to_.sll_ifindex == 0 ||
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) != 0) {
      throw std::runtime_error("cannot send on " + link + ": " + std::strerror(errno));
    }
  }

  static void take(u_char* self, const pcap_pkthdr* header, const u_char* bytes) {
    const Bytes frame = std::as_bytes(std::span(bytes, header->caplen));
    const MonoTime came{std::chrono::seconds{header->ts.tv_sec} + Nanoseconds{header->ts.tv_usec}};
    reinterpret_cast<FarEnd*>(self)->answer(frame, came);
  }

  void answer(Bytes frame, MonoTime came) {
    if (frame.size() < ETH_HLEN) return;
    if (is_silent_to(frame)) return counters_.add(&Counters::silenced);
    std::memcpy(to_.sll_addr, frame.data() + ETH_ALEN, ETH_ALEN);  // whoever asks: there is one neighbour
    const auto request = blipd::lab::read_request(frame.subspan(ETH_HLEN));
    auto* item = queue_.prepare();
    if (item == nullptr) {
      counters_.add(&Counters::queue_drops);
    } else if (request && blipd::bench::write_answer(item->bytes, *request)) {
      counters_.add(counter_of(request->kind));
      queue_.push(came + delay_);
    } else {
      counters_.add(&Counters::ignored);
    }
  }

  void send_due() {
    while (!queue_.is_empty()) {
      const MonoTime moment = now();
      unsigned count = 0;
      for (; count < kBatch && !queue_.is_empty() && queue_.next_due() <= moment; ++count) {
        note_lateness(moment - queue_.next_due());
        // What pop() gives stays until the next prepare(), which comes after the batch has left.
        const auto& bytes = queue_.pop().bytes;
        pieces_[count] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
        messages_[count].msg_hdr = {&to_, sizeof to_, &pieces_[count], 1, nullptr, 0, 0};
      }
      if (count == 0) return;
      for (unsigned sent = 0; sent < count;) {
        const int done = ::sendmmsg(socket_.get(), &messages_[sent], count - sent, 0);
        counters_.add(done > 0 ? &Counters::answered : &Counters::send_failures,
                      done > 0 ? static_cast<unsigned>(done) : 1U);
        sent += done > 0 ? static_cast<unsigned>(done) : 1U;
      }
    }
  }

  void note_lateness(Nanoseconds lateness) {
    if (lateness > kLate) counters_.add(&Counters::late);
    const auto value = static_cast<std::uint64_t>(lateness.count());
    if (value > counters_.values().worst_late_ns) counters_.set(&Counters::worst_late_ns, value);
  }

  void note_drops(MonoTime moment) {
    if (moment < next_look_) return;
    next_look_ = moment + 100ms;
    pcap_stat stat{};
    if (::pcap_stats(ring_.get(), &stat) == 0) counters_.set(&Counters::ring_drops, stat.ps_drop);
  }

  Nanoseconds delay_;
  CounterFile counters_;
  std::unique_ptr<pcap_t, decltype(&::pcap_close)> ring_;
  blipd::lab::UniqueFd socket_;
  sockaddr_ll to_{};
  blipd::lab::DelayQueue queue_;
  std::array<iovec, kBatch> pieces_{};
  std::array<mmsghdr, kBatch> messages_{};
  MonoTime next_look_{};
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Answers ICMP echo, TCP and DNS for 198.18.0.0/15 on a link, an exact time after each request."};
  std::string link;
  std::string counters;
  std::int64_t delay_us = 50'000;
  app.add_option("--link", link, "the interface")->required();
  app.add_option("--counters", counters, "the file to count in")->required();
  app.add_option("--delay-us", delay_us, "from a request's arrival to its answer")->check(CLI::Range(1'000, 1'000'000));
  CLI11_PARSE(app, argc, argv);
  ::prctl(PR_SET_TIMERSLACK, 1);
  // The world does not wait for our scheduler. Without the privilege it may, and is told by `late`.
  const sched_param first{.sched_priority = 1};
  if (::sched_setscheduler(0, SCHED_FIFO, &first) != 0) std::perror("bench_far: no real-time priority");
  for (const int number : {SIGINT, SIGTERM}) std::signal(number, [](int) { is_stopping = 1; });
  for (const int number : {SIGUSR1, SIGUSR2, SIGHUP}) std::signal(number, be_silent);
  try {
    FarEnd far(link, std::chrono::microseconds{delay_us}, counters);
    std::puts("answering");
    std::fflush(stdout);
    far.run();
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "bench_far: %s\n", failure.what());
    return 3;
  }
  return 0;
}
