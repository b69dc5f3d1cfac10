// Every key that a configuration file may hold, by the mapping that it may stand in. The loader refuses
// what is not listed here, and docs/configuration.md is held to the same list by a test.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace blipd::config {

using Keys = std::span<const std::string_view>;

namespace keys {
using std::string_view;
inline constexpr auto kTop =
    std::to_array<string_view>({"vantage", "defaults", "probes", "countries", "targets_files", "budget", "detect",
                                "engine", "evidence", "listen", "web", "journal", "retention", "record", "log"});
inline constexpr auto kVantage = std::to_array<string_view>({"name", "controls"});
inline constexpr auto kControl = std::to_array<string_view>({"name", "host", "network", "upstream", "probes"});
inline constexpr auto kDefaults = std::to_array<string_view>({"probes"});
inline constexpr auto kCountry = std::to_array<string_view>({"code", "name", "networks"});
inline constexpr auto kNetwork =
    std::to_array<string_view>({"name", "asn", "access", "upstream", "weight", "probes", "targets"});
inline constexpr auto kTarget = std::to_array<string_view>({"name", "host", "probes"});
inline constexpr auto kProbe = std::to_array<string_view>({"type"});
inline constexpr auto kUse = std::to_array<string_view>({"use", "name"});
// Taken by defaults, every probe, network, target and control, and by a use of a probe.
inline constexpr auto kSettings =
    std::to_array<string_view>({"interval", "timeout", "source", "interface", "dscp", "ttl", "rtt_buckets"});
inline constexpr auto kIcmp = std::to_array<string_view>({"size", "dont_fragment", "flows"});
inline constexpr auto kTcp = std::to_array<string_view>({"port", "mode", "flows"});
inline constexpr auto kDns = std::to_array<string_view>(
    {"query", "record", "transport", "port", "recursion_desired", "nsid", "edns_size", "expect", "flows"});
inline constexpr auto kHttp = std::to_array<string_view>(
    {"method", "tls", "port", "host", "path", "redirects", "body_limit", "user_agent", "expect"});
inline constexpr auto kTrace = std::to_array<string_view>({"method", "port", "max_hops", "attempts"});
inline constexpr auto kExpect = std::to_array<string_view>({"rcodes", "answer_matches", "answer_mismatches"});
inline constexpr auto kHttpExpect = std::to_array<string_view>(
    {"status", "body_matches", "body_mismatches", "body_sha256", "certificate_days", "verify", "ca_file"});
inline constexpr auto kBudget = std::to_array<string_view>({"total_rate", "prefix_rate", "do_not_probe"});
inline constexpr auto kDetect = std::to_array<string_view>({"down_threshold",
                                                            "small_down_threshold",
                                                            "up_threshold",
                                                            "clip",
                                                            "false_failure",
                                                            "down_failure",
                                                            "congested_failure",
                                                            "usual_alpha",
                                                            "usual_floor",
                                                            "control_quorum",
                                                            "blip_limit",
                                                            "recovery",
                                                            "relapse",
                                                            "sustained",
                                                            "flap_penalty",
                                                            "flap_ceiling",
                                                            "flap_half_life",
                                                            "flap_window",
                                                            "unstable_from",
                                                            "unstable_until",
                                                            "chance",
                                                            "unstable_weight",
                                                            "partial_share",
                                                            "partial_ends",
                                                            "partial_hold",
                                                            "degraded_loss",
                                                            "degraded_deviations",
                                                            "cusum_slack",
                                                            "cusum_limit",
                                                            "review_after"});
inline constexpr auto kEngine = std::to_array<string_view>({"late_window", "max_lag", "ask_at_once", "shards"});
inline constexpr auto kEvidence = std::to_array<string_view>({"as_table", "packets", "directory", "keep", "most"});
inline constexpr auto kWeb = std::to_array<string_view>({"config_file", "reload"});
inline constexpr auto kLog = std::to_array<string_view>({"level"});
// A target file in Prometheus' file_sd form, and the labels in it that mean something here.
inline constexpr auto kTargetGroup = std::to_array<string_view>({"targets", "labels"});
inline constexpr auto kLabels = std::to_array<string_view>({"country", "network", "probes"});
// The file of `web.config_file`, in the shape of Prometheus' web configuration file. What has `Refused` in its name
// means something to Prometheus and nothing here.
inline constexpr auto kWebFile =
    std::to_array<string_view>({"tls_server_config", "http_server_config", "basic_auth_users"});
inline constexpr auto kWebFileRefused = std::to_array<string_view>({"rate_limit"});
inline constexpr auto kTlsServer =
    std::to_array<string_view>({"cert_file", "key_file", "client_auth_type", "client_ca_file", "min_version",
                                "max_version", "cipher_suites", "curve_preferences", "prefer_server_cipher_suites"});
inline constexpr auto kTlsServerRefused =
    std::to_array<string_view>({"cert", "key", "client_ca", "client_allowed_sans"});
inline constexpr auto kHttpServer = std::to_array<string_view>({"http2", "headers"});
inline constexpr auto kHeaders =
    std::to_array<string_view>({"Strict-Transport-Security", "Content-Security-Policy", "X-Frame-Options",
                                "X-Content-Type-Options", "X-XSS-Protection"});
}  // namespace keys

struct KeyGroup {
  std::string_view name;
  Keys keys;
};

// All of the above under the names that the documentation uses.
std::vector<KeyGroup> key_groups();

// The candidate that was probably meant: at most two slips of one letter away (one for short words), where
// two neighbours swapped are one slip (optimal string alignment distance); or one that the word begins.
std::optional<std::string_view> nearest(std::string_view word, Keys candidates);

}  // namespace blipd::config
