#include "daemon/serve/evidence_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>
#include <vector>

#include "daemon/engine/file_descriptor.hpp"
#include "daemon/evidence/packet_file.hpp"
#include "probes/base/text.hpp"

namespace blipd::serve {

namespace {

namespace fs = std::filesystem;

// What Wireshark has its files registered as (shared-mime-info).
constexpr const char* kPcapngContentType = "application/x-pcapng";

constexpr const char* kNotKept =
    "packets are not kept here; evidence.packets and evidence.directory in the configuration change that";

// A piece is a read of some ten microseconds from memory: the kernel was told to fetch the file when it was opened.
class FileBody final : public BodySource {
 public:
  explicit FileBody(engine::FileDescriptor file) : file_(std::move(file)) {}

  bool next(std::string& piece) override {
    piece.resize(kPieceBytes);
    ssize_t got = 0;
    do {
      got = ::read(file_.get(), piece.data(), piece.size());
    } while (got < 0 && errno == EINTR);
    piece.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return got > 0;
  }

 private:
  engine::FileDescriptor file_;
};

base::WallTime written_at(const struct stat& facts) {
  return base::WallTime(std::chrono::seconds(facts.st_mtim.tv_sec) + std::chrono::nanoseconds(facts.st_mtim.tv_nsec));
}

}  // namespace

std::vector<evidence::StoredFile> packet_files_in(const std::string& directory) {
  std::vector<evidence::StoredFile> files;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    struct stat facts {};
    if (!evidence::is_packet_file_name(name) || ::lstat(entry.path().c_str(), &facts) != 0) continue;
    if (!S_ISREG(facts.st_mode)) continue;
    files.push_back({name, static_cast<std::uint64_t>(facts.st_size), written_at(facts)});
  }
  return files;
}

Reply evidence_list_reply(const Published& value) {
  if (!value.recorder) return plain_reply(404, kNotKept);
  std::vector<evidence::StoredFile> files = packet_files_in(value.recorder->directory);
  std::ranges::sort(files, std::greater<>(), [](const auto& file) { return std::tie(file.written, file.name); });
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const evidence::StoredFile& file : files) {
    list.push_back({{"file", file.name}, {"bytes", file.bytes}, {"written", base::format_time(file.written)}});
  }
  Reply reply;
  reply.content_type = "application/json";
  reply.is_compressible = true;
  reply.body = nlohmann::ordered_json({{"files", std::move(list)}}).dump() + "\n";
  return reply;
}

Reply evidence_file_reply(std::string_view name, const Published& value) {
  if (!value.recorder) return plain_reply(404, kNotKept);
  const auto no_such = [] { return plain_reply(404, "no such file; /api/v1/evidence lists those that there are"); };
  if (!evidence::is_packet_file_name(name)) return no_such();
  const std::string path = value.recorder->directory + "/" + std::string(name);
  // Not to be held up by a pipe that somebody put there.
  engine::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat facts {};
  if (!file.is_open() || ::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return no_such();
  ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_WILLNEED);
  Reply reply;
  reply.content_type = kPcapngContentType;
  reply.stream = std::make_unique<FileBody>(std::move(file));
  return reply;
}

}  // namespace blipd::serve
