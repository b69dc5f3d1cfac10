// The web configuration file with real certificates, which are made on the spot: what it takes, what it says of what it
// does not, and that no secret is in what it says.
#include "config/web_file.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <string>

#include "config/basic_auth.hpp"
#include "tests/unit/certificates.hpp"
#include "tests/unit/config/yaml.hpp"
#include "tests/unit/folder.hpp"

namespace blipd::config {

namespace {

using certificates::Identity;
using certificates::make_identity;
using certificates::Wanted;
using test::Folder;

const std::string kHash = "$2b$10$C6UzMDM.H6dfI/f/IKxGhu5wlm.YtBr6mvPqHvOg9VKXhXRZYeL6a";
constexpr const char* kTls = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n";
constexpr const char* kCountries = "countries: [{code: XX, networks: [{targets: [192.0.2.1]}]}]\n";

// A folder with a certificate and its key, and a web configuration file.
class Site {
 public:
  explicit Site(const Wanted& wanted = {}) : identity(make_identity(wanted)) {
    folder.write("cert.pem", identity.certificate_pem(), 0644);
    folder.write("key.pem", identity.key_pem());
  }
  LoadedWebFile load(const std::string& text, mode_t mode = 0600) const {
    return load_web_file(folder.write("web.yml", text, mode));
  }
  // Faults and warnings, a line each, without the folder's name.
  std::string said(const std::string& text, mode_t mode = 0600) const {
    const LoadedWebFile loaded = load(text, mode);
    std::string all;
    for (const Fault& fault : loaded.faults) all += fault.to_string() + '\n';
    for (const Fault& warning : loaded.warnings) all += "warning: " + warning.to_string() + '\n';
    const std::string name = folder.file("");
    for (auto at = all.find(name); at != std::string::npos; at = all.find(name)) all.erase(at, name.size());
    return all;
  }

  const Folder folder;
  const Identity identity;
};

}  // namespace

TEST_CASE("a web configuration file that uses everything loads without a word") {
  const Site site;
  const Identity authority = make_identity({"clients", -60, 3600, true, nullptr});
  site.folder.write("ca.pem", authority.certificate_pem());
  const LoadedWebFile loaded = site.load(std::string(kTls) + R"(
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384]
  curve_preferences: [CurveP256, X25519]
  prefer_server_cipher_suites: false
http_server_config:
  http2: false
  headers: {Strict-Transport-Security: max-age=31536000, X-Frame-Options: sameorigin, X-XSS-Protection: "0"}
basic_auth_users: {alice: )" + kHash + "}\n");
  for (const Fault& fault : loaded.faults) UNSCOPED_INFO(fault.to_string());
  REQUIRE(loaded.file);
  CHECK(loaded.warnings.empty());
  CHECK(loaded.file->tls->context != nullptr);
  CHECK(loaded.file->users == std::map<std::string, std::string>{{"alice", kHash}});
  CHECK(loaded.file->headers.size() == 3);
  CHECK(loaded.file->sources.size() == 4);
}

TEST_CASE("what is wrong with a certificate or its key is said at the key of the file that names it") {
  const Site site;
  const Site other;
  CHECK(site.said(kTls).empty());
  site.folder.write("key.pem", other.identity.key_pem());
  CHECK(site.said(kTls) ==
        "web.yml:3:13: tls_server_config.key_file: key.pem: not the key of the certificate in cert.pem; give the two "
        "that "
        "belong together\n");
  site.folder.write("key.pem", site.identity.key_pem("a passphrase"));
  CHECK(site.said(kTls).starts_with("web.yml:3:13: tls_server_config.key_file: key.pem: the key has a passphrase"));
  site.folder.write("key.pem", site.identity.certificate_pem());
  CHECK(site.said(kTls).starts_with("web.yml:3:13: tls_server_config.key_file: key.pem: no private key in it"));
  site.folder.write("key.pem", "");
  CHECK(site.said(kTls).starts_with("web.yml:3:13: tls_server_config.key_file: key.pem: no private key in it"));
  site.folder.write("key.pem", site.identity.key_pem());
  const std::string pem = site.identity.certificate_pem();
  site.folder.write("cert.pem", pem.substr(0, pem.size() / 2));
  CHECK(
      site.said(kTls).starts_with("web.yml:2:14: tls_server_config.cert_file: cert.pem: certificate 1 cannot be read"));
  site.folder.write("cert.pem", std::string(2'000'000, 'x'));
  CHECK(site.said(kTls).starts_with("web.yml:2:14: tls_server_config.cert_file: cert.pem: larger than a mebibyte"));
}

TEST_CASE("a pipe in place of a file keeps nobody waiting") {
  const Site site;
  REQUIRE(::mkfifo(site.folder.file("pipe").c_str(), 0600) == 0);
  CHECK(site.said("tls_server_config: {cert_file: pipe, key_file: key.pem}\n")
            .starts_with("web.yml:1:32: tls_server_config.cert_file: pipe: not a regular file"));
}

