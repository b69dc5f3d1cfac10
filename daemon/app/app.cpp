#include "daemon/app/app.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "daemon/app/check_command.hpp"
#include "daemon/app/probe_command.hpp"
#include "daemon/app/replay_command.hpp"
#include "daemon/app/report_command.hpp"
#include "daemon/app/run_command.hpp"
#include "daemon/app/simulate_command.hpp"
#include "daemon/app/status_command.hpp"
#include "daemon/serve/version.hpp"

namespace blipd::app {

namespace {

constexpr const char* kDefaultConfig = "/etc/blipd/blipd.yaml";
constexpr const char* kDefaultJournal = "/var/lib/blipd/journal.db";

struct Arguments {
  std::string config = kDefaultConfig;
  std::string shard = "1/1";
  std::string probe_config;  // empty: ask in the usual ways
  bool probe_trace = false;
  bool dump = false;
  std::vector<std::string> hosts;
  StatusOptions status;
  ReplayOptions replay;
  SimulateOptions simulate;
  ReportOptions report{kDefaultJournal, "", "", "text"};
};

const std::map<std::string, ListFormat> kListFormats = {{"text", ListFormat::kText}, {"json", ListFormat::kJson}};

// Empty when there is none.
std::string shard_problem(const std::string& text) {
  const auto shard = config::parse_shard(text);
  return shard ? std::string() : shard.error().text;
}

// What is wrong with the command line, in one line.
std::string usage_error(const CLI::App* program, const CLI::Error& error) {
  const std::vector<std::string> unknown = program->remaining();
  const bool is_no_command = program->get_subcommands().empty() && !unknown.empty() && !unknown[0].starts_with("-");
  const std::string what = is_no_command ? fmt::format("there is no command \"{}\"", unknown[0]) : error.what();
  return fmt::format("blipd: {}; blipd --help says what there is\n", what);
}

// Sets `call` to what the command line asks for.
void describe(CLI::App& program, Arguments& arguments, std::function<int()>& call) {
  program.set_version_flag("--version", fmt::format("blipd {}", serve::kVersion), "Print the version and exit");
  program.set_help_flag("--help,-h", "Print this help and exit");
  program.require_subcommand(1);
  program.failure_message(usage_error);
  program.footer(
      "Exit codes: 0 fine, 1 the input is at fault, 2 wrong use of the command line, 3 the environment is at fault.");

  const auto add_config = [&](CLI::App* command) {
    command->add_option("--config", arguments.config, "The configuration")->type_name("FILE")->capture_default_str();
  };
  const auto add_shard = [&](CLI::App* command) {
    command->add_option("--shard", arguments.shard, "Only this part of the networks, such as 2/5")
        ->check(CLI::Validator([](const std::string& text) { return shard_problem(text); }, "I/N"))
        ->type_name("")
        ->capture_default_str();
  };
  CLI::App* run = program.add_subcommand("run", "Run the daemon");
  add_config(run);
  add_shard(run);
  run->callback([&] { call = [&] { return run_daemon(arguments.config, *config::parse_shard(arguments.shard)); }; });

  CLI::App* check = program.add_subcommand("check", "Say every fault of a configuration at once");
  add_config(check);
  check->add_flag("--dump", arguments.dump, "Print the effective configuration");
  add_shard(check);
  check->callback([&] {
    call = [&] { return run_check(arguments.config, *config::parse_shard(arguments.shard), arguments.dump); };
  });

  CLI::App* probe = program.add_subcommand("probe", "Ask hosts once in each way, and compare the answers");
  probe->add_option("--config", arguments.probe_config, "Ask in the ways of this configuration")->type_name("FILE");
  probe->add_flag("--trace", arguments.probe_trace, "Trace the path to each by ICMP, UDP and TCP as well");
  probe->add_option("HOST", arguments.hosts, "Names or addresses")->type_name("")->required();
  probe->callback([&] {
    call = [&] {
      return run_probe(arguments.probe_config, arguments.hosts,
                       arguments.probe_trace ? ProbeTraces::kAll : ProbeTraces::kNone);
    };
  });

  CLI::App* report = program.add_subcommand("report", "Say what happened, from the journal");
  report->add_option("--journal", arguments.report.journal, "The journal")->type_name("FILE")->capture_default_str();
  report->add_option("--from", arguments.report.from, "RFC 3339 or Unix time (default: 30 days before)")
      ->type_name("TIME");
  report->add_option("--to", arguments.report.to, "RFC 3339 or Unix time (default: now)")->type_name("TIME");
  report->add_option("--format", arguments.report.format, "text, markdown, json, csv or html")
      ->check(CLI::IsMember({"text", "markdown", "json", "csv", "html"}).description(""))
      ->type_name("FORMAT");
  report->callback([&] { call = [&] { return run_report(arguments.report); }; });

  CLI::App* replay = program.add_subcommand("replay", "Play recorded results in virtual time");
  replay
      ->add_option("FILE", arguments.replay.file, "JSON lines or CSV, also packed with gzip or zstd; -: standard input")
      ->type_name("")
      ->required();
  replay->add_option("--config", arguments.replay.config, "Judge as this configuration says")->type_name("FILE");
  replay->add_option("--format", arguments.replay.format, "text or json")
      ->transform(CLI::CheckedTransformer(kListFormats).description(""))
      ->type_name("FORMAT");
  replay->add_option("--journal", arguments.replay.journal, "Write events and minutes there, for report and the page")
      ->type_name("FILE");
  replay->callback([&] { call = [&] { return run_replay(arguments.replay); }; });

  CLI::App* simulate = program.add_subcommand("simulate", "Play a scripted country in virtual time");
  simulate->add_option("SCENARIO", arguments.simulate.scenario, "A scenario file")->type_name("")->required();
  simulate->add_option("--config", arguments.simulate.config, "Ask as this configuration says")->type_name("FILE");
  simulate->add_option("--seed", arguments.simulate.seed, "Another run of chance than the scenario's")->type_name("N");
  simulate->add_option("--format", arguments.simulate.format, "text or json")
      ->transform(CLI::CheckedTransformer(kListFormats).description(""))
      ->type_name("FORMAT");
  simulate->add_option("--record", arguments.simulate.record, "Write every result there, for replay")
      ->type_name("FILE");
  simulate
      ->add_option("--journal", arguments.simulate.journal, "Write events and minutes there, for report and the page")
      ->type_name("FILE");
  simulate->add_flag("--dump", arguments.simulate.dump, "Print the configuration by which it asks, and play nothing");
  simulate->callback([&] { call = [&] { return run_simulate(arguments.simulate); }; });

  CLI::App* status = program.add_subcommand("status", "Show what the running daemon believes");
  status->add_option("--url", arguments.status.url, "Where the daemon listens")
      ->type_name("URL")
      ->capture_default_str();
  status->add_flag("--watch", arguments.status.watch, "Show it again each second, until Ctrl-C");
  status->add_option("--ca", arguments.status.authority_file, "Who vouches for an https daemon (default: the system's)")
      ->type_name("FILE");
  CLI::Option* user = status->add_option("--user", arguments.status.user, "Who asks")->type_name("NAME");
  CLI::Option* password =
      status->add_option("--password-file", arguments.status.password_file, "His password, in its first line")
          ->type_name("FILE");
  user->needs(password);
  password->needs(user);
  status->callback([&] { call = [&] { return run_status(arguments.status); }; });
}

}  // namespace

int main(int argc, char** argv) {
  try {
    CLI::App program("Watches whether a whole country is on the Internet", "blipd");
    Arguments arguments;
    std::function<int()> call;
    describe(program, arguments, call);
    try {
      program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      // --help and --version come this way too, with code 0.
      return program.exit(error) == 0 ? kExitFine : kExitUsage;
    }
    return call();
  } catch (const std::exception& error) {
    fmt::print(stderr, "blipd: {}\n", error.what());
    return kExitEnvironment;
  }
}

}  // namespace blipd::app
