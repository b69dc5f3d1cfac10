#include "config/tls_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "probes/base/text.hpp"
#include "probes/base/time.hpp"

namespace blipd::config {

namespace {

using Names = std::pair<std::string_view, std::string_view>;

// Go's names (crypto/tls) and OpenSSL's. Key exchange by RSA and ciphers without authentication are in neither list:
// without forward secrecy, a key that is stolen opens what was recorded before.
constexpr auto kCiphers = std::to_array<Names>({
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
});
constexpr auto kCiphersOf13 = std::to_array<Names>({{"TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"},
                                                    {"TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"},
                                                    {"TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256"}});
constexpr auto kCurves = std::to_array<Names>(
    {{"X25519", "X25519"}, {"CurveP256", "P-256"}, {"CurveP384", "P-384"}, {"CurveP521", "P-521"}});

constexpr auto kClientAuth = std::to_array<std::pair<std::string_view, ClientAuth>>(
    {{"NoClientCert", ClientAuth::kNone},
     {"RequestClientCert", ClientAuth::kRequest},
     {"RequireAnyClientCert", ClientAuth::kRequireAny},
     {"RequireClientCert", ClientAuth::kRequireAny},
     {"VerifyClientCertIfGiven", ClientAuth::kVerifyIfGiven},
     {"RequireAndVerifyClientCert", ClientAuth::kRequireAndVerify}});

const Names* find(std::span<const Names> table, std::string_view name) {
  const auto found = std::ranges::find(table, name, &Names::first);
  return found == table.end() ? nullptr : &*found;
}

class TlsReader {
 public:
  TlsReader(const Node& node, const Path& path, const std::filesystem::path& folder, Faults& faults)
      : reader_(node, path, faults, {keys::kTlsServer}, keys::kTlsServerRefused), folder_(folder), faults_(faults) {}

  TlsSettings read() {
    for (const std::string_view key : {"cert", "key", "client_ca"}) {
      if (reader_.has(key)) {
        reader_.fault(key,
                      fmt::format("not supported; put it into a file of its own, and name that with {}_file", key));
      }
    }
    if (reader_.has("client_allowed_sans")) {
      reader_.fault("client_allowed_sans",
                    "not supported, and leaving it out lets in whom it would keep out; give these clients an "
                    "authority of their own in client_ca_file");
    }
    settings_.cert_file = read_path("cert_file", "the path of a certificate in PEM form");
    settings_.key_file = read_path("key_file", "the path of its private key");
    read_client_auth();
    read_versions();
    read_ciphers();
    if (const auto own = reader_.flag("prefer_server_cipher_suites")) settings_.prefers_own_order = *own;
    return std::move(settings_);
  }

  const Reader& reader() const { return reader_; }

 private:
  // With `what` the key must be there.
  std::string read_path(std::string_view key, std::string_view what = "") {
    if (!reader_.has(key)) {
      if (!what.empty()) {
        faults_.fault(reader_.place(), reader_.path(), fmt::format("no {}; add it with {}", key, what));
      }
      return {};
    }
    const auto path = reader_.text(key);
    if (!path) return {};
    if (path->empty()) reader_.fault(key, "an empty path; give one or leave the key out");
    if (path->empty()) return {};
    std::string file = (folder_ / *path).lexically_normal().string();
    if (const auto text = read_small_file(file); !text) {
      reader_.fault(key, fmt::format("{}: {}", file, text.error().text));
    }
    return file;
  }

  void read_client_auth() {
    settings_.client_ca_file = read_path("client_ca_file");
    if (const auto kind = reader_.choice<ClientAuth>("client_auth_type", kClientAuth)) settings_.client_auth = *kind;
    const bool is_verified =
        settings_.client_auth == ClientAuth::kVerifyIfGiven || settings_.client_auth == ClientAuth::kRequireAndVerify;
    if (is_verified && !reader_.has("client_ca_file")) {
      reader_.fault("client_auth_type",
                    "nothing to verify certificates by; add client_ca_file with the authorities of the clients");
    }
    if (reader_.has("client_ca_file") && !reader_.has("client_auth_type")) {
      reader_.fault("client_ca_file",
                    "nobody is asked for a certificate; add client_auth_type: RequireAndVerifyClientCert");
    } else if (reader_.has("client_ca_file") && !is_verified) {
      faults_.warn(reader_.place("client_ca_file"), reader_.path().child("client_ca_file"),
                   "nothing is verified by it; set client_auth_type to RequireAndVerifyClientCert");
    }
  }

