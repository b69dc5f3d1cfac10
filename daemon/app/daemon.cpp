#include "daemon/app/daemon.hpp"

#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <optional>
#include <thread>

#include "config/plan.hpp"
#include "daemon/app/app.hpp"
#include "daemon/app/chronicler.hpp"
#include "daemon/app/publisher.hpp"
#include "daemon/app/recorder.hpp"
#include "daemon/engine/engine.hpp"
#include "daemon/engine/means.hpp"
#include "daemon/pipeline/pipeline.hpp"
#include "daemon/serve/server.hpp"

namespace blipd::app {

namespace {

namespace asio = boost::asio;
using engine::Severity;

// A socket that is listening already, handed over by systemd or another supervisor (sd_listen_fds(3)).
std::optional<int> inherited_socket() {
  if (::sd_listen_fds(1) < 1) return std::nullopt;
  return SD_LISTEN_FDS_START;
}

}  // namespace

class Daemon::Impl {
 public:
  Impl(std::string config_path, config::Configuration configuration, Log& log)
      : config_path_(std::move(config_path)),
        log_(log),
        plan_(config::make_plan(configuration, nullptr)),
        pipeline_(plan_, clock_.read()),
        chronicler_(pipeline_, open_journal(), log_),
        publisher_(pipeline_, [this] { asio::post(io_, [this] { wake(); }); }),
        signals_(io_, SIGTERM, SIGINT, SIGHUP) {}

  ~Impl() {
    if (loading_.joinable()) loading_.join();
  }

  int run() {
    chronicler_.recall();
    if (!open()) return kExitEnvironment;
    wait_for_signal();
    engine_->start();
    ::sd_notify(0, "READY=1");
    log_.write(Severity::kInfo, "started", "",
               {{"config", config_path_},
                {"channels", std::to_string(active_channels())},
                {"port", std::to_string(server_->port())},
                {"pid", std::to_string(::getpid())}});
    io_.run();
    // No probe is under way any more when the last snapshot could be asked for: the server goes first.
    server_.reset();
    chronicler_.finish(clock_.read());
    engine_.reset();
    log_.write(Severity::kInfo, "stopped", "");
    return kExitFine;
  }

 private:
  std::unique_ptr<journal::Journal> open_journal() {
    const config::Configuration& configuration = plan_->configuration;
    if (configuration.journal.empty()) return nullptr;
    journal::Options options;
    options.path = configuration.journal;
    options.vantage = configuration.vantage_name;
    options.retention = configuration.retention;
    options.notify = [this](bool is_degraded, const std::string& text) {
      log_.write(is_degraded ? Severity::kWarning : Severity::kInfo,
                 is_degraded ? "journal_degraded" : "journal_recovered", text);
    };
    return journal::Journal::open(std::move(options), clock_.read().wall);
  }

  bool open() {
    probes::ResultSink* sink = &pipeline_;
    if (const std::string& path = plan_->configuration.record; !path.empty()) {
      auto recorder = Recorder::open(path, pipeline_, clock_);
      if (!recorder) return refuse("record_failed", recorder.error());
      recorder_ = std::move(*recorder);
      recorder_->adopt(plan_);
      sink = recorder_.get();
    }
    engine::EngineOptions options;
    options.notify = [this](Severity severity, std::string_view event, const std::string& text) {
      log_.write(severity, event, text);
    };
    options.on_tick = [this](const base::Moment& now) { tick(now); };
    auto engine = engine::Engine::create(io_, clock_, *sink, plan_, std::move(options));
    if (!engine) return refuse("cannot_probe", engine.error());
    engine_ = std::move(*engine);

    serve::ServerOptions served;
    served.listen = plan_->configuration.listen;
    served.inherited_socket = inherited_socket();
    served.web = plan_->configuration.web;
    served.notify = [this](Severity severity, std::string_view event, const std::string& text) {
      log_.write(severity, event, text);
    };
    publisher_.set_reload({true, clock_.read().wall});
    auto server = serve::Server::start(served, [this](Publisher::Done done) { publisher_.request(std::move(done)); });
    if (!server) return refuse("cannot_listen", server.error());
    server_ = std::move(*server);
    return true;
  }

  bool refuse(std::string_view event, const base::Error& error) {
    log_.write(Severity::kError, event, error.text);
    return false;
  }

