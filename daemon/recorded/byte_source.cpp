#include "daemon/recorded/byte_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace blipd::recorded {

namespace {

class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  base::Expected<std::size_t> read(std::span<char> to) override {
    const std::size_t taken = text_.copy(to.data(), to.size(), at_);
    at_ += taken;
    return taken;
  }
  double share() const override {
    return text_.empty() ? 1.0 : static_cast<double>(at_) / static_cast<double>(text_.size());
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

class FileSource final : public ByteSource {
 public:
  FileSource(int descriptor, bool is_ours) : descriptor_(descriptor), is_ours_(is_ours) {
    struct stat about {};
    if (::fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode)) size_ = static_cast<double>(about.st_size);
  }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override {
    if (is_ours_) ::close(descriptor_);
  }

  base::Expected<std::size_t> read(std::span<char> to) override {
    while (true) {
      const ssize_t taken = ::read(descriptor_, to.data(), to.size());
      if (taken < 0 && errno == EINTR) continue;
      if (taken < 0) return base::fail("cannot be read: {}; copy it elsewhere first", std::strerror(errno));
      done_ += static_cast<double>(taken);
      return static_cast<std::size_t>(taken);
    }
  }
  double share() const override { return size_ > 0 ? std::min(1.0, done_ / size_) : 0.0; }

 private:
  int descriptor_;
  bool is_ours_;
  double size_ = 0;
  double done_ = 0;
};

}  // namespace

std::unique_ptr<ByteSource> text_source(std::string text) { return std::make_unique<TextSource>(std::move(text)); }

base::Expected<std::unique_ptr<ByteSource>> open_source(const std::string& path) {
  if (path == "-") return std::make_unique<FileSource>(STDIN_FILENO, false);
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return base::fail("cannot be opened: {}; check its name and rights", std::strerror(errno));
  return std::make_unique<FileSource>(descriptor, true);
}

}  // namespace blipd::recorded
