#include "tests/lab/laboratory.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <system_error>

#include "tests/lab/enclosure.hpp"

namespace blipd::lab {

namespace {

// Packets read between two looks at what is due, so that neither side starves the other.
constexpr int kBatch = 64;
// A sleep and a wake-up cost about as much; an answer due sooner is waited for awake.
constexpr base::Duration kSpin = std::chrono::microseconds(30);
constexpr std::size_t kMaxPacket = 65536;

[[noreturn]] void refuse(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

base::MonoTime Laboratory::now() {
  timespec ts{};
  ::clock_gettime(CLOCK_MONOTONIC, &ts);
  return base::MonoTime(std::chrono::seconds(ts.tv_sec) + std::chrono::nanoseconds(ts.tv_nsec));
}

Laboratory::Laboratory() {
  sigset_t minded;
  ::sigemptyset(&minded);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGUSR1}) ::sigaddset(&minded, number);
  ::sigprocmask(SIG_BLOCK, &minded, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  signals_ = UniqueFd(::signalfd(-1, &minded, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!signals_) refuse("signalfd");
  timer_ = UniqueFd(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer_) refuse("timerfd_create");
  epoll_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) refuse("epoll_create1");
  watch(signals_.get());
  watch(timer_.get());
}

void Laboratory::watch(int fd) const {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) refuse("epoll_ctl");
}

void Laboratory::open(UniqueFd tun, simulate::Country& country, DnsServer& dns, std::uint64_t seed,
                      std::string stats_file) {
  tun_ = std::move(tun);
  watch(tun_.get());
  country_ = &country;
  seed_ = seed;
  stats_file_ = std::move(stats_file);
  start_ = now();
  responder_.emplace(country, dns, queue_, statistics_, start_);
}

bool Laboratory::read_batch() {
  std::array<std::byte, kMaxPacket> buffer;
  for (int i = 0; i < kBatch; ++i) {
    const ssize_t size = ::read(tun_.get(), buffer.data(), buffer.size());
    if (size <= 0) return false;
    responder_->arrive(Bytes(buffer.data(), static_cast<std::size_t>(size)), now());
  }
  return true;
}

void Laboratory::write_due() {
  for (int i = 0; i < kBatch && !queue_.is_empty() && queue_.next_due() <= now(); ++i) {
    const DelayQueue::Item& item = queue_.pop();
    if (::write(tun_.get(), item.bytes.data(), item.bytes.size()) < 0) {
      ++statistics_.write_errors;
    } else {
      ++statistics_.packets_written;
      if (item.is_primary) statistics_.left(item);
    }
  }
}

void Laboratory::arm() {
  base::MonoTime next = base::MonoTime::max();
  if (!queue_.is_empty()) next = queue_.next_due();
  if (end_at_) next = std::min(next, *end_at_);
  if (kill_at_) next = std::min(next, *kill_at_);
  if (next == armed_) return;
  armed_ = next;
  itimerspec spec{};
  if (next != base::MonoTime::max()) {
    // Zero would disarm it; everything that is due is later than the machine's first nanosecond.
    const auto since = next.time_since_epoch();
    spec.it_value.tv_sec = static_cast<time_t>(std::chrono::duration_cast<std::chrono::seconds>(since).count());
    spec.it_value.tv_nsec = static_cast<long>((since % std::chrono::seconds(1)).count());
  }
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

void Laboratory::ask_to_end(Command& command, int signal) {
  command.signal(signal);
  if (!kill_at_ && !is_killed_) kill_at_ = now() + grace_;
  end_at_.reset();
}

void Laboratory::handle_signals(Command& command) {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    switch (static_cast<int>(info.ssi_signo)) {
      case SIGCHLD:
        if (auto ending = command.reap()) ending_ = ending;
        break;
      case SIGUSR1:
        write_report();
        break;
      default:
        is_time_up_ = false;
        ask_to_end(command, static_cast<int>(info.ssi_signo));
        break;
    }
  }
}

void Laboratory::check_time(Command& command) {
  const base::MonoTime at = now();
  if (end_at_ && at >= *end_at_) {
    is_time_up_ = true;
    ask_to_end(command, SIGTERM);
  }
  if (kill_at_ && at >= *kill_at_) {
    kill_at_.reset();
    is_killed_ = true;
    fmt::print(stderr, "blipd-lab: the command did not end within {:.0f} s and is killed\n", base::to_seconds(grace_));
    command.signal(SIGKILL);
  }
}

int Laboratory::run(Command& command, const Limits& limits) {
  grace_ = limits.grace;
  if (limits.run_for) end_at_ = start_ + *limits.run_for;
  std::array<epoll_event, 4> events{};
  while (!ending_) {
    int timeout = -1;
    if (!queue_.is_empty() && queue_.next_due() - now() < kSpin) {
      timeout = 0;
    } else {
      arm();
    }
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == tun_.get()) {
        read_batch();
      } else if (fd == signals_.get()) {
        handle_signals(command);
      } else if (fd == timer_.get()) {
        std::uint64_t expirations = 0;
        [[maybe_unused]] const ::ssize_t got = ::read(timer_.get(), &expirations, sizeof expirations);
        armed_ = base::MonoTime{};
      }
    }
    write_due();
    if (end_at_ || kill_at_) check_time(command);
  }
  // What the command sent last is still to be counted.
  while (read_batch()) {
  }
  write_report();
  fmt::print(stderr, "{}", statistics_.to_text(report()));
  const bool is_clean_end = ending_->is_by_signal(SIGTERM) || ending_->exit_code() == 0;
  return is_time_up_ && is_clean_end ? 0 : ending_->exit_code();
}

Statistics::Report Laboratory::report() const { return {country_, &queue_, seed_, now() - start_, device_drops()}; }

void Laboratory::write_report() const {
  if (stats_file_.empty()) return;
  // Whoever waits for the file never sees half of it.
  const std::string unfinished = stats_file_ + ".new";
  {
    std::ofstream out(unfinished, std::ios::trunc);
    out << statistics_.to_json(report());
    if (!out.flush()) {
      fmt::print(stderr, "blipd-lab: cannot write {}; check the folder and its permissions\n", unfinished);
      return;
    }
  }
  if (std::rename(unfinished.c_str(), stats_file_.c_str()) != 0) {
    fmt::print(stderr, "blipd-lab: cannot rename {} to {}\n", unfinished, stats_file_);
  }
}

}  // namespace blipd::lab
