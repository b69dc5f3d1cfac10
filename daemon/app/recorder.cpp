#include "daemon/app/recorder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

#include "daemon/engine/file_descriptor.hpp"

namespace blipd::app {

namespace {

constexpr std::size_t kPieceBytes = 64 << 10;
constexpr std::size_t kMaxQueuedBytes = 16 << 20;

std::uint64_t lines_in(const std::string& piece) {
  return static_cast<std::uint64_t>(std::count(piece.begin(), piece.end(), '\n'));
}

}  // namespace

class Recorder::Writer {
 public:
  explicit Writer(engine::FileDescriptor file) : file_(std::move(file)) {}
  ~Writer() {
    {
      const std::lock_guard lock(mutex_);
      is_stopped_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  void take(std::string piece) {
    {
      const std::lock_guard lock(mutex_);
      if (queued_bytes_ + piece.size() > kMaxQueuedBytes) {
        dropped_ += lines_in(piece);
        return;
      }
      queued_bytes_ += piece.size();
      pieces_.push_back(std::move(piece));
    }
    // With the first piece rather than with the file, which is opened before privileges are given up.
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    wake_.notify_one();
  }

  serve::RecordHealth health() const { return {is_writing_, dropped_}; }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return is_stopped_ || !pieces_.empty(); });
      if (pieces_.empty()) return;
      const std::string piece = std::move(pieces_.front());
      pieces_.pop_front();
      lock.unlock();
      is_writing_ = write_all(piece);
      if (!is_writing_) dropped_ += lines_in(piece);
      lock.lock();
      queued_bytes_ -= piece.size();
    }
  }

  bool write_all(const std::string& piece) {
    const off_t before = ::lseek(file_.get(), 0, SEEK_END);
    std::size_t done = 0;
    while (done < piece.size()) {
      const ssize_t written = ::write(file_.get(), piece.data() + done, piece.size() - done);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        // What is no file (a pipe) has no end to go back to.
        if (done > 0 && before >= 0) [[maybe_unused]]
          const int ignored = ::ftruncate(file_.get(), before);
        return false;
      }
      done += static_cast<std::size_t>(written);
    }
    return true;
  }

  engine::FileDescriptor file_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::string> pieces_;
  std::size_t queued_bytes_ = 0;
  bool is_stopped_ = false;
  std::atomic<bool> is_writing_{true};
  std::atomic<std::uint64_t> dropped_{0};
  std::thread thread_;
};

base::Expected<std::unique_ptr<Recorder>> Recorder::open(const std::string& path, probes::ResultSink& next,
                                                         const base::Clock& clock) {
  engine::FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (!file.is_open()) {
    return base::fail("cannot write results to {}: {}; choose another file with record:, or none", path,
                      std::strerror(errno));
  }
  return std::unique_ptr<Recorder>(new Recorder(std::make_unique<Writer>(std::move(file)), next, clock));
}

Recorder::Recorder(std::unique_ptr<Writer> writer, probes::ResultSink& next, const base::Clock& clock)
    : writer_(std::move(writer)), next_(next), clock_(clock) {}

Recorder::~Recorder() { flush(); }

void Recorder::adopt(const std::shared_ptr<const config::Plan>& plan) { lines_.emplace(*plan); }

void Recorder::flush() {
  if (gathered_.empty()) return;
  writer_->take(std::exchange(gathered_, {}));
}

serve::RecordHealth Recorder::health() const { return writer_->health(); }

void Recorder::on_sent(probes::ChannelIndex channel, base::MonoTime at) { next_.on_sent(channel, at); }
void Recorder::on_remark(const probes::Remark& remark) {
  next_.on_remark(remark);
  if (remark.kind == probes::RemarkKind::kLate) note(remark, remark.sent);
}

void Recorder::on_result(const probes::Result& result, const probes::AnswerDetail* detail) {
  next_.on_result(result, detail);
  note(result, result.sent);
}

template <class Learned>
void Recorder::note(const Learned& learned, base::MonoTime sent) {
  const base::Moment now = clock_.read();
  lines_->append(gathered_, learned, now.wall - (now.mono - sent));
  if (gathered_.size() >= kPieceBytes) flush();
}

}  // namespace blipd::app
