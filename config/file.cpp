#include "config/file.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "config/tree.hpp"

namespace blipd::config {

base::Expected<std::string> read_file(const std::filesystem::path& file) {
  const auto failed = [](int error) {
    return base::fail("cannot read it: {}; check the path and its permissions",
                      std::error_code(error, std::generic_category()).message());
  };
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

FileStamp stamp_of(const std::string& path) {
  FileStamp stamp;
  stamp.path = path;
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return stamp;
  stamp.device = info.st_dev;
  stamp.inode = info.st_ino;
  stamp.size = info.st_size;
  stamp.modified = std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
  return stamp;
}

}  // namespace blipd::config
