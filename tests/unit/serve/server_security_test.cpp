// The server behind TLS and passwords, and POST /-/reload.
#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "config/web_file.hpp"
#include "tests/unit/folder.hpp"
#include "tests/unit/serve/running.hpp"
#include "tests/unit/serve/tls_client.hpp"

using namespace blipd;
using namespace blipd::serve;
using namespace std::chrono_literals;
using blipd::certificates::Identity;
using blipd::certificates::make_identity;
using blipd::test::Folder;
using sample::always;
using sample::Client;
using sample::fetch;
using sample::large;
using sample::loopback;
using sample::request;
using sample::start;
using sample::tls_fetch;
using sample::TlsClient;
using sample::TlsClientOptions;

namespace {

// Of "secret", at the lowest cost that there is.
const std::string kUsers = "basic_auth_users: {alice: $2y$04$8zzZJinAkAGE7iLQD.SfyO7Lm/RYv4cMqhG8T73SLVnIUtM5ivOLi}\n";
const std::string kAlice = "Authorization: Basic YWxpY2U6c2VjcmV0\r\n";  // alice:secret
const std::string kWrong = "Authorization: Basic YWxpY2U6d3Jvbmc=\r\n";  // alice:wrong
const std::string kTls = "tls_server_config: {cert_file: cert.pem, key_file: key.pem";

struct Site {
  Folder folder;
  Identity authority = make_identity({"authority", -60, 3600, true, nullptr});
  Identity identity = make_identity({"localhost", -60, 3600, false, &authority});

