#include "daemon/app/probe_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "config/as_table.hpp"
#include "config/load.hpp"
#include "config/plan.hpp"
#include "daemon/app/app.hpp"
#include "daemon/app/path_words.hpp"
#include "daemon/app/probe_verdict.hpp"
#include "daemon/detect/host_signs.hpp"
#include "daemon/engine/engine.hpp"
#include "daemon/evidence/geography.hpp"

namespace blipd::app {

namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kResolvePatience(6);
constexpr std::chrono::milliseconds kRetry(50);
// So long a second answer to a DNS query is listened for: who forges one is mostly nearer than the server.
constexpr std::chrono::seconds kSecondAnswer(1);
constexpr std::chrono::seconds kTraceTimeout(1);
// Within the budget of one prefix traces wait for one another.
constexpr std::chrono::minutes kTracePatience(2);

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

// As the daemon traces it where it is told to; else with the ports that are usual.
void add_traces(config::Ways& ways) {
  for (const auto& [method, port] : {std::pair<probes::TraceMethod, std::uint16_t>{probes::TraceMethod::kIcmp, 0},
                                     {probes::TraceMethod::kUdp, 33434},
                                     {probes::TraceMethod::kTcp, 80}}) {
    const bool is_there = std::ranges::any_of(ways, [&, wanted = method](const probes::ProbeSpec& spec) {
      const auto* const trace = std::get_if<probes::TraceSpec>(&spec.ask);
      return trace != nullptr && trace->method == wanted;
    });
    if (is_there) continue;
    probes::ProbeSpec spec;
    spec.name = fmt::format("path by {}", probes::kTraceMethodNames[static_cast<std::size_t>(method)]);
    spec.timeout = kTraceTimeout;
    probes::TraceSpec trace;
    trace.method = method;
    trace.port = port;
    spec.ask = trace;
    ways.push_back(std::move(spec));
  }
}

// Without it paths are shown all the same; it is not asked for until then, since it may be large.
void read_table(config::Evidence& evidence) {
  if (evidence.as_table.empty()) return;
  config::Faults faults(evidence.as_table);
  auto table = config::read_as_table(evidence.as_table, faults);
  if (!table) {
    fmt::print(stderr, "{}: {}\n", evidence.as_table, table.error().text);
    return;
  }
  evidence.table = std::make_shared<const config::AsTable>(std::move(*table));
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
                           const std::vector<probes::ProbeSpec>& otherwise, ProbeTraces traces) {
  config::Configuration result;
  result.evidence.table = configuration.evidence.table;
  result.budget = configuration.budget;
  result.engine = configuration.engine;
  config::Network network;
  network.name = "probe";
  for (const std::string& host : hosts) {
    const config::Target* known = find_target(configuration, host);
    network.targets.push_back(known != nullptr ? *known : config::Target{host, host, otherwise});
    network.targets.back().name = host;
    if (traces == ProbeTraces::kAll) add_traces(network.targets.back().traces);
  }
  result.countries.push_back({"XX", "asked once", {network}});
  return result;
}

// Asks every channel of the plan once; those whose names are still being looked up, once they resolve. Then traces its
// paths, if it is to.
class OneRound final : public probes::ResultSink {
 public:
  OneRound(std::shared_ptr<const config::Plan> plan, ProbeTraces traces)
      : plan_(std::move(plan)), answers_(plan_->channels.size()) {
    const std::size_t paths = traces == ProbeTraces::kAll ? plan_->traces.size() : 0;
    for (config::TraceIndex i = 0; i < paths; ++i) to_trace_.insert(plan_->trace_name(i));
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
  // By the name of the trace. What is not there was not to be had in time.
  const std::map<std::string, probes::TracedPath>& paths() const { return paths_; }
  // What further answers to that one's probe show.
  std::set<event::HostSign> signs(probes::ChannelIndex channel) const {
    const auto found = signs_.find(channel);
    return found == signs_.end() ? std::set<event::HostSign>() : found->second;
  }

  void on_sent(probes::ChannelIndex, base::MonoTime) override {}
  void on_remark(const probes::Remark& remark) override {
    const auto sign = detect::sign_of(remark, plan_->channels[remark.channel].spec());
    if (sign) signs_[remark.channel].insert(*sign);
  }
  void on_result(const probes::Result& result, const probes::AnswerDetail* detail) override {
    const bool is_unresolved = result.abort_reason == probes::AbortReason::kUnresolved;
    if (is_unresolved && result.settled < resolve_until_) {
      to_ask_.push_back(result.channel);
      return;
    }
    auto& answer = answers_[result.channel];
    if (answer) return;
    answer = ProbeAnswer{plan_->channels[result.channel].spec(),
                         result,
                         detail != nullptr ? *detail : probes::AnswerDetail{},
                         clock_.read().wall,
                         {}};
    if (result.answer == probes::AnswerKind::kDnsMessage) listen_until_ = clock_.read().mono + kSecondAnswer;
    ++answered_;
    end_if_done();
  }

 private:
  void ask() {
    engine_->ask_now(std::exchange(to_ask_, {}));
    timer_.expires_after(kRetry);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      if (answered_ == answers_.size() && !to_trace_.empty()) trace();
      end_if_done();
      ask();
    });
  }

