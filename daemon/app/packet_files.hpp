// The folder of files of packets: writes them, and removes what is too old or too much, on a thread of its own at a low
// priority. Nobody ever waits for it: where the disk is slow files come later, where it is full they are missing.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "daemon/evidence/packet_file.hpp"
#include "daemon/evidence/packet_taking.hpp"

namespace blipd::app {

class PacketFiles {
 public:
  struct Retention {
    base::Duration keep{};
    std::uint64_t most_bytes = 0;
  };
  // What of one network is to be written, taken from one ring or from several.
  struct Job {
    std::uint64_t key = 0;
    evidence::RecordingOf recording;
    std::vector<evidence::PacketTaking> takings;
  };
  struct Done {
    std::uint64_t key = 0;
    std::optional<event::PacketFile> made;  // absent: not written, or there was no packet
  };
  struct Health {
    bool is_writing = true;  // the folder could be written when it was tried last
    std::uint64_t written = 0, failed = 0, removed = 0;
    std::uint64_t files = 0, bytes = 0;  // in the folder
  };
  // Told when the folder cannot be written, and when it can be again; on the thread.
  using Notify = std::function<void(bool is_degraded, const std::string& text)>;

  PacketFiles(std::string directory, Retention retention, std::string application, Notify notify);
  // Writes what waits.
  ~PacketFiles();

  void set_retention(Retention retention);
  void write(Job job);
  std::vector<Done> take_done();
  Health health() const;

 private:
  void run();
  void write_one(const Job& job);
  // What went wrong; empty: nothing did.
  std::string store(const std::string& name, const std::string& bytes);
  std::string free_name(std::string name) const;
  void keep_house(std::uint64_t more);
  void look_after();
  void tell(const std::string& problem);

  const std::string directory_;
  const std::string application_;
  const Notify notify_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  std::vector<Done> done_;
  Retention retention_;
  Health health_;
  bool is_stopped_ = false;
  std::thread thread_;
};

}  // namespace blipd::app
