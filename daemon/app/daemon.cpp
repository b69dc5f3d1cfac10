#include "daemon/app/daemon.hpp"

#include <malloc.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <numeric>
#include <optional>

#include "config/plan.hpp"
#include "daemon/app/app.hpp"
#include "daemon/app/chronicler.hpp"
#include "daemon/app/host_watch.hpp"
#include "daemon/app/packet_watch.hpp"
#include "daemon/app/path_watch.hpp"
#include "daemon/app/privileges.hpp"
#include "daemon/app/publisher.hpp"
#include "daemon/app/reaper.hpp"
#include "daemon/app/recorder.hpp"
#include "daemon/app/reloader.hpp"
#include "daemon/app/supervisor.hpp"
#include "daemon/app/target_watch.hpp"
#include "daemon/engine/engine.hpp"
#include "daemon/engine/means.hpp"
#include "daemon/pipeline/pipeline.hpp"
#include "daemon/serve/listen_socket.hpp"
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
  Impl(std::string config_path, config::Loaded loaded, config::Shard shard, Log& log)
      : config_path_(std::move(config_path)),
        log_(log),
        plan_(reaper_.watch(config::make_plan(loaded.configuration, nullptr))),
        pipeline_(plan_, clock_.read()),
        paths_(plan_, pipeline_, log),
        hosts_(plan_, pipeline_, log),
        publisher_(pipeline_, [this] { on_probing_thread([this] { wake(); }); }),
        supervisor_(Supervisor::of_environment(clock_.read().mono)),
        signals_(io_, SIGTERM, SIGINT, SIGHUP),
        reloader_(
            config_path_, std::move(loaded.text), plan_, shard, reaper_,
            [this](std::function<void()> work) { on_probing_thread(std::move(work)); },
            [this](const Reloader::Proposal& proposal) { return take(proposal); }),
        target_watch_([this] { on_probing_thread([this] { reloader_.request(Reloader::What::kTargetFiles, {}); }); }),
        target_sources_(std::move(loaded.targets)) {
    count_channels();
  }

  int run() {
    // What loading took and the plan does not need goes back to the machine.
    ::malloc_trim(0);
    if (!open()) return kExitEnvironment;
    wait_for_signal();
    engine_->start();
    log_.write(Severity::kInfo, "started", "",
               {{"config", config_path_},
                {"channels", std::to_string(channels_)},
                {"port", std::to_string(server_->port())},
                {"pid", std::to_string(::getpid())}});
    target_watch_.watch(target_sources_);
    io_.run();
    // No probe is under way any more when the last snapshot could be asked for: the server goes first.
    server_.reset();
    chronicler_->finish(clock_.read());
    engine_.reset();
    log_.write(Severity::kInfo, "stopped", "");
    return kExitFine;
  }

 private:
  void on_probing_thread(std::function<void()> work) { asio::post(io_, std::move(work)); }

  std::unique_ptr<journal::Journal> open_journal() {
    const config::Options& configuration = plan_->configuration;
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

  // First what takes privileges, then an end of them, then the rest: capabilities are each thread's own, so none is
  // started before (the log's gives them up by itself).
  bool open() {
    if (!open_engine()) return false;
    serve::ServerOptions served;
    served.listen = plan_->configuration.listen;
    served.inherited_socket = inherited_socket();
    const auto listening = serve::open_listen_socket(served);
    if (!listening) return refuse("cannot_listen", listening.error());
    served.inherited_socket = listening->descriptor;
    served.web = plan_->configuration.web;
    served.notify = [this](Severity severity, std::string_view event, const std::string& text) {
      log_.write(severity, event, text);
    };
    served.request_verdicts = [this](serve::PublishedWish wish) { publisher_.request_verdicts(std::move(wish.done)); };
    served.reload = [this](Reloader::Done done) {
      on_probing_thread([this, done = std::move(done)] { reload(done); });
    };
    if (!give_up_privileges()) log_.write(Severity::kWarning, "privileges_kept", "the kernel would not take them back");

    chronicler_ = std::make_unique<Chronicler>(pipeline_, open_journal(), log_);
    if (packets_) packets_->open();
    chronicler_->listen([this](const event::Event& event) {
      const base::Moment now = clock_.read();
      paths_.on_event(event, now.mono);
      hosts_.on_event(event, now);
      if (packets_) packets_->on_event(event, now);
    });
    chronicler_->recall();
    reload_ = {true, clock_.read().wall};
    auto server = serve::Server::start(
        served, [this](serve::PublishedWish wish) { publisher_.request(std::move(wish.done), std::move(wish.begun)); });
    if (!server) return refuse("cannot_listen", server.error());
    server_ = std::move(*server);
    return true;
  }

  bool open_engine() {
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
    options.shards = plan_->configuration.engine.shards;
    if (plan_->configuration.evidence.is_recording()) {
      packets_ = std::make_unique<PacketWatch>(plan_, pipeline_, log_);
      options.make_tap = [this] { return packets_->make_tap(); };
    }
    options.on_tick = [this](const base::Moment& now) { tick(now); };
    auto engine = engine::Engine::create(io_, clock_, *sink, plan_, std::move(options));
    if (!engine) return refuse("cannot_probe", engine.error());
    engine_ = std::move(*engine);
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
    chronicler_->tick(now);
    paths_.tick(*engine_, now.mono);
    hosts_.tick(now);
    if (packets_) packets_->tick(now);
    if (publisher_.tick(now, [this](serve::Published& published) { complete(published); })) engine_->wake();
    if (recorder_ && now.mono - recorded_ >= std::chrono::milliseconds(200)) record(now);
    if (supervisor_.is_due(now.mono)) report_progress(now);
  }

  void complete(serve::Published& published) {
    published.health = engine_->health();
    published.journal = chronicler_->health();
    published.reload = reload_;
    published.ended = chronicler_->ended();
    published.paths = paths_.rows();
    if (packets_) published.recorder = packets_->health(published.health.is_capturing);
    if (recorder_) published.record = recorder_->health();
  }

  void record(const base::Moment& now) {
    recorded_ = now.mono;
    recorder_->flush();
    const serve::RecordHealth health = recorder_->health();
    if (!health.is_writing) record_failed_ = now.mono;
    // A disk that is nearly full takes a line now and then.
    const bool is_recording = !record_failed_ || now.mono - *record_failed_ >= std::chrono::seconds(5);
    if (std::exchange(is_recording_, is_recording) == is_recording) return;
    const std::string& path = plan_->configuration.record;
    if (is_recording) {
      log_.write(Severity::kInfo, "record_recovered", path, {{"dropped", std::to_string(health.dropped)}});
    } else {
      log_.write(Severity::kWarning, "record_degraded", path + " cannot be written; results are dropped and counted");
    }
  }

  void report_progress(const base::Moment& now) {
    const engine::Health health = engine_->health();
    Pulse pulse;
    pulse.is_receiving = health.is_receiving();
    pulse.is_first_round_settled = health.is_first_round_settled;
    pulse.asked = std::accumulate(health.lag_counts.begin(), health.lag_counts.end(), std::uint64_t{0});
    pulse.period = period_;
    pulse.is_whole = health.silent_shards == 0;
    const std::string status =
        fmt::format("{} channels, {} open events{}", channels_, chronicler_->open_events(),
                    pulse.is_first_round_settled ? "" : ", the first round of probes is under way");
    if (supervisor_.look(now.mono, pulse, status)) log_.write(Severity::kInfo, "ready", status);
  }

  void wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      if (signal == SIGHUP) {
        reload({});
        wait_for_signal();
        return;
      }
      log_.write(Severity::kInfo, "stopping", "", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
      supervisor_.stopping();
      engine_->stop();
      io_.stop();
    });
  }

  void reload(Reloader::Done done) {
    supervisor_.reloading(clock_.read().mono);
    reloader_.request(Reloader::What::kEverything, [this, done = std::move(done)](const serve::ReloadOutcome& outcome) {
      supervisor_.reloaded();
      if (done) done(outcome);
    });
  }

  // Applies what was loaded, if it can be.
  serve::ReloadOutcome take(const Reloader::Proposal& proposal) {
    const config::Loaded& loaded = proposal.loaded;
    // Those of a failed load, too: it is tried again when they have changed once more. A file that could not be
    // understood at all names none.
    if (loaded.faults.empty() || !loaded.targets.patterns.empty()) target_watch_.watch(loaded.targets);
    std::string faults;
    for (const std::string& fault : proposal.faults) {
      log_.write(Severity::kError, "reload_fault", fault);
      faults += fault + '\n';
    }
    if (!proposal.plan) {
      reload_.was_successful = false;
      log_.write(Severity::kError, "reload_failed", "nothing was changed");
      return {false, faults + "nothing was changed\n"};
    }
    for (const config::Fault& warning : loaded.warnings) {
      log_.write(Severity::kWarning, "config_warning", warning.to_string());
    }
    adopt(proposal.plan);
    log_.write(Severity::kInfo, "reloaded", "",
               {{"channels", std::to_string(channels_)},
                {"by", proposal.what == Reloader::What::kEverything ? "request" : "target_files"}});
    return {true, fmt::format("reloaded: {} channels\n", channels_)};
  }

  void adopt(std::shared_ptr<const config::Plan> plan) {
    warn_of_what_needs_a_restart(plan->configuration);
    plan_ = std::move(plan);
    count_channels();
    publisher_.restart();
    pipeline_.adopt(plan_);
    if (recorder_) recorder_->adopt(plan_);
    engine_->adopt(plan_);
    paths_.adopt(plan_);
    hosts_.adopt(plan_);
    if (packets_) packets_->adopt(plan_);
    server_->adopt(plan_->configuration.web);
    chronicler_->set_retention(plan_->configuration.retention);
    log_.set_level(plan_->configuration.log_level);
    reload_ = {true, clock_.read().wall};
  }

  void warn_of_what_needs_a_restart(const config::Options& next) {
    const config::Options& now = plan_->configuration;
    const auto warn = [this](std::string_view key) {
      log_.write(Severity::kWarning, "restart_needed", fmt::format("{}: changes only with a restart", key));
    };
    if (next.listen != now.listen) warn("listen");
    if (next.record != now.record) warn("record");
    if (next.journal != now.journal) warn("journal");
    if (next.engine.late_window != now.engine.late_window) warn("engine.late_window");
    if (next.engine.shards != now.engine.shards) warn("engine.shards");
    if (next.evidence.packets_bytes != now.evidence.packets_bytes) warn("evidence.packets");
    if (next.evidence.directory != now.evidence.directory) warn("evidence.directory");
  }

  void count_channels() {
    channels_ = 0;
    period_.reset();
    for (const config::PlannedChannel& channel : plan_->channels) {
      if (!channel.is_active) continue;
      ++channels_;
      period_ = std::min(period_.value_or(channel.spec().interval), channel.spec().interval);
    }
  }

  std::string config_path_;
  Log& log_;
  base::SystemClock clock_;
  asio::io_context io_{1};
  Reaper reaper_;
  std::shared_ptr<const config::Plan> plan_;
  std::size_t channels_ = 0;              // of it, active ones
  std::optional<base::Duration> period_;  // the shortest of their intervals
  pipeline::Pipeline pipeline_;
  PathWatch paths_;
  HostWatch hosts_;
  std::unique_ptr<PacketWatch> packets_;  // null: packets are not kept
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<Chronicler> chronicler_;
  Publisher publisher_;
  Supervisor supervisor_;
  asio::signal_set signals_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<serve::Server> server_;
  serve::Reload reload_;
  base::MonoTime recorded_{};
  std::optional<base::MonoTime> record_failed_;
  bool is_recording_ = true;
  // Their threads post to io_: they end first.
  Reloader reloader_;
  TargetWatch target_watch_;
  config::TargetSources target_sources_;  // those of the start
};

Daemon::Daemon(std::string config_path, config::Loaded loaded, config::Shard shard, Log& log)
    : impl_(std::make_unique<Impl>(std::move(config_path), std::move(loaded), shard, log)) {}
Daemon::~Daemon() = default;
int Daemon::run() { return impl_->run(); }

}  // namespace blipd::app