  void wake() {
    if (engine_) engine_->wake();
  }

  void tick(const base::Moment& now) {
    pipeline_.advance(now);
    if (const auto urgent = pipeline_.take_urgent(); !urgent.empty()) engine_->ask_now(urgent);
    chronicler_.tick(now);
    publisher_.set_ended(chronicler_.ended());
    if (publisher_.tick(
            now, [this] { return engine_->health(); }, [this] { return chronicler_.health(); }))
      engine_->wake();
    if (recorder_ && now.mono - recorded_ >= std::chrono::milliseconds(200)) {
      recorded_ = now.mono;
      recorder_->flush();
    }
  }

  void wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      if (signal == SIGHUP) {
        reload();
        wait_for_signal();
        return;
      }
      log_.write(Severity::kInfo, "stopping", "", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
      ::sd_notify(0, "STOPPING=1");
      engine_->stop();
      io_.stop();
    });
  }

  // Loading may take a while (many targets, a slow disk): it happens beside probing.
  void reload() {
    if (is_loading_) return;
    is_loading_ = true;
    if (loading_.joinable()) loading_.join();
    loading_ = std::thread([this] {
      auto loaded = std::make_shared<config::Loaded>(config::load_file(config_path_));
      asio::post(io_, [this, loaded] {
        is_loading_ = false;
        apply(*loaded);
      });
    });
  }

  void apply(const config::Loaded& loaded) {
    for (const config::Fault& fault : loaded.faults) {
      log_.write(Severity::kError, "reload_fault", fault.to_string());
    }
    std::shared_ptr<const config::Plan> plan;
    if (loaded.faults.empty()) {
      plan = config::make_plan(loaded.configuration, plan_.get());
      if (const auto bindings = engine::check_bindings(*plan); !bindings) {
        log_.write(Severity::kError, "reload_fault", bindings.error().text);
        plan = nullptr;
      }
    }
    if (!plan) {
      reload_.was_successful = false;
      publisher_.set_reload(reload_);
      log_.write(Severity::kError, "reload_failed", "nothing was changed");
      return;
    }
    warn_of_what_needs_a_restart(loaded.configuration);
    plan_ = plan;
    publisher_.restart();
    pipeline_.adopt(plan_);
    if (recorder_) recorder_->adopt(plan_);
    engine_->adopt(plan_);
    server_->adopt(plan_->configuration.web);
    chronicler_.set_retention(plan_->configuration.retention);
    log_.set_level(plan_->configuration.log_level);
    reload_ = {true, clock_.read().wall};
    publisher_.set_reload(reload_);
    log_.write(Severity::kInfo, "reloaded", "", {{"channels", std::to_string(active_channels())}});
  }

  void warn_of_what_needs_a_restart(const config::Configuration& next) {
    const config::Configuration& now = plan_->configuration;
    const auto warn = [this](std::string_view key) {
      log_.write(Severity::kWarning, "restart_needed", fmt::format("{}: changes only with a restart", key));
    };
    if (next.listen != now.listen) warn("listen");
    if (next.record != now.record) warn("record");
    if (next.journal != now.journal) warn("journal");
    if (next.engine.late_window != now.engine.late_window) warn("engine.late_window");
  }

  std::size_t active_channels() const {
    return static_cast<std::size_t>(
        std::count_if(plan_->channels.begin(), plan_->channels.end(), [](const auto& c) { return c.is_active; }));
  }

  std::string config_path_;
  Log& log_;
  base::SystemClock clock_;
  asio::io_context io_{1};
  std::shared_ptr<const config::Plan> plan_;
  pipeline::Pipeline pipeline_;
  std::unique_ptr<Recorder> recorder_;
  Chronicler chronicler_;
  Publisher publisher_;
  asio::signal_set signals_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<serve::Server> server_;
  std::thread loading_;
  bool is_loading_ = false;
  serve::Reload reload_;
  base::MonoTime recorded_{};
};

Daemon::Daemon(std::string config_path, config::Configuration configuration, Log& log)
    : impl_(std::make_unique<Impl>(std::move(config_path), std::move(configuration), log)) {}
Daemon::~Daemon() = default;
int Daemon::run() { return impl_->run(); }

}  // namespace blipd::app