  Site() { renew(identity); }
  void renew(const Identity& next) const {
    folder.write("cert.pem", next.certificate_pem());
    folder.write("key.pem", next.key_pem());
    folder.write("ca.pem", authority.certificate_pem());
  }
  config::Web web(const std::string& text, bool reload = false) const {
    config::Web made;
    made.config_file = folder.write("web.yml", text);
    made.reload = reload;
    auto loaded = config::load_web_file(made.config_file);
    for (const config::Fault& fault : loaded.faults) UNSCOPED_INFO(fault.to_string());
    REQUIRE(loaded.file);
    made.file = loaded.file;
    return made;
  }
  ServerOptions options(const std::string& text) const {
    ServerOptions made = loopback();
    made.web = web(text);
    return made;
  }
};

std::string closing(std::string_view target, const std::string& more = "", std::string_view method = "GET") {
  return request(target, method, "Connection: close\r\n" + more);
}

std::string plain(std::uint16_t port, const std::string& text) {
  Client client(port);
  client.send(text);
  return client.receive_all();
}

std::string status_of(const std::string& answer) { return answer.substr(0, answer.find("\r\n")); }

std::string tls_counter(std::uint16_t port, const std::string& series) {
  return sample::read_metrics(sample::body_of(tls_fetch(port, closing("/metrics")))).at(series);
}

// Waits for what another thread does.
bool comes(const std::function<bool()>& claim) {
  for (int i = 0; i < 500; ++i) {
    if (claim()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

}  // namespace

TEST_CASE("over TLS everything is as without, down to a long stream") {
  const Site site;
  const auto server = start(site.options(kTls + "}\n"), always(large()));
  const TlsClientOptions trusting{&site.authority, nullptr, TLS1_3_VERSION, TLS1_2_VERSION};
  const std::string answer = tls_fetch(server->port(), closing("/metrics"), trusting);
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(sample::body_of(answer).size() > 1'000'000);
  // Until the connection ends, for those who know no chunks: that the end is meant is said.
  const std::string old = tls_fetch(server->port(), "GET /metrics HTTP/1.0\r\n\r\n", trusting);
  CHECK(old.size() > 1'000'000);
  TlsClient client(server->port(), {&site.authority, nullptr, TLS1_2_VERSION, TLS1_2_VERSION});
  REQUIRE(client.shake());
  CHECK(std::string(client.version()) == "TLSv1.2");
  client.send(request("/-/healthy") + closing("/-/healthy"));
  const std::string both = client.receive_all();
  CHECK(both.find("healthy\n") != both.rfind("healthy\n"));
}

TEST_CASE("plain HTTP on a TLS port is told so with 400, and gets nothing") {
  const Site site;
  const auto server = start(site.options(kTls + "}\n"));
  const std::string answer = fetch(server->port(), "/metrics");
  CHECK(status_of(answer) == "HTTP/1.1 400 Bad Request");
  CHECK(answer.find("this port speaks TLS") != std::string::npos);
  CHECK(answer.find("blipd_") == std::string::npos);
}

TEST_CASE("versions of TLS before 1.2 are refused, and counted") {
  const Site site;
  const auto server = start(site.options(kTls + "}\n"));
  TlsClient old(server->port(), {nullptr, nullptr, TLS1_1_VERSION, TLS1_VERSION});
  CHECK_FALSE(old.shake());
  CHECK(tls_counter(server->port(), "blipd_http_tls_failures_total{reason=\"handshake\"}") == "1");
}

TEST_CASE("only clients whose certificate the authority vouches for are let in where that is demanded") {
  const Site site;
  const auto server =
      start(site.options(kTls + ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem}\n"));
  const Identity good = make_identity({"scraper", -60, 3600, false, &site.authority});
  const Identity ended = make_identity({"scraper", -7200, -60, false, &site.authority});
  const Identity self_signed = make_identity({"scraper"});
  const auto refused = [&](const Identity* own) {
    TlsClient client(server->port(), {nullptr, own, TLS1_3_VERSION, TLS1_2_VERSION});
    client.shake();
    return client.alert();
  };
  CHECK(refused(nullptr) == "tlsv13 alert certificate required");
  CHECK(refused(&ended) == "sslv3 alert certificate expired");
  CHECK(refused(&self_signed).find("alert") != std::string::npos);
  const TlsClientOptions with_good{&site.authority, &good, TLS1_3_VERSION, TLS1_2_VERSION};
  const std::string answer = tls_fetch(server->port(), closing("/metrics"), with_good);
  CHECK(sample::read_metrics(sample::body_of(answer)).at("blipd_http_tls_failures_total{reason=\"certificate\"}") ==
        "3");
}

TEST_CASE("a handshake that does not come about is cut off after its time, and counted") {
  const Site site;
  ServerOptions options = site.options(kTls + "}\n");
  options.request_timeout = 300ms;
  const auto server = start(options);
  Client slow(server->port());
  std::atomic<bool> is_done = false;
  std::thread trickle([&] {
    const std::string hello = std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + std::string(400, 'x');
    for (const char byte : hello) {
      if (is_done) return;
      slow.send(std::string_view(&byte, 1));
      std::this_thread::sleep_for(10ms);
    }
  });
  CHECK(slow.is_closed());
  is_done = true;
  trickle.join();
  Client silent(server->port());
  CHECK(silent.is_closed());
  CHECK(tls_counter(server->port(), "blipd_http_cut_off_connections_total") == "1");
}

TEST_CASE("a slow request and a reader that never reads are cut off over TLS as well") {
  const Site site;
  ServerOptions options = site.options(kTls + "}\n");
  options.request_timeout = 300ms;
  const auto server = start(options, always(large()));
  TlsClient slow(server->port());
  REQUIRE(slow.shake());
  slow.send("GET /metrics HTTP/1.1\r\n");
  CHECK(status_of(slow.receive_all()) == "HTTP/1.1 408 Request Timeout");
  TlsClient greedy(server->port());
  REQUIRE(greedy.shake());
  for (int i = 0; i < 20; ++i) greedy.send(request("/metrics"));
  CHECK(comes([&] { return tls_counter(server->port(), "blipd_http_cut_off_connections_total") == "2"; }));
}

TEST_CASE("over the limit of connections a TLS client hears an alert, and it is counted") {
  const Site site;
  ServerOptions options = site.options(kTls + "}\n");
  options.max_connections = 2;
  const auto server = start(options);
  {
    TlsClient first(server->port());
    TlsClient second(server->port());
    REQUIRE(first.shake());
    REQUIRE(second.shake());
    TlsClient third(server->port());
    CHECK_FALSE(third.shake());
  }
  CHECK(comes([&] { return !tls_fetch(server->port(), closing("/-/healthy")).empty(); }));
  CHECK(std::stoi(tls_counter(server->port(), "blipd_http_refused_connections_total")) >= 1);
}

TEST_CASE("with users everything needs a password, health included") {
  const Site site;
  const auto server = start(site.options(kUsers));
  for (const char* path : {"/", "/metrics", "/-/healthy", "/-/ready", "/-/reload", "/nowhere", "/api/v1/status"}) {
    INFO(path);
    const std::string answer = plain(server->port(), closing(path));
    CHECK(status_of(answer) == "HTTP/1.1 401 Unauthorized");
    CHECK(answer.find("\r\nWWW-Authenticate: Basic realm=\"blipd\", charset=\"UTF-8\"\r\n") != std::string::npos);
  }
  CHECK(status_of(plain(server->port(), closing("/-/healthy", kAlice))) == "HTTP/1.1 200 OK");
  CHECK(status_of(plain(server->port(), closing("/-/healthy", kWrong))) == "HTTP/1.1 401 Unauthorized");
  CHECK(plain(server->port(), closing("/-/healthy", kWrong, "HEAD")).ends_with("\r\n\r\n"));
  const auto metrics = sample::read_metrics(sample::body_of(plain(server->port(), closing("/metrics", kAlice))));
  CHECK(metrics.at("blipd_http_auth_failures_total") == "2");
  CHECK(metrics.at("blipd_http_requests_total{code=\"401\"}") == "9");
}

TEST_CASE("a connection stays usable after a refusal") {
  const Site site;
  const auto server = start(site.options(kUsers));
  const std::string both = plain(server->port(), request("/-/healthy", "GET", kWrong) + closing("/-/healthy", kAlice));
  CHECK(both.find("HTTP/1.1 401 ") == 0);
  CHECK(both.find("HTTP/1.1 200 ") != std::string::npos);
}

TEST_CASE("a renewed certificate and a new password are used within a second, a faulty file changes nothing") {
  const Site site;
  ServerOptions options = site.options(kTls + "}\n");
  std::mutex mutex;
  std::vector<std::string> heard;
  options.notify = [&](engine::Severity, std::string_view event, const std::string&) {
    const std::lock_guard lock(mutex);
    heard.emplace_back(event);
  };
  const auto server = start(options);
  const auto is_shown = [&](const Identity& identity) {
    TlsClient client(server->port());
    return client.shake() && X509_cmp(client.shown(), identity.certificate.get()) == 0;
  };
  REQUIRE(is_shown(site.identity));
  const Identity renewed = make_identity({"localhost", -60, 7200, false, &site.authority});
  site.folder.write("key.pem", renewed.key_pem());  // not yet that of the certificate
  CHECK(comes([&] { return tls_counter(server->port(), "blipd_http_web_config_last_reload_successful") == "0"; }));
  CHECK(is_shown(site.identity));
  site.folder.write("cert.pem", renewed.certificate_pem());
  CHECK(comes([&] { return is_shown(renewed); }));
  CHECK(tls_counter(server->port(), "blipd_http_web_config_last_reload_successful") == "1");
  site.folder.write("web.yml", kTls + "}\n" + kUsers);
  CHECK(comes([&] { return tls_fetch(server->port(), closing("/-/healthy")).find(" 401 ") != std::string::npos; }));
  const std::lock_guard lock(mutex);
  CHECK(heard == std::vector<std::string>{"web_config_fault", "web_config_failed", "web_config_reloaded",
                                          "web_config_reloaded"});
}

TEST_CASE("what is adopted counts from then on") {
  const Site site;
  const auto server = start(loopback());
  CHECK(status_of(fetch(server->port(), "/-/healthy")) == "HTTP/1.1 200 OK");
  server->adopt(site.web(kUsers));
  CHECK(comes([&] { return status_of(fetch(server->port(), "/-/healthy")) == "HTTP/1.1 401 Unauthorized"; }));
  server->adopt(config::Web{});
  CHECK(comes([&] { return status_of(fetch(server->port(), "/-/healthy")) == "HTTP/1.1 200 OK"; }));
}

TEST_CASE(
    "a connection that was made before TLS was switched on, or with an older certificate, ends with its next answer") {
  const Site site;
  const auto server = start(loopback());
  Client old(server->port());
  old.send(request("/-/healthy"));
  CHECK(old.receive_until("healthy\n").find("Connection: close") == std::string::npos);
  server->adopt(site.web(kTls + "}\n"));
  REQUIRE(comes([&] { return !tls_fetch(server->port(), closing("/-/healthy")).empty(); }));
  old.send(request("/-/healthy"));
  CHECK(old.receive_all().find("\r\nConnection: close\r\n") != std::string::npos);
  TlsClient secure(server->port());
  REQUIRE(secure.shake());
  site.renew(make_identity({"localhost", -60, 7200, false, &site.authority}));
  server->adopt(site.web(kTls + "}\n"));
  REQUIRE(comes([&] {
    TlsClient fresh(server->port());
    return fresh.shake() && X509_cmp(fresh.shown(), site.identity.certificate.get()) != 0;
  }));
  secure.send(request("/-/healthy"));
  CHECK(secure.receive_all().find("\r\nConnection: close\r\n") != std::string::npos);
}

TEST_CASE("configured headers take the place of ours, and HSTS goes out over TLS only") {
  const Site site;
  const std::string headers =
      "http_server_config: {headers: {X-Frame-Options: sameorigin, Strict-Transport-Security: max-age=60}}\n";
  const auto plain_server = start(site.options(headers));
  const std::string answer = fetch(plain_server->port(), "/-/healthy");
  CHECK(answer.find("\r\nX-Frame-Options: sameorigin\r\n") != std::string::npos);
  CHECK(answer.find("DENY") == std::string::npos);
  CHECK(answer.find("Strict-Transport-Security") == std::string::npos);
  const auto tls_server = start(site.options(kTls + "}\n" + headers));
  CHECK(tls_fetch(tls_server->port(), closing("/-/healthy")).find("\r\nStrict-Transport-Security: max-age=60\r\n") !=
        std::string::npos);
}

TEST_CASE("POST /-/reload is refused unless it is switched on, and answers with the outcome") {
  ServerOptions options = loopback();
  std::atomic<int> calls = 0;
  std::vector<std::thread> threads;
  options.reload = [&](std::function<void(ReloadOutcome)> done) {
    const bool is_good = ++calls == 1;
    threads.emplace_back([done = std::move(done), is_good] {
      done({is_good, is_good ? "reloaded" : "blipd.yaml:1:1: no target"});
    });
  };
  const auto post = closing("/-/reload", "", "POST");
  {
    const auto server = start(options);
    CHECK(status_of(plain(server->port(), post)) == "HTTP/1.1 403 Forbidden");
    CHECK(calls == 0);
  }
  options.web.reload = true;
  const auto server = start(options);
  const std::string good = plain(server->port(), post);
  CHECK(status_of(good) == "HTTP/1.1 200 OK");
  CHECK(good.ends_with("\r\n\r\nreloaded\n"));
  const std::string bad = plain(server->port(), post);
  CHECK(status_of(bad) == "HTTP/1.1 500 Internal Server Error");
  CHECK(bad.ends_with("\r\n\r\nblipd.yaml:1:1: no target\n"));
  const std::string read = plain(server->port(), closing("/-/reload"));
  CHECK(status_of(read) == "HTTP/1.1 405 Method Not Allowed");
  CHECK(read.find("\r\nAllow: POST\r\n") != std::string::npos);
  for (const std::string from : {"Origin: http://evil.example\r\n", "Origin: null\r\n",
                                 "Sec-Fetch-Site: cross-site\r\n", "Origin: http://localhost:1\r\n"}) {
    INFO(from);
    CHECK(status_of(plain(server->port(), closing("/-/reload", from, "POST"))) == "HTTP/1.1 403 Forbidden");
  }
  CHECK(calls == 2);
  for (auto& thread : threads) thread.join();
}

TEST_CASE("a reload that is given up, and one while another is under way, are answered") {
  ServerOptions options = loopback();
  options.web.reload = true;
  std::mutex mutex;
  std::function<void(ReloadOutcome)> kept;
  options.reload = [&](std::function<void(ReloadOutcome)> done) {
    const std::lock_guard lock(mutex);
    kept = std::move(done);
  };
  auto server = start(options);
  const auto post = closing("/-/reload", "", "POST");
  Client first(server->port());
  first.send(post);
  REQUIRE(comes([&] {
    const std::lock_guard lock(mutex);
    return kept != nullptr;
  }));
  CHECK(plain(server->port(), post).find("being loaded already") != std::string::npos);
  {
    const std::lock_guard lock(mutex);
    kept = nullptr;
  }
  CHECK(status_of(first.receive_all()) == "HTTP/1.1 503 Service Unavailable");
  Client second(server->port());
  second.send(post);
  REQUIRE(comes([&] {
    const std::lock_guard lock(mutex);
    return kept != nullptr;
  }));
  server.reset();
  kept({true, "too late"});  // for nobody
  const auto without = start([] {
    ServerOptions bare = loopback();
    bare.web.reload = true;
    return bare;
  }());
  CHECK(status_of(plain(without->port(), post)) == "HTTP/1.1 503 Service Unavailable");
}
