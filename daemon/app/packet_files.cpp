#include "daemon/app/packet_files.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "daemon/engine/file_descriptor.hpp"
#include "daemon/serve/evidence_files.hpp"
#include "probes/base/thread.hpp"

namespace blipd::app {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours kHousePeriod(1);
// How soon a folder that could not be written is tried again.
constexpr std::chrono::seconds kRetryPeriod(5);
// Of a file that is not finished: never listed, and removed at the start.
constexpr std::string_view kUnfinished = ".unfinished";
constexpr int kLowPriority = 10;
// What a disk must have room for to count as one that can be written.
constexpr std::size_t kTrialBytes = 64 << 10;

std::string interface_name(std::uint32_t index) {
  std::array<char, IF_NAMESIZE> name{};
  if (::if_indextoname(index, name.data()) != nullptr) return name.data();
  return "interface " + std::to_string(index);  // gone in the meantime
}

// What went wrong; empty: nothing did.
std::string write_whole(const std::string& path, const std::string& bytes) {
  const engine::FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!file.is_open()) return std::strerror(errno);
  for (std::size_t written = 0; written < bytes.size();) {
    const ssize_t n = ::write(file.get(), bytes.data() + written, bytes.size() - written);
    if (n > 0) written += static_cast<std::size_t>(n);
    if (n <= 0 && errno != EINTR) return std::strerror(errno);
  }
  return ::fsync(file.get()) == 0 ? std::string() : std::strerror(errno);
}

evidence::PcapngSection section_of(const PacketFiles::Job& job, const std::string& application) {
  evidence::PcapngSection section;
  utsname system{};
  if (::uname(&system) == 0) {
    section.hardware = system.machine;
    section.system = std::string(system.sysname) + " " + system.release;
  }
  section.application = application;
  bool is_cut = false;
  for (const evidence::PacketTaking& taking : job.takings) is_cut = is_cut || taking.is_cut();
  section.comments = recording_comments(job.recording, is_cut);
  return section;
}

}  // namespace

PacketFiles::PacketFiles(std::string directory, Retention retention, std::string application, Notify notify)
    : directory_(std::move(directory)),
      application_(std::move(application)),
      notify_(std::move(notify)),
      retention_(retention),
      thread_(base::start_thread("blipd-evidence", [this] { run(); })) {}

PacketFiles::~PacketFiles() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void PacketFiles::set_retention(Retention retention) {
  const std::lock_guard lock(mutex_);
  retention_ = retention;
}

void PacketFiles::write(Job job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

std::vector<PacketFiles::Done> PacketFiles::take_done() {
  const std::lock_guard lock(mutex_);
  return std::exchange(done_, {});
}

PacketFiles::Health PacketFiles::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

void PacketFiles::run() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kLowPriority);
  look_after();
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto pause = health_.is_writing ? std::chrono::seconds(kHousePeriod) : kRetryPeriod;
    wake_.wait_for(lock, pause, [this] { return is_stopped_ || !jobs_.empty(); });
    if (jobs_.empty() && is_stopped_) return;
    if (jobs_.empty()) {
      lock.unlock();
      look_after();
    } else {
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      write_one(job);
    }
    lock.lock();
  }
}

// Makes the folder where there is none (but not what it lies in, which may be a disk that is not mounted yet), clears
// away what a crash left, and sees whether it can be written.
void PacketFiles::look_after() {
  std::error_code error;
  if (fs::create_directory(directory_, error); error) return tell(directory_ + ": " + error.message());
  if (const std::string problem =
          write_whole(directory_ + "/trial" + std::string(kUnfinished), std::string(kTrialBytes, 0));
      !problem.empty()) {
    return tell(directory_ + ": " + problem);
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_, error)) {
    if (entry.path().extension() == kUnfinished) fs::remove(entry.path(), error);
  }
  keep_house(0);
  tell("");
}

void PacketFiles::write_one(const Job& job) {
  std::vector<evidence::KeptPacket> packets;
  for (const evidence::PacketTaking& taking : job.takings) {
    const auto more = evidence::packets_in(taking.bytes());
    packets.insert(packets.end(), more.begin(), more.end());
  }
  Done done{job.key, std::nullopt};
  std::string problem;
  if (!packets.empty()) {
    const auto file = evidence::packet_file(std::move(packets), section_of(job, application_), interface_name);
    event::PacketFile made;
    made.moment = job.recording.moment;
    made.network = job.recording.network;
    made.file = free_name(packet_file_name(job.recording));
    made.from = file.from;
    made.to = file.to;
    made.packets = file.packets;
    made.bytes = file.bytes.size();
    keep_house(file.bytes.size());
    problem = store(made.file, file.bytes);
    if (problem.empty()) done.made = std::move(made);
  }
  keep_house(0);
  {
    const std::lock_guard lock(mutex_);
    if (done.made) ++health_.written;
    if (!problem.empty()) ++health_.failed;
    done_.push_back(std::move(done));
  }
  tell(problem);
}

std::string PacketFiles::free_name(std::string name) const {
  const std::string stem = name.substr(0, name.size() - evidence::kPacketFileEnding.size());
  for (int n = 2; ::access((directory_ + "/" + name).c_str(), F_OK) == 0 && n < 100; ++n) {
    name = stem + "-" + std::to_string(n) + std::string(evidence::kPacketFileEnding);
  }
  return name;
}

std::string PacketFiles::store(const std::string& name, const std::string& bytes) {
  {
    const std::lock_guard lock(mutex_);
    if (bytes.size() > retention_.most_bytes) return "a file would have been larger than evidence.most";
  }
  std::error_code error;
  if (fs::create_directory(directory_, error); error) return directory_ + ": " + error.message();
  const std::string path = directory_ + "/" + name;
  const std::string unfinished = path + std::string(kUnfinished);
  std::string problem = write_whole(unfinished, bytes);
  if (problem.empty() && ::rename(unfinished.c_str(), path.c_str()) != 0) problem = std::strerror(errno);
  if (problem.empty()) return {};
  ::unlink(unfinished.c_str());
  return directory_ + ": " + problem;
}

void PacketFiles::keep_house(std::uint64_t more) {
  Retention retention;
  {
    const std::lock_guard lock(mutex_);
    retention = retention_;
  }
  const auto files = serve::packet_files_in(directory_);
  std::uint64_t count = files.size(), bytes = 0, removed = 0;
  for (const evidence::StoredFile& file : files) bytes += file.bytes;
  const base::WallTime now = base::SystemClock().read().wall;
  for (const std::string& name : to_remove(files, now, retention.keep, retention.most_bytes, more)) {
    if (::unlink((directory_ + "/" + name).c_str()) != 0) continue;
    const auto gone = std::ranges::find(files, name, &evidence::StoredFile::name);
    bytes -= gone->bytes;
    --count;
    ++removed;
  }
  const std::lock_guard lock(mutex_);
  health_.files = count;
  health_.bytes = bytes;
  health_.removed += removed;
}

void PacketFiles::tell(const std::string& problem) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(health_.is_writing, problem.empty()) == problem.empty()) return;
  }
  if (notify_) notify_(!problem.empty(), problem.empty() ? directory_ : problem);
}

}  // namespace blipd::app
