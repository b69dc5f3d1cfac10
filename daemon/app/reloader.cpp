#include "daemon/app/reloader.hpp"

#include <malloc.h>

#include <memory>
#include <utility>

#include "daemon/engine/means.hpp"

namespace blipd::app {

Reloader::Reloader(std::string path, std::string text, std::shared_ptr<const config::Plan> plan, config::Shard shard,
                   Reaper& reaper, Post post, Apply apply)
    : path_(std::move(path)),
      text_(std::make_shared<const std::string>(std::move(text))),
      plan_(std::move(plan)),
      shard_(shard),
      reaper_(reaper),
      post_(std::move(post)),
      apply_(std::move(apply)) {}

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
  const What what = std::exchange(wanted_, What::kTargetFiles);
  asked_ = std::exchange(waiting_, {});
  if (thread_.joinable()) thread_.join();
  thread_ = std::thread([this, what] {
    auto proposal = std::make_shared<const Proposal>(propose(what));
    post_([this, proposal = std::move(proposal)]() mutable { finish(std::move(proposal)); });
  });
}

Reloader::Proposal Reloader::propose(What what) const {
  Proposal proposal;
  proposal.what = what;
  const config::LoadOptions options{.shard = shard_};
  // Where what holds now names no target files, those that changed are of a configuration that was asked for and could
  // not be applied.
  const bool is_everything = what == What::kEverything || text_->empty();
  proposal.loaded = is_everything ? config::load_file(path_, options) : config::load_text(*text_, path_, options);
  for (const config::Fault& fault : proposal.loaded.faults) proposal.faults.push_back(fault.to_string());
  if (!proposal.faults.empty()) return proposal;
  auto plan = reaper_.watch(config::make_plan(proposal.loaded.configuration, plan_.get()));
  // Every target stands in the plan now. What loading took goes back to the machine, here and not on the probing
  // thread.
  proposal.loaded.configuration = {};
  ::malloc_trim(0);
  if (const auto bindings = engine::check_bindings(*plan)) {
    proposal.plan = std::move(plan);
  } else {
    proposal.faults.push_back(bindings.error().text);
  }
  return proposal;
}

void Reloader::finish(std::shared_ptr<const Proposal> proposal) {
  const serve::ReloadOutcome outcome = apply_(*proposal);
  if (outcome.was_successful) {
    plan_ = proposal->plan;
    reaper_.leave(std::exchange(text_, {proposal, &proposal->loaded.text}));
  }
  reaper_.leave(std::move(proposal));
  is_loading_ = false;
  for (const Done& done : std::exchange(asked_, {})) done(outcome);
  if (is_wanted_) start();
}

}  // namespace blipd::app
