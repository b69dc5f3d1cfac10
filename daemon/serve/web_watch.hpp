// The web configuration file and what it names, read anew when one of them changes: a renewed certificate and a new
// password are served without anybody's doing. A faulty file changes nothing. Lives on the serving thread; looks only
// when told to.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "config/web_file.hpp"

namespace blipd::serve {

class WebWatch {
 public:
  explicit WebWatch(const config::Web& web) { adopt(web); }

  void adopt(const config::Web& web);
  bool allows_reload() const { return web_.reload; }
  // Whether there is anything to look at.
  bool is_watching() const { return !web_.config_file.empty(); }
  // Never null; without a file, one that asks for nothing.
  const std::shared_ptr<const config::WebFile>& file() const { return web_.file; }
  // Some calls of stat(2) when nothing has changed, and then nothing. Otherwise what was loaded; file() is it when it
  // is good.
  std::optional<config::LoadedWebFile> look();

 private:
  config::Web web_;
  std::vector<config::FileStamp> seen_;
};

}  // namespace blipd::serve
