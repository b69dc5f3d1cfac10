// What the far end did, as 64-bit numbers in a file that it maps: whoever measures reads them at any moment, and asking
// costs the far end nothing. One thread writes. The order is known to rig/far_end.py.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

namespace blipd::bench {

struct Counters {
  // What came and deserves an answer, by kind.
  std::uint64_t echoes = 0;
  std::uint64_t handshakes = 0;  // SYN
  std::uint64_t segments = 0;    // data or FIN on an open connection
  std::uint64_t questions = 0;   // DNS
  // And what became of it.
  std::uint64_t answered = 0;       // answers handed to the link
  std::uint64_t ring_drops = 0;     // came, but found no room in the capture's ring
  std::uint64_t queue_drops = 0;    // found no room among the waiting answers
  std::uint64_t send_failures = 0;  // answers that the link did not take
  std::uint64_t late = 0;           // answers that left more than a millisecond after they were due
  std::uint64_t worst_late_ns = 0;
  std::uint64_t ignored = 0;   // packets that no host answers
  std::uint64_t silenced = 0;  // came for those who were told to be silent
};

class CounterFile {
 public:
  // Throws std::runtime_error when the file cannot be made.
  explicit CounterFile(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    void* place = MAP_FAILED;
    if (fd >= 0 && ::ftruncate(fd, sizeof(Counters)) == 0) {
      place = ::mmap(nullptr, sizeof(Counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    const int reason = errno;
    if (fd >= 0) ::close(fd);
    if (place == MAP_FAILED) throw std::runtime_error("cannot map " + path + ": " + std::strerror(reason));
    counters_ = static_cast<Counters*>(place);
  }
  ~CounterFile() { ::munmap(counters_, sizeof(Counters)); }
  CounterFile(const CounterFile&) = delete;
  CounterFile& operator=(const CounterFile&) = delete;

  void add(std::uint64_t Counters::*which, std::uint64_t count = 1) { set(which, counters_->*which + count); }
  void set(std::uint64_t Counters::*which, std::uint64_t value) {
    std::atomic_ref(counters_->*which).store(value, std::memory_order_relaxed);
  }
  const Counters& values() const { return *counters_; }

 private:
  Counters* counters_ = nullptr;
};

}  // namespace blipd::bench
