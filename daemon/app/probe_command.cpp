#include "daemon/app/probe_command.hpp"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <optional>
#include <utility>

#include "config/load.hpp"
#include "config/plan.hpp"
#include "daemon/app/app.hpp"
#include "daemon/app/probe_verdict.hpp"
#include "daemon/engine/engine.hpp"

namespace blipd::app {

namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kResolvePatience(6);
constexpr std::chrono::milliseconds kRetry(50);

std::vector<probes::ProbeSpec> default_ways() {
  const auto make = [](const char* name, auto ask) {
    probes::ProbeSpec spec;
    spec.name = name;
    spec.ask = std::move(ask);
    return spec;
  };
  probes::DnsSpec root;
  root.query = ".";
  root.record = "SOA";
  return {make("icmp", probes::IcmpSpec{}), make("tcp/80", probes::TcpSpec{80, probes::TcpMode::kSyn}),
          make("tcp/443", probes::TcpSpec{443, probes::TcpMode::kSyn}), make("dns", std::move(root))};
}

// Every way that the configuration knows, each once by name.
std::vector<probes::ProbeSpec> ways_of(const config::Configuration& configuration) {
  std::map<std::string, probes::ProbeSpec> ways;
  const auto add = [&](const config::Target& target) {
    for (const probes::ProbeSpec& spec : target.probes) ways.try_emplace(spec.name, spec);
  };
  for (const config::Control& control : configuration.controls) add(control.target);
  for (const config::Country& country : configuration.countries) {
    for (const config::Network& network : country.networks) {
      for (const config::Target& target : network.targets) add(target);
    }
  }
  std::vector<probes::ProbeSpec> all;
  for (auto& [name, spec] : ways) all.push_back(std::move(spec));
  return all;
}

// The configured target that somebody means by its name or its host.
const config::Target* find_target(const config::Configuration& configuration, const std::string& wanted) {
  for (const config::Country& country : configuration.countries) {
    for (const config::Network& network : country.networks) {
      for (const config::Target& target : network.targets) {
        if (target.name == wanted || target.host == wanted) return &target;
      }
    }
  }
  for (const config::Control& control : configuration.controls) {
    if (control.target.name == wanted || control.target.host == wanted) return &control.target;
  }
  return nullptr;
}

// A configuration of just the hosts that were named; politeness as configured.
config::Configuration only(const config::Configuration& configuration, const std::vector<std::string>& hosts,
                           const std::vector<probes::ProbeSpec>& otherwise) {
  config::Configuration result;
  result.budget = configuration.budget;
  result.engine = configuration.engine;
  config::Network network;
  network.name = "probe";
  for (const std::string& host : hosts) {
    const config::Target* known = find_target(configuration, host);
    network.targets.push_back(known != nullptr ? *known : config::Target{host, host, otherwise});
    network.targets.back().name = host;
  }
  result.countries.push_back({"XX", "asked once", {network}});
  return result;
}

// Asks every channel of the plan once; those whose names are still being looked up, once they resolve.
class OneRound final : public probes::ResultSink {
 public:
  explicit OneRound(std::shared_ptr<const config::Plan> plan)
      : plan_(std::move(plan)), answers_(plan_->channels.size()) {
    for (probes::ChannelIndex i = 0; i < answers_.size(); ++i) to_ask_.push_back(i);
  }

  base::Expected<void> run() {
    engine::EngineOptions options;
    options.pace = engine::Pace::kOnRequest;
    options.notify = [](engine::Severity severity, std::string_view, const std::string& text) {
      if (severity != engine::Severity::kInfo) fmt::print(stderr, "{}\n", text);
    };
    auto engine = engine::Engine::create(io_, clock_, *this, plan_, std::move(options));
    if (!engine) return tl::unexpected(engine.error());
    engine_ = std::move(*engine);
    resolve_until_ = clock_.read().mono + kResolvePatience;
    engine_->start();
    ask();
    io_.run();
    engine_.reset();
    return {};
  }

  // By channel; all present after run().
  const std::vector<std::optional<ProbeAnswer>>& answers() const { return answers_; }

  void on_sent(probes::ChannelIndex, base::MonoTime) override {}
  void on_remark(const probes::Remark&) override {}
  void on_result(const probes::Result& result, const probes::AnswerDetail* detail) override {
    const bool is_unresolved = result.abort_reason == probes::AbortReason::kUnresolved;
    if (is_unresolved && result.settled < resolve_until_) {
      to_ask_.push_back(result.channel);
      return;
    }
    auto& answer = answers_[result.channel];
    if (answer) return;
    answer = ProbeAnswer{plan_->channels[result.channel].spec(), result,
                         detail != nullptr ? *detail : probes::AnswerDetail{}, clock_.read().wall};
    if (++answered_ < answers_.size()) return;
    engine_->stop();
    io_.stop();
  }

 private:
  void ask() {
    engine_->ask_now(std::exchange(to_ask_, {}));
    timer_.expires_after(kRetry);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) ask();
    });
  }

  std::shared_ptr<const config::Plan> plan_;
  base::SystemClock clock_;
  asio::io_context io_{1};
  asio::steady_timer timer_{io_};
  std::unique_ptr<engine::Engine> engine_;
  base::MonoTime resolve_until_{};
  std::vector<probes::ChannelIndex> to_ask_;
  std::vector<std::optional<ProbeAnswer>> answers_;
  std::size_t answered_ = 0;
};

void print(const config::Plan& plan, const std::vector<std::optional<ProbeAnswer>>& answers) {
  for (const config::PlannedTarget& target : plan.targets) {
    fmt::print("{}\n", target.host == target.name ? target.name : fmt::format("{} ({})", target.name, target.host));
    std::vector<ProbeAnswer> of_target;
    for (const probes::ChannelIndex channel : target.channels) {
      if (!answers[channel]) continue;
      of_target.push_back(*answers[channel]);
      fmt::print("  {:<12} {}\n", of_target.back().spec.name, describe(of_target.back()));
    }
    fmt::print("  {:<12} {}\n", "verdict", compare(of_target));
  }
}

}  // namespace

int run_probe(const std::string& config_path, const std::vector<std::string>& hosts) {
  config::Configuration configuration;
  std::vector<probes::ProbeSpec> ways = default_ways();
  if (!config_path.empty()) {
    config::Loaded loaded = config::load_file(config_path, {.web_files = config::WebFiles::kLeave});
    for (const config::Fault& fault : loaded.faults) fmt::print(stderr, "{}\n", fault.to_string());
    if (!loaded.faults.empty()) return loaded.faults.front().line == 0 ? kExitEnvironment : kExitInput;
    configuration = std::move(loaded.configuration);
    ways = ways_of(configuration);
  }
  const auto plan = config::make_plan(only(configuration, hosts, ways), nullptr);
  OneRound round(plan);
  if (const auto done = round.run(); !done) {
    fmt::print(stderr, "{}\n", done.error().text);
    return kExitEnvironment;
  }
  print(*plan, round.answers());
  return kExitFine;
}

}  // namespace blipd::app
