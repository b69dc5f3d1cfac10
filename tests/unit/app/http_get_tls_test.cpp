// `blipd status` and a daemon that is guarded: whom it trusts, and what it says when it does not.
#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "config/web_file.hpp"
#include "daemon/app/http_get.hpp"
#include "daemon/serve/server.hpp"
#include "tests/unit/certificates.hpp"
#include "tests/unit/folder.hpp"

using namespace blipd;
using namespace blipd::app;
using namespace std::chrono_literals;
using certificates::Identity;
using certificates::make_identity;
using test::Folder;

namespace {

struct Guarded {
  Folder folder;
  Identity authority = make_identity({"authority", -60, 3600, true, nullptr});
  std::unique_ptr<serve::Server> server;
  Url url{"localhost", 0, "", true};
  HttpAccess access{folder.write("ca.pem", authority.certificate_pem()), "", ""};

  explicit Guarded(const Identity& identity, const std::string& more = "") {
    folder.write("cert.pem", identity.certificate_pem());
    folder.write("key.pem", identity.key_pem());
    serve::ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.web.config_file =
        folder.write("web.yml", "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n" + more);
    options.web.file = config::load_web_file(options.web.config_file).file;
    REQUIRE(options.web.file);
    auto started = serve::Server::start(options, [](auto done) { done(nullptr); });
    REQUIRE(started);
    server = std::move(*started);
    url.port = server->port();
  }
  std::string error() const {
    const auto answer = http_get(url, "/-/healthy", 5s, access);
    return answer ? "" : answer.error().text;
  }
};

}  // namespace

TEST_CASE("an https daemon is asked when an authority that is trusted vouches for its name") {
  const Identity authority = make_identity({"other", -60, 3600, true, nullptr});
  Guarded guarded(make_identity({"localhost", -60, 3600, false, &authority}));
  CHECK(guarded.error().find("its certificate is not to be trusted: ") == 0);
  guarded.access.authority_file = guarded.folder.write("other.pem", authority.certificate_pem());
  CHECK(http_get(guarded.url, "/-/healthy", 5s, guarded.access)->body == "healthy\n");
  guarded.url.host = "127.0.0.1";
  CHECK(http_get(guarded.url, "/-/healthy", 5s, guarded.access)->body == "healthy\n");
  guarded.access.authority_file.clear();  // the system trusts many, but not this one
  CHECK(guarded.error().find("its certificate is not to be trusted: ") == 0);
  guarded.access.authority_file = guarded.folder.file("nowhere.pem");
  CHECK(guarded.error().find("holds no certificate that can be read") != std::string::npos);
}

TEST_CASE("an https daemon under another name, or with a certificate that has ended, is not asked") {
  Guarded renamed(make_identity({"elsewhere.example"}));
  renamed.access.authority_file = renamed.folder.file("cert.pem");
  CHECK(renamed.error().find("certificate is not") != std::string::npos);
  Guarded ended(make_identity({"localhost", -7200, -60, false, nullptr}));
  ended.access.authority_file = ended.folder.file("cert.pem");
  CHECK(ended.error().find("certificate has expired") != std::string::npos);
}

TEST_CASE("https to a port that speaks plain HTTP says so") {
  serve::ServerOptions options;
  options.listen = "127.0.0.1:0";
  const auto server = serve::Server::start(options, [](auto done) { done(nullptr); });
  REQUIRE(server);
  const auto answer = http_get({"127.0.0.1", (*server)->port(), "", true}, "/-/healthy", 5s);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().text == "it does not speak TLS there; try http://");
}

TEST_CASE("a name and a password are sent when they are given") {
  Guarded guarded(make_identity(),
                  "basic_auth_users: {alice: $2y$04$8zzZJinAkAGE7iLQD.SfyO7Lm/RYv4cMqhG8T73SLVnIUtM5ivOLi}\n");
  guarded.access.authority_file = guarded.folder.file("cert.pem");
  CHECK(http_get(guarded.url, "/-/healthy", 5s, guarded.access)->status == 401);
  guarded.access.user = "alice";
  guarded.access.password = "wrong";
  CHECK(http_get(guarded.url, "/-/healthy", 5s, guarded.access)->status == 401);
  guarded.access.password = "secret";
  CHECK(http_get(guarded.url, "/-/healthy", 5s, guarded.access)->status == 200);
}
