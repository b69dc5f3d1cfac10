#include "daemon/serve/evidence_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "daemon/serve/router.hpp"
#include "tests/unit/folder.hpp"
#include "tests/unit/serve/sample.hpp"

using namespace blipd;
using namespace blipd::serve;

namespace {

namespace fs = std::filesystem;

struct Folder {
  test::Folder own;
  fs::path path = own.path();
  Folder() { fs::create_directory(path / "files"); }
  void put(const std::string& name, const std::string& text) const { own.write(name, text); }
  std::shared_ptr<const Published> published() const {
    auto value = std::make_shared<Published>(*sample::small());
    value->recorder.emplace();
    value->recorder->directory = (path / "files").string();
    return value;
  }
};

Reply get(const Folder& folder, const std::string& path) { return Router::read(path, *folder.published()); }

}  // namespace

TEST_CASE("files of packets are listed, the newest first, and nothing else in their folder") {
  const Folder folder;
  for (const char* name : {"a.pcapng", "b.pcapng", "c.pcapng.unfinished", "journal.db", ".hidden.pcapng"}) {
    folder.put(std::string("files/") + name, std::string(name[0] == 'a' ? 3 : 5, 'x'));
  }
  fs::create_directory(folder.path / "files/d.pcapng");
  fs::create_symlink("a.pcapng", folder.path / "files/e.pcapng");
  fs::last_write_time(folder.path / "files/b.pcapng", fs::file_time_type::clock::now() + std::chrono::hours(1));
  const Reply reply = get(folder, "/api/v1/evidence");
  CHECK(reply.content_type == "application/json");
  const auto files = nlohmann::json::parse(reply.body).at("files");
  REQUIRE(files.size() == 2);
  CHECK(files[0].at("file") == "b.pcapng");
  CHECK(files[0].at("bytes") == 5);
  CHECK(files[1].at("file") == "a.pcapng");
  CHECK(files[1].at("bytes") == 3);
}

TEST_CASE("a file is served as it is, in pieces") {
  const Folder folder;
  std::string bytes;
  for (int i = 0; i < 200'000; ++i) bytes += static_cast<char>(i % 251);
  folder.put("files/a_B-1.pcapng", bytes);
  const Reply reply = get(folder, "/api/v1/evidence/a_B-1.pcapng?x=y");
  CHECK(reply.status == 200);
  CHECK(reply.content_type == "application/x-pcapng");
  REQUIRE(reply.stream);
  std::string got;
  for (std::string piece; reply.stream->next(piece);) {
    CHECK(piece.size() <= BodySource::kMaxPieceBytes);
    got += piece;
  }
  CHECK(got == bytes);
}

TEST_CASE("nothing outside the folder, and nothing that is no file, is served") {
  const Folder folder;
  folder.put("secret.pcapng", "secret");
  fs::create_symlink(folder.path / "secret.pcapng", folder.path / "files/link.pcapng");
  fs::create_directory(folder.path / "files/folder.pcapng");
  REQUIRE(::mkfifo((folder.path / "files/pipe.pcapng").c_str(), 0600) == 0);
  for (const char* name : {"../secret.pcapng", "..%2fsecret.pcapng", "/../secret.pcapng", "./a.pcapng", "link.pcapng",
                           "folder.pcapng", "pipe.pcapng", "missing.pcapng", "", ".pcapng", "files/a.pcapng"}) {
    INFO(name);
    const Reply reply = get(folder, std::string("/api/v1/evidence/") + name);
    CHECK(reply.status == 404);
    CHECK(reply.stream == nullptr);
  }
}

TEST_CASE("where no packets are kept that is what is said") {
  for (const char* path : {"/api/v1/evidence", "/api/v1/evidence/a.pcapng"}) {
    const Reply reply = Router::read(path, *sample::small());
    CHECK(reply.status == 404);
    CHECK(reply.body.find("evidence.packets") != std::string::npos);
  }
}

TEST_CASE("a folder that is gone has no files") {
  auto value = std::make_shared<Published>(*sample::small());
  value->recorder.emplace();
  value->recorder->directory = "/nowhere/at/all";
  CHECK(nlohmann::json::parse(Router::read("/api/v1/evidence", *value).body).at("files").empty());
}
