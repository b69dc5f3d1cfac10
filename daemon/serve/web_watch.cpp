#include "daemon/serve/web_watch.hpp"

#include <algorithm>
#include <utility>

namespace blipd::serve {

void WebWatch::adopt(const config::Web& web) {
  web_ = web;
  if (!web_.file) web_.file = std::make_shared<const config::WebFile>();
  seen_ = web_.file->sources;
}

std::optional<config::LoadedWebFile> WebWatch::look() {
  const bool is_same =
      std::ranges::all_of(seen_, [](const config::FileStamp& stamp) { return config::stamp_of(stamp.path) == stamp; });
  if (is_same) return std::nullopt;
  config::LoadedWebFile loaded = config::load_web_file(web_.config_file);
  seen_ = loaded.sources;
  if (loaded.file) web_.file = loaded.file;
  return loaded;
}

}  // namespace blipd::serve
