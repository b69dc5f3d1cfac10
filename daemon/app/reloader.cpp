#include "daemon/app/reloader.hpp"

#include <memory>
#include <utility>

namespace blipd::app {

Reloader::Reloader(std::string path, std::string text, config::Shard shard, Post post, Apply apply)
    : path_(std::move(path)), text_(std::move(text)), shard_(shard), post_(std::move(post)), apply_(std::move(apply)) {}

Reloader::~Reloader() {
  if (thread_.joinable()) thread_.join();
}

void Reloader::request(What what, Done done) {
  if (done) waiting_.push_back(std::move(done));
  is_wanted_ = true;
  if (what == What::kEverything) wanted_ = what;
  if (!is_loading_) start();
}

void Reloader::start() {
  is_loading_ = true;
  is_wanted_ = false;
  loading_ = std::exchange(wanted_, What::kTargetFiles);
  asked_ = std::exchange(waiting_, {});
  if (thread_.joinable()) thread_.join();
  thread_ = std::thread([this, text = loading_ == What::kTargetFiles ? text_ : std::string(), what = loading_] {
    auto loaded = std::make_shared<config::Loaded>(what == What::kEverything ? config::load_file(path_, shard_)
                                                                             : config::load_text(text, path_, shard_));
    post_([this, loaded] { finish(*loaded); });
  });
}

void Reloader::finish(const config::Loaded& loaded) {
  const serve::ReloadOutcome outcome = apply_(loaded, loading_);
  if (outcome.was_successful && loading_ == What::kEverything) text_ = loaded.text;
  is_loading_ = false;
  for (const Done& done : std::exchange(asked_, {})) done(outcome);
  if (is_wanted_) start();
}

}  // namespace blipd::app
