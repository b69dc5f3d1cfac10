#include "config/web_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/basic_auth.hpp"
#include "config/tls_settings.hpp"

namespace blipd::config {

namespace {

// What a browser does with each is for its reader to say; a header of more than one line would be another answer.
std::optional<std::string> header_problem(std::string_view name, std::string_view value) {
  const auto is_odd = [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; };
  if (value.empty()) return "empty; give a value or leave the header out";
  if (std::ranges::any_of(value, is_odd)) return "there is a control character in it; write it on one line";
  if (name == "X-Frame-Options" && value != "deny" && value != "sameorigin") {
    return fmt::format("{} is not known to browsers; write deny or sameorigin", cited(value));
  }
  if (name == "X-Content-Type-Options" && value != "nosniff") {
    return fmt::format("{} is not known to browsers; write nosniff", cited(value));
  }
  return std::nullopt;
}

class WebFileReader {
 public:
  WebFileReader(const std::string& path, Faults& faults) : path_(path), faults_(faults) {}

  WebFile read(const std::string& text) {
    const auto tree = parse_tree(text);
    if (!tree) {
      faults_.fault(tree.error().place, Path{}, tree.error().what);
    } else if (tree->kind == Node::Kind::kNull) {
      faults_.warn({1, 1}, Path{}, "nothing in it, so nothing is guarded; add tls_server_config or basic_auth_users");
    } else {
      read_document(*tree);
    }
    return std::move(file_);
  }

 private:
  void read_document(const Node& tree) {
    const Path root;
    const Reader top(tree, root, faults_, {keys::kWebFile}, keys::kWebFileRefused);
    if (tree.kind != Node::Kind::kMap) return;
    if (top.has("rate_limit")) {
      top.fault("rate_limit", "not supported; connections, slow clients and password checks have limits of their own");
    }
    file_.users = read_users(top);
    if (!file_.users.empty() && stamp().is_for_everybody) {
      faults_.warn(top.place("basic_auth_users"), root.child("basic_auth_users"),
                   "every user of this machine can read this file and try passwords on its hashes; chmod 640 it");
    }
    read_http(top);
    if (const Node* node = top.map("tls_server_config")) {
      const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
      file_.tls = read_tls(*node, root.child("tls_server_config"), folder, faults_, file_.sources);
    } else {
      warn_of_plain(top);
    }
  }

  void warn_of_plain(const Reader& top) {
    const auto has = [&](std::string_view name) {
      return std::ranges::any_of(file_.headers, [&](const auto& header) { return header.first == name; });
    };
    if (has("Strict-Transport-Security")) {
      faults_.warn(top.place("http_server_config"), top.path().child("http_server_config").child("headers"),
                   "browsers ignore Strict-Transport-Security over plain HTTP, and it is not sent; add "
                   "tls_server_config");
    }
  }

  void read_http(const Reader& top) {
    const Node* node = top.map("http_server_config");
    if (!node) return;
    const Reader http(*node, top.path().child("http_server_config"), faults_, {keys::kHttpServer});
    if (http.flag("http2").value_or(false)) {
      http.fault("http2", "this server speaks HTTP/1.1 only; write false, or leave it out");
    }
    const Node* list = http.map("headers");
    if (!list) return;
    const Reader headers(*list, http.path().child("headers"), faults_, {keys::kHeaders});
    for (const std::string_view name : keys::kHeaders) {
      auto value = headers.text(name);
      if (!value) continue;
      if (auto problem = header_problem(name, *value)) {
        headers.fault(name, std::move(*problem));
      } else {
        file_.headers.emplace_back(name, std::move(*value));
      }
    }
  }

  FileStamp stamp() const { return stamp_of(path_); }

  const std::string& path_;
  Faults& faults_;
  WebFile file_;
};

// The stamp is older than what is read: a change in between is seen as one.
base::Expected<WebFile> read_whole(const std::string& path, Faults& faults) {
  FileStamp stamp = stamp_of(path);
  const auto text = read_small_file(path);
  if (!text) return tl::make_unexpected(text.error());
  WebFile file = WebFileReader(path, faults).read(*text);
  file.sources.insert(file.sources.begin(), std::move(stamp));
  return file;
}

bool is_loopback(const std::string& listen) {
  return listen.starts_with("127.") || listen.starts_with("[::1]:") || listen.starts_with("localhost:");
}

// What is open to more than this machine.
void warn_of_what_is_open(const Reader& web, const Web& settings, const std::string& listen) {
  if (is_loopback(listen)) return;
  const bool has_users = settings.file && !settings.file->users.empty();
  if (has_users && !settings.file->tls) {
    web.faults().warn(web.place("config_file"), web.path().child("config_file"),
                      "passwords cross the network in the clear; add tls_server_config, or listen on 127.0.0.1");
  }
  if (settings.reload && !has_users) {
    web.faults().warn(web.place("reload"), web.path().child("reload"),
                      "whoever reaches the port can have the configuration loaded; add basic_auth_users, or listen on "
                      "127.0.0.1");
  }
}

}  // namespace

LoadedWebFile load_web_file(const std::string& path) {
  LoadedWebFile loaded;
  Faults faults(path);
  auto file = read_whole(path, faults);
  if (!file) {
    loaded.faults.push_back({path, 0, 0, "", file.error().text});
    loaded.sources.push_back(stamp_of(path));
    return loaded;
  }
  loaded.sources = file->sources;
  if (faults.is_empty()) loaded.file = std::make_shared<const WebFile>(std::move(*file));
  Loaded sorted;
  faults.move_to(sorted);
  loaded.faults = std::move(sorted.faults);
  loaded.warnings = std::move(sorted.warnings);
  return loaded;
}

Web read_web(const Reader& top, const std::filesystem::path& folder, const std::string& listen, WebFiles web_files,
             std::deque<Faults>& files) {
  Web settings;
  const Node* node = top.map("web");
  if (!node) return settings;
  const Reader web(*node, top.path().child("web"), top.faults(), {keys::kWeb});
  settings.reload = web.flag("reload").value_or(false);
  const auto written = web.text("config_file");
  if (written && written->empty()) web.fault("config_file", "an empty path; give one or leave the key out");
  if (written && !written->empty()) {
    settings.config_file = std::filesystem::absolute(folder / *written).lexically_normal().string();
  }
  if (web_files == WebFiles::kLeave) return settings;
  if (!settings.config_file.empty()) {
    Faults& faults = files.emplace_back((folder / *written).lexically_normal().string());
    auto file = read_whole(settings.config_file, faults);
    if (file) {
      settings.file = std::make_shared<const WebFile>(std::move(*file));
    } else {
      web.fault("config_file", fmt::format("{}: {}", faults.file(), file.error().text));
    }
  }
  warn_of_what_is_open(web, settings, listen);
  return settings;
}

}  // namespace blipd::config