  void trace() {
    if (!trace_until_) {
      std::vector<config::TraceIndex> all(plan_->traces.size());
      std::iota(all.begin(), all.end(), config::TraceIndex{0});
      engine_->trace_now(all);
      trace_until_ = clock_.read().mono + kTracePatience;
    }
    for (probes::TracedPath& path : engine_->take_paths()) {
      if (to_trace_.erase(path.name) > 0) paths_.emplace(path.name, std::move(path));
    }
    if (clock_.read().mono >= *trace_until_) to_trace_.clear();
  }

  void end_if_done() {
    if (answered_ < answers_.size() || !to_trace_.empty() || clock_.read().mono < listen_until_) return;
    engine_->stop();
    io_.stop();
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
  std::map<probes::ChannelIndex, std::set<event::HostSign>> signs_;
  base::MonoTime listen_until_{};
  std::set<std::string> to_trace_;
  std::map<std::string, probes::TracedPath> paths_;
  std::optional<base::MonoTime> trace_until_;  // absent: not begun
};

void print_paths(const config::Plan& plan, config::TargetIndex target, const OneRound& round) {
  for (config::TraceIndex i = 0; i < plan.traces.size(); ++i) {
    if (plan.traces[i].target != target) continue;
    const auto path = round.paths().find(plan.trace_name(i));
    if (path == round.paths().end()) continue;
    fmt::print("  {}\n{}", plan.traces[i].asks->name,
               describe(evidence::seen_of(path->second, plan.configuration.evidence.table.get(), {})));
  }
}

void print(const config::Plan& plan, const OneRound& round) {
  const std::vector<std::optional<ProbeAnswer>>& answers = round.answers();
  config::TargetIndex index = 0;
  for (const config::PlannedTarget& target : plan.targets) {
    fmt::print("{}\n", target.host == target.name ? target.name : fmt::format("{} ({})", target.name, target.host));
    std::vector<ProbeAnswer> of_target;
    for (const probes::ChannelIndex channel : plan.channels_of(target)) {
      if (!answers[channel]) continue;
      of_target.push_back(*answers[channel]);
      of_target.back().signs = round.signs(channel);
      fmt::print("  {:<12} {}\n", of_target.back().spec.name, describe(of_target.back()));
    }
    fmt::print("  {:<12} {}\n", "verdict", compare(of_target));
    print_paths(plan, index++, round);
  }
}

}  // namespace

int run_probe(const std::string& config_path, const std::vector<std::string>& hosts, ProbeTraces traces) {
  config::Configuration configuration;
  std::vector<probes::ProbeSpec> ways = default_ways();
  if (!config_path.empty()) {
    config::Loaded loaded = config::load_file(config_path, {.web_files = config::WebFiles::kLeave});
    for (const config::Fault& fault : loaded.faults) fmt::print(stderr, "{}\n", fault.to_string());
    if (!loaded.faults.empty()) return loaded.faults.front().line == 0 ? kExitEnvironment : kExitInput;
    configuration = std::move(loaded.configuration);
    ways = ways_of(configuration);
    if (traces == ProbeTraces::kAll) read_table(configuration.evidence);
  }
  const auto plan = config::make_plan(only(configuration, hosts, ways, traces), nullptr);
  OneRound round(plan, traces);
  if (const auto done = round.run(); !done) {
    fmt::print(stderr, "{}\n", done.error().text);
    return kExitEnvironment;
  }
  print(*plan, round);
  return kExitFine;
}

}  // namespace blipd::app
