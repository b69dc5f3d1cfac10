#include "daemon/app/reloader.hpp"

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "tests/unit/folder.hpp"

using blipd::app::Reaper;
using blipd::app::Reloader;
using blipd::serve::ReloadOutcome;
namespace config = blipd::config;

namespace {

std::string naming(const std::string& host) {
  return "targets_files: ['none-*.json']\ncountries: [{code: XX, networks: [{targets: [" + host + "]}]}]\n";
}

// Stands in for the probing thread: this test's own thread runs what is posted.
struct Scene {
  // `text`: of the configuration that holds, as Loaded has it.
  explicit Scene(const std::string& text = naming("192.0.2.1")) {
    write(naming("192.0.2.1"));
    reloader.emplace(
        file(), text, config::make_plan({}, nullptr), config::Shard{}, reaper,
        [this](std::function<void()> work) {
          {
            const std::lock_guard lock(mutex);
            posted.push_back(std::move(work));
          }
          wake.notify_one();
        },
        [this](const Reloader::Proposal& proposal) {
          CHECK(proposal.faults.empty() == (proposal.plan != nullptr));
          if (!proposal.plan) return ReloadOutcome{false, proposal.faults.front()};
          applied.push_back(proposal.plan->targets.at(0).host);
          return ReloadOutcome{true, applied.back()};
        });
  }
  ~Scene() { reloader.reset(); }

  std::string file() const { return folder.file("blipd.yaml"); }
  void write(const std::string& text) const { folder.write("blipd.yaml", text); }

  void turn() {
    std::unique_lock lock(mutex);
    wake.wait(lock, [this] { return !posted.empty(); });
    const auto work = std::move(posted.front());
    posted.pop_front();
    lock.unlock();
    work();
  }

  blipd::test::Folder folder;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> posted;
  std::vector<std::string> applied;
  Reaper reaper;
  std::optional<Reloader> reloader;
};

}  // namespace

TEST_CASE("what is loaded is applied, and whoever asked is told what came of it") {
  Scene scene;
  scene.write(naming("192.0.2.2"));
  std::vector<std::string> told;
  scene.reloader->request(Reloader::What::kEverything, [&](const ReloadOutcome& outcome) {
    CHECK(outcome.was_successful);
    told.push_back(outcome.text);
  });
  scene.turn();
  CHECK(scene.applied == std::vector<std::string>{"192.0.2.2"});
  CHECK(told == std::vector<std::string>{"192.0.2.2"});
}

TEST_CASE("a request during a load has one more follow, which all who ask meanwhile share") {
  Scene scene;
  int told = 0;
  const auto done = [&](const ReloadOutcome& outcome) {
    CHECK(outcome.text == "192.0.2.3");
    ++told;
  };
  scene.reloader->request(Reloader::What::kEverything, {});
  scene.write(naming("192.0.2.3"));
  scene.reloader->request(Reloader::What::kEverything, done);
  scene.reloader->request(Reloader::What::kEverything, done);
  scene.turn();
  CHECK(told == 0);
  scene.turn();
  CHECK(told == 2);
  CHECK(scene.applied.size() == 2);
}

TEST_CASE("target files are loaded by the configuration that holds, not by one that is being edited") {
  Scene scene;
  scene.write(naming("192.0.2.4"));
  scene.reloader->request(Reloader::What::kTargetFiles, {});
  scene.turn();
  CHECK(scene.applied == std::vector<std::string>{"192.0.2.1"});
  scene.reloader->request(Reloader::What::kEverything, {});
  scene.turn();
  scene.write("no configuration");
  scene.reloader->request(Reloader::What::kEverything,
                          [](const ReloadOutcome& outcome) { CHECK_FALSE(outcome.was_successful); });
  scene.turn();
  scene.reloader->request(Reloader::What::kTargetFiles, {});
  scene.turn();
  CHECK(scene.applied == std::vector<std::string>{"192.0.2.1", "192.0.2.4", "192.0.2.4"});
}

TEST_CASE("where the configuration that holds has no target files, those of one that failed make it be tried again") {
  Scene scene("");
  scene.write(naming("192.0.2.6"));
  scene.reloader->request(Reloader::What::kTargetFiles, {});
  scene.turn();
  CHECK(scene.applied == std::vector<std::string>{"192.0.2.6"});
}

TEST_CASE("a wish for everything is not lost among wishes for target files") {
  Scene scene;
  scene.reloader->request(Reloader::What::kTargetFiles, {});
  scene.write(naming("192.0.2.5"));
  scene.reloader->request(Reloader::What::kEverything, {});
  scene.reloader->request(Reloader::What::kTargetFiles, {});
  scene.turn();
  scene.turn();
  CHECK(scene.applied == std::vector<std::string>{"192.0.2.1", "192.0.2.5"});
}
