// Certificates that servers show, by way of OpenSSL: what one says, printable and bounded, and whether it proves that
// its server is who was asked. Roots are read once; the system's one by one as they are needed (all hundred and some
// at once would hold up probing). On the probing thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "probes/http_facts.hpp"

// OpenSSL's, which stays in the .cpp files.
struct ssl_ctx_st;
struct ssl_st;
struct x509_store_st;

namespace blipd::engine {

// Roots of trust by the file that they come from.
class TrustStores {
 public:
  // `ca_file` empty: those of the system, looked for by the hash of their name in OpenSSL's folder. A file that cannot
  // be read gives no roots, and so no certificate that holds.
  std::shared_ptr<x509_store_st> find(const std::string& ca_file);
  // Files are read again when they are needed next.
  void forget() { stores_.clear(); }

 private:
  std::map<std::string, std::shared_ptr<x509_store_st>> stores_;
};

// Has a context verify by these roots, and go on whatever comes of it: a certificate that does not hold is a fact to
// tell, and the rest of the exchange another.
void verify_by(ssl_ctx_st* context, x509_store_st* roots);

// Of a TLS connection whose handshake is over. `host`: the name or address that was asked for. Empty when the server
// has shown none.
std::optional<probes::CertificateFacts> read_certificate(ssl_st* connection, const std::string& host);

// Text of a stranger's as it may be shown: printable ASCII, what is not as '?', cut at `most` bytes.
std::string printable(std::string_view text, std::size_t most);

}  // namespace blipd::engine
