#include "config/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "config/tree.hpp"

namespace blipd::config {

namespace {

constexpr std::size_t kMaxSmallBytes = std::size_t{1} << 20;

tl::unexpected<base::Error> failed(int error) {
  return base::fail("cannot read it: {}; check the path and its permissions",
                    std::error_code(error, std::generic_category()).message());
}

std::int64_t nanoseconds(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

base::Expected<std::string> read_small(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return failed(errno);
  if (S_ISDIR(status.st_mode)) return failed(EISDIR);
  if (!S_ISREG(status.st_mode)) return base::fail("not a regular file; give the path of one");
  std::string text(kMaxSmallBytes + 1, '\0');
  std::size_t length = 0;
  while (length < text.size()) {
    const ssize_t n = ::read(descriptor, text.data() + length, text.size() - length);
    if (n < 0) return failed(errno);
    if (n == 0) break;
    length += static_cast<std::size_t>(n);
  }
  if (length > kMaxSmallBytes) return base::fail("larger than a mebibyte; is it the right file?");
  text.resize(length);
  return text;
}

}  // namespace

base::Expected<std::string> read_small_file(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return failed(errno);
  auto text = read_small(descriptor);
  ::close(descriptor);
  return text;
}

FileStamp stamp_of(const std::string& path) {
  FileStamp stamp;
  stamp.path = path;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return stamp;
  stamp.device = status.st_dev;
  stamp.inode = status.st_ino;
  stamp.size = static_cast<std::uint64_t>(status.st_size);
  stamp.modified = nanoseconds(status.st_mtim);
  stamp.changed = nanoseconds(status.st_ctim);
  stamp.is_for_everybody = (status.st_mode & S_IROTH) != 0;
  return stamp;
}

base::Expected<std::string> read_file(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return failed(EISDIR);
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in) return failed(errno);
  std::string text;
  std::string chunk(std::size_t{64} << 10, '\0');
  while (in && text.size() <= kMaxFileBytes) {
    in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    text.append(chunk, 0, static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) return failed(errno);
  return text;
}

}  // namespace blipd::config
