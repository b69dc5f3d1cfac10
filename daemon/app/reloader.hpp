// Loads the configuration anew and makes a plan of it: on a thread of its own, since that may take a while (many
// targets, a slow disk), one load after the other. What comes of it is applied, and told to whoever asked, on the
// probing thread. Applies nothing itself.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "config/load.hpp"
#include "config/plan.hpp"
#include "daemon/app/reaper.hpp"
#include "daemon/serve/published.hpp"

namespace blipd::app {

class Reloader {
 public:
  enum class What {
    kEverything,
    kTargetFiles,  // by the configuration file as it was when it was last applied: an edit of it waits to be asked for
  };
  using Post = std::function<void(std::function<void()>)>;  // runs a function on the probing thread; from any thread
  struct Proposal {
    What what = What::kEverything;
    config::Loaded loaded;                     // its configuration has become the plan
    std::vector<std::string> faults;           // why it cannot be applied
    std::shared_ptr<const config::Plan> plan;  // null when it cannot
  };
  using Apply = std::function<serve::ReloadOutcome(const Proposal&)>;
  using Done = std::function<void(const serve::ReloadOutcome&)>;

  // `text` and `plan` are those that hold now; `shard` is taken of each configuration that is loaded. `reaper` takes
  // what is done with, plans included, and outlives this.
  Reloader(std::string path, std::string text, std::shared_ptr<const config::Plan> plan, config::Shard shard,
           Reaper& reaper, Post post, Apply apply);
  // Waits for a load under way; nobody is told of it any more.
  ~Reloader();

  // On the probing thread. A request during a load has another one follow, since that load may have read too early; all
  // who ask meanwhile share it. `done` may be empty.
  void request(What what, Done done);

 private:
  void start();
  Proposal propose(What what) const;
  void finish(std::shared_ptr<const Proposal> proposal);

  std::string path_;
  std::shared_ptr<const std::string> text_;  // like the plan, left alone while a load is under way
  std::shared_ptr<const config::Plan> plan_;
  config::Shard shard_;
  Reaper& reaper_;
  Post post_;
  Apply apply_;
  std::thread thread_;
  bool is_loading_ = false;
  std::vector<Done> asked_;    // of the load under way
  std::vector<Done> waiting_;  // of the one to follow
  bool is_wanted_ = false;     // one to follow
  What wanted_ = What::kTargetFiles;
};

}  // namespace blipd::app
