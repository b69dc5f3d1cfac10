// Loads the configuration anew: on a thread of its own, since that may take a while (many targets, a slow disk), one
// load after the other. What comes of it is applied, and told to whoever asked, on the probing thread. Decides nothing:
// whether to apply what was loaded is up to `apply`.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "config/load.hpp"
#include "daemon/serve/published.hpp"

namespace blipd::app {

class Reloader {
 public:
  enum class What {
    kEverything,
    kTargetFiles,  // by the configuration file as it was when it was last applied: an edit of it waits to be asked for
  };
  using Post = std::function<void(std::function<void()>)>;  // runs a function on the probing thread; from any thread
  using Apply = std::function<serve::ReloadOutcome(const config::Loaded&, What)>;
  using Done = std::function<void(const serve::ReloadOutcome&)>;

  // `text` is that of the configuration that holds now; `shard` is taken of each that is loaded.
  Reloader(std::string path, std::string text, config::Shard shard, Post post, Apply apply);
  // Waits for a load under way; nobody is told of it any more.
  ~Reloader();

  // On the probing thread. A request during a load has another one follow, since that load may have read too early; all
  // who ask meanwhile share it. `done` may be empty.
  void request(What what, Done done);

 private:
  void start();
  void finish(const config::Loaded& loaded);

  std::string path_;
  std::string text_;
  config::Shard shard_;
  Post post_;
  Apply apply_;
  std::thread thread_;
  bool is_loading_ = false;
  What loading_ = What::kEverything;
  std::vector<Done> asked_;    // of the load under way
  std::vector<Done> waiting_;  // of the one to follow
  bool is_wanted_ = false;     // one to follow
  What wanted_ = What::kTargetFiles;
};

}  // namespace blipd::app