  TlsVersion read_version(std::string_view key, TlsVersion usual) {
    const auto word = reader_.text(key);
    if (!word) return usual;
    if (*word == "TLS12") return TlsVersion::k12;
    if (*word == "TLS13") return TlsVersion::k13;
    if (*word == "TLS10" || *word == "TLS11") {
      reader_.fault(key, "no longer safe (RFC 8996), and not spoken; write TLS12 or TLS13");
    } else {
      reader_.fault(key, fmt::format("unknown word {}; write TLS12 or TLS13", cited(*word)));
    }
    return usual;
  }

  void read_versions() {
    settings_.min_version = read_version("min_version", TlsVersion::k12);
    settings_.max_version = read_version("max_version", TlsVersion::k13);
    if (settings_.min_version > settings_.max_version) {
      reader_.fault("max_version", "older than min_version, so that no version is left; leave one of them out");
    }
  }

  // Calls `take` with each name of a list and its place; the list may not be empty.
  template <class Take>
  void read_list(std::string_view key, Take take) {
    const Node* list = reader_.list(key);
    if (!list) return;
    const Path path = reader_.path().child(key);
    if (list->items.empty()) reader_.fault(key, "an empty list; name one or leave the key out");
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      const Path item = path.item(i);
      if (const auto name = read_text(list->items[i], item, faults_)) take(*name, list->items[i].place, item);
    }
  }

  void refuse_name(const std::string& name, Place place, const Path& path,
                   std::initializer_list<std::span<const Names>> tables) {
    std::vector<std::string_view> known;
    for (const auto table : tables) {
      for (const Names& names : table) known.push_back(names.first);
    }
    faults_.fault(place, path, fmt::format("{} is unknown or not safe enough{}", cited(name), meant(name, known)));
  }

  void read_ciphers() {
    read_list("cipher_suites", [this](const std::string& name, Place place, const Path& path) {
      if (const Names* old = find(kCiphers, name)) {
        settings_.ciphers.emplace_back(old->second);
      } else if (const Names* now = find(kCiphersOf13, name)) {
        settings_.ciphers_of_1_3.emplace_back(now->second);
      } else {
        refuse_name(name, place, path, {kCiphers, kCiphersOf13});
      }
    });
    read_list("curve_preferences", [this](const std::string& name, Place place, const Path& path) {
      if (const Names* curve = find(kCurves, name)) {
        settings_.groups.emplace_back(curve->second);
      } else {
        refuse_name(name, place, path, {kCurves});
      }
    });
    const bool is_listed = !settings_.ciphers.empty() || !settings_.ciphers_of_1_3.empty();
    if (is_listed && settings_.ciphers.empty() && settings_.min_version == TlsVersion::k12) {
      reader_.fault("cipher_suites",
                    "only of TLS 1.3, while min_version is TLS12; add some of 1.2, or raise it to TLS13");
    }
    if (is_listed && settings_.ciphers_of_1_3.empty() && settings_.min_version == TlsVersion::k13) {
      reader_.fault("cipher_suites", "only of TLS 1.2, while min_version is TLS13; add some of 1.3, or leave it out");
    }
  }

  const Reader reader_;
  const std::filesystem::path& folder_;
  Faults& faults_;
  TlsSettings settings_;
};

void warn_of_material(const Reader& reader, const TlsContext& tls, const FileStamp& key) {
  const auto now = base::SystemClock().read().wall;
  const auto warn = [&](std::string_view at, std::string what) {
    reader.faults().warn(reader.place(at), reader.path().child(at), std::move(what));
  };
  if (tls.certificate_ends < now) {
    warn("cert_file", fmt::format("the certificate ended on {}; clients refuse it, renew it",
                                  base::format_time(tls.certificate_ends)));
  } else if (tls.certificate_begins > now) {
    warn("cert_file",
         fmt::format("the certificate is not valid before {}; clients refuse it till then, check the clock",
                     base::format_time(tls.certificate_begins)));
  }
  if (key.is_for_everybody) warn("key_file", "every user of this machine can read the key; chmod 640 it");
}

}  // namespace

std::optional<TlsContext> read_tls(const Node& node, const Path& path, const std::filesystem::path& folder,
                                   Faults& faults, std::vector<FileStamp>& sources) {
  const std::size_t faults_before = faults.count();
  TlsReader tls(node, path, folder, faults);
  const TlsSettings settings = tls.read();
  const FileStamp key = stamp_of(settings.key_file);
  for (const std::string& file : {settings.cert_file, settings.key_file, settings.client_ca_file}) {
    if (!file.empty()) sources.push_back(stamp_of(file));
  }
  if (faults.count() > faults_before) return std::nullopt;
  auto context = make_tls_context(settings);
  if (!context) {
    tls.reader().fault(context.error().key, context.error().what);
    return std::nullopt;
  }
  warn_of_material(tls.reader(), *context, key);
  return *context;
}

}  // namespace blipd::config