TEST_CASE("a certificate that has ended, or has not begun, is warned of") {
  const Site ended({"localhost", -7200, -1, false, nullptr});
  CHECK(ended.said(kTls).starts_with("warning: web.yml:2:14: tls_server_config.cert_file: the certificate ended on "));
  const Site early({"localhost", 3600, 7200, false, nullptr});
  CHECK(
      early.said(kTls).starts_with("warning: web.yml:2:14: tls_server_config.cert_file: the certificate is not valid "
                                   "before "));
}

TEST_CASE("secrets that every user of the machine can read are warned of") {
  const Site site;
  const std::string users = "basic_auth_users: {alice: " + kHash + "}\n";
  CHECK(site.said(users, 0640).empty());
  CHECK(
      site.said(users, 0644) ==
      "warning: web.yml:1:19: basic_auth_users: every user of this machine can read this file and try passwords on its "
      "hashes; chmod 640 it\n");
  site.folder.write("key.pem", site.identity.key_pem(), 0644);
  CHECK(
      site.said(kTls, 0644) ==
      "warning: web.yml:3:13: tls_server_config.key_file: every user of this machine can read the key; chmod 640 it\n");
}

TEST_CASE("what guards nothing is warned of") {
  const Site site;
  CHECK(site.said("").find("nothing in it, so nothing is guarded") != std::string::npos);
  CHECK(site.said("http_server_config: {headers: {Strict-Transport-Security: max-age=1}}\n")
            .find("browsers ignore Strict-Transport-Security over plain HTTP") != std::string::npos);
  CHECK(site.said(std::string(kTls) + "  client_auth_type: RequestClientCert\n  client_ca_file: cert.pem\n")
            .find("nothing is verified by it") != std::string::npos);
}

TEST_CASE("no fault of the users says anything of a hash, nor does a dump") {
  const Site site;
  const std::string secret = "C6UzMDM";
  for (const std::string value : {"$2b$10$C6UzMDM", "[$2b$10$C6UzMDM]", "{$2b$10$C6UzMDM: x}",
                                  "$2b$99$C6UzMDM.H6dfI/f/IKxGhu", "\"$2b$10$C6UzMDM"}) {
    const std::string said = site.said("basic_auth_users: {alice: " + value + "}\n");
    INFO(said);
    CHECK_FALSE(said.empty());
    CHECK(said.find(secret) == std::string::npos);
  }
  CHECK(site.said("basic_auth_users: {" + kHash + ": alice}\n").find(secret) == std::string::npos);
  site.folder.write("web.yml", "basic_auth_users: {alice: " + kHash + "}\n");
  const std::string file = site.folder.write("blipd.yaml", std::string(kCountries) + "web: {config_file: web.yml}\n");
  const Loaded loaded = load_file(file);
  REQUIRE(loaded.faults.empty());
  CHECK(loaded.configuration.web.file->users.size() == 1);
  const std::string dumped = dump(loaded.configuration);
  CHECK(dumped.find(secret) == std::string::npos);
  CHECK(dumped.find("  config_file: " + site.folder.file("web.yml") + "\n") != std::string::npos);
  CHECK(dump(load_good(dumped)) == dumped);
}

TEST_CASE("who serves nothing need not be able to read the web configuration file") {
  const Folder folder;
  const std::string file = folder.write("blipd.yaml", std::string(kCountries) + "web: {config_file: nowhere.yml}\n");
  CHECK(load_file(file).faults.size() == 1);
  CHECK(load_file(file, {.web_files = WebFiles::kLeave}).faults.empty());
}

TEST_CASE("passwords in the clear and reloads for everybody are warned of beyond loopback") {
  const Site site;
  site.folder.write("web.yml", "basic_auth_users: {alice: " + kHash + "}\n");
  const auto warnings = [&](const std::string& rest) {
    std::string all;
    for (const Fault& warning : load_file(site.folder.write("blipd.yaml", kCountries + rest)).warnings) {
      if (warning.path.starts_with("web")) all += warning.to_string().substr(site.folder.file("").size()) + '\n';
    }
    return all;
  };
  CHECK(warnings("web: {config_file: web.yml, reload: true}\n").empty());
  CHECK(
      warnings("web: {config_file: web.yml}\nlisten: \":10547\"\n").find("passwords cross the network in the clear") !=
      std::string::npos);
  CHECK(warnings("web: {reload: true}\nlisten: \"[::]:10547\"\n").find("whoever reaches the port") !=
        std::string::npos);
  CHECK(warnings("web: {reload: true}\nlisten: \"[::1]:10547\"\n").empty());
}

TEST_CASE("bcrypt costs are taken from 4 to 16, and warned of from 13") {
  const auto with_cost = [](const std::string& cost) { return "$2y$" + cost + kHash.substr(6); };
  CHECK(hash_problem(with_cost("03")));
  CHECK_FALSE(hash_problem(with_cost("04")));
  CHECK_FALSE(hash_problem(with_cost("16")));
  CHECK(hash_problem(with_cost("17")));
  CHECK(bcrypt_cost(with_cost("12")) == 12);
  const Site site;
  CHECK(site.said("basic_auth_users: {alice: " + with_cost("12") + "}\n").empty());
  CHECK(site.said("basic_auth_users: {alice: " + with_cost("13") + "}\n").find("cost of 13") != std::string::npos);
}

}  // namespace blipd::config
