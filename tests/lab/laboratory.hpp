// The loop of the laboratory: reads requests from the TUN device, lets the responder decide, writes answers when
// they are due, and minds signals, the command and the clock. One thread.
#pragma once

#include <optional>
#include <string>

#include "probes/base/error.hpp"
#include "probes/base/time.hpp"
#include "tests/lab/command.hpp"
#include "tests/lab/responder.hpp"
#include "tests/lab/unique_fd.hpp"

namespace blipd::lab {

struct Limits {
  std::optional<base::Duration> run_for;           // then the command is asked to end
  base::Duration grace = std::chrono::seconds(5);  // from the first request to end until it is killed
};

class Laboratory {
 public:
  // Blocks the signals that it minds, so make it before the command is started. Throws std::system_error when
  // the kernel refuses a descriptor.
  Laboratory();

  // `tun` is handed over; `start` is the scenario's time 0.
  void open(UniqueFd tun, simulate::Country& country, DnsServer& dns, std::uint64_t seed, std::string stats_file);

  // Until the command has ended; returns the exit code to end with.
  int run(Command& command, const Limits& limits);

 private:
  static base::MonoTime now();

  void watch(int fd) const;
  bool read_batch();
  void write_due();
  void arm();
  void handle_signals(Command& command);
  void ask_to_end(Command& command, int signal);
  void check_time(Command& command);
  void write_report() const;
  Statistics::Report report() const;

  UniqueFd epoll_;
  UniqueFd timer_;
  UniqueFd signals_;
  UniqueFd tun_;
  std::string stats_file_;
  std::uint64_t seed_ = 0;
  base::MonoTime start_{};
  base::MonoTime armed_{};                 // what the timer is set to; zero: nothing
  std::optional<base::MonoTime> end_at_;   // of --for
  std::optional<base::MonoTime> kill_at_;  // of the grace
  bool is_killed_ = false;
  bool is_time_up_ = false;  // the command was asked to end because its time was up, and by nobody else
  std::optional<Ending> ending_;
  base::Duration grace_{};
  simulate::Country* country_ = nullptr;
  DelayQueue queue_;
  Statistics statistics_;
  std::optional<Responder> responder_;
};

}  // namespace blipd::lab
