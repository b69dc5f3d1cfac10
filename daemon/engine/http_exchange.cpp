#include "daemon/engine/http_exchange.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "daemon/engine/certificates.hpp"

namespace blipd::engine {

namespace {

using probes::HttpEnd;
using probes::HttpPhase;

// All of an answer's headers, interim answers included. Servers send some hundred bytes, and refuse more than 8 KiB
// themselves.
constexpr std::size_t kMostHeaderBytes = 64 * 1024;
constexpr std::size_t kLongestNote = 160;

// Of OpenSSL's "error:0A000410:SSL routines::sslv3 alert handshake failure" the last part.
std::string note_of(std::string_view error) {
  const auto at = error.rfind("::");
  return printable(at == std::string_view::npos ? error : error.substr(at + 2), kLongestNote);
}

// Neither alert nor goodbye: OpenSSL 3 has an error of its own for that, where older ones had none at all.
bool is_mere_end(std::string_view error) {
  return error.find("unexpected eof") != std::string_view::npos ||
         error.find("SSL_ERROR_SYSCALL") != std::string_view::npos ||
         error.find("SSL_ERROR_ZERO_RETURN") != std::string_view::npos;
}

// A part of a URL; empty where there is none.
std::string part(CURLU* url, CURLUPart what, unsigned flags = 0) {
  char* text = nullptr;
  if (::curl_url_get(url, what, &text, flags) != CURLUE_OK) return {};
  std::string out(text);
  ::curl_free(text);
  return out;
}

std::string bracketed(const base::Address& address) {
  return address.is_v4() ? address.to_string() : '[' + address.to_string() + ']';
}

}  // namespace

std::string HttpPlace::url() const {
  const auto address = base::Address::parse(host);
  return fmt::format("{}://{}:{}{}", is_tls ? "https" : "http", address ? bracketed(*address) : host, port, path);
}

std::optional<HttpPlace> parse_url(const std::string& url) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(::curl_url(), &::curl_url_cleanup);
  if (!parsed || ::curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_PATH_AS_IS) != CURLUE_OK) {
    return std::nullopt;
  }
  const std::string scheme = part(parsed.get(), CURLUPART_SCHEME);
  if ((scheme != "http" && scheme != "https") || !part(parsed.get(), CURLUPART_USER).empty()) return std::nullopt;
  HttpPlace place;
  place.is_tls = scheme == "https";
  place.host = part(parsed.get(), CURLUPART_HOST);
  if (place.host.starts_with('[')) place.host = place.host.substr(1, place.host.find(']') - 1);
  const int port = std::atoi(part(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT).c_str());
  if (port <= 0 || port > UINT16_MAX) return std::nullopt;
  place.port = static_cast<std::uint16_t>(port);
  place.path = part(parsed.get(), CURLUPART_PATH);
  if (const std::string query = part(parsed.get(), CURLUPART_QUERY); !query.empty()) place.path += '?' + query;
  const bool is_good = probes::validate_http_host(place.host) && probes::validate_http_path(place.path);
  return is_good ? std::optional(place) : std::nullopt;
}

// Nothing may be thrown through libcurl.
struct HttpExchange::Hooks {
  static HttpExchange& of(void* self) { return *static_cast<HttpExchange*>(self); }

  static curl_socket_t open(void* self, curlsocktype, curl_sockaddr*) {
    // Whatever else it may want to connect to: there is this one connection.
    return std::exchange(of(self).is_opened_, true) ? CURL_SOCKET_BAD : of(self).over_.socket;
  }
  static int is_connected(void*, curl_socket_t, curlsocktype) { return CURL_SOCKOPT_ALREADY_CONNECTED; }
  static int close(void*, curl_socket_t) { return 0; }

  static CURLcode set_roots(CURL*, void* context, void* self) {
    verify_by(static_cast<ssl_ctx_st*>(context), of(self).roots_.get());
    return CURLE_OK;
  }

  // The connection is ready for the request: TLS is up, where there is any.
  static int ready(void* self, char*, char*, int, int) noexcept {
    HttpExchange& exchange = of(self);
    const base::MonoTime now = exchange.clock_.read().mono;
    if (exchange.is_tls_) {
      exchange.facts_.phases[static_cast<std::size_t>(HttpPhase::kTls)] = now - exchange.phase_began_;
      curl_tlssessioninfo* tls = nullptr;
      if (::curl_easy_getinfo(exchange.easy_, CURLINFO_TLS_SSL_PTR, &tls) == CURLE_OK && tls != nullptr &&
          tls->backend == CURLSSLBACKEND_OPENSSL && tls->internals != nullptr) {
        exchange.facts_.certificate = read_certificate(static_cast<ssl_st*>(tls->internals), exchange.host_);
      }
    }
    exchange.phase_began_ = now;
    exchange.facts_.phase = HttpPhase::kFirstByte;
    return CURL_PREREQFUNC_OK;
  }

  static std::size_t header(char*, std::size_t size, std::size_t count, void* self) noexcept {
    return of(self).take_header(size * count);
  }
  static std::size_t body(char* bytes, std::size_t size, std::size_t count, void* self) noexcept {
    return of(self).take_body({bytes, size * count});
  }
};

HttpExchange::HttpExchange(const Over& over, const HttpPlace& place, const probes::HttpSpec& spec, bool keeps_body,
                           std::shared_ptr<x509_store_st> roots)
    : over_(over),
      is_tls_(place.is_tls),
      keeps_body_(keeps_body),
      body_limit_(spec.body_limit),
      host_(place.host),
      roots_(std::move(roots)),
      easy_(::curl_easy_init()),
      phase_began_(clock_.read().mono) {
  if (easy_ == nullptr) throw std::bad_alloc();
  facts_.end = HttpEnd::kSilent;
  facts_.phase = is_tls_ ? HttpPhase::kTls : HttpPhase::kFirstByte;
  set_up(place, spec);
}

HttpExchange::~HttpExchange() {
  ::curl_easy_cleanup(easy_);
  ::curl_slist_free_all(static_cast<curl_slist*>(headers_));
  ::curl_slist_free_all(static_cast<curl_slist*>(connect_to_));
}

void HttpExchange::set_up(const HttpPlace& place, const probes::HttpSpec& spec) {
  const auto set = [this](CURLoption option, auto value) { ::curl_easy_setopt(easy_, option, value); };
  set(CURLOPT_URL, place.url().c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, error_.data());
  set(CURLOPT_PRIVATE, static_cast<void*>(this));

  // Over our connection, and as if it led straight there.
  set(CURLOPT_PROXY, "");
  connect_to_ = ::curl_slist_append(nullptr, fmt::format("::{}:{}", bracketed(over_.target), place.port).c_str());
  set(CURLOPT_CONNECT_TO, static_cast<curl_slist*>(connect_to_));
  set(CURLOPT_OPENSOCKETFUNCTION, &Hooks::open);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  set(CURLOPT_SOCKOPTFUNCTION, &Hooks::is_connected);
  set(CURLOPT_CLOSESOCKETFUNCTION, &Hooks::close);
  set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_FORBID_REUSE, 1L);

  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NOBODY, spec.method == probes::HttpMethod::kHead ? 1L : 0L);
  set(CURLOPT_USERAGENT, spec.user_agent.c_str());
  headers_ = ::curl_slist_append(nullptr, "Connection: close");
  set(CURLOPT_HTTPHEADER, static_cast<curl_slist*>(headers_));
  set(CURLOPT_PREREQFUNCTION, &Hooks::ready);
  set(CURLOPT_PREREQDATA, static_cast<void*>(this));
  set(CURLOPT_HEADERFUNCTION, &Hooks::header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &Hooks::body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  if (!is_tls_) return;

  // What a certificate is worth is said by read_certificate(), and the exchange goes on.
  set(CURLOPT_SSL_VERIFYPEER, 0L);
  set(CURLOPT_SSL_VERIFYHOST, 0L);
  set(CURLOPT_CAINFO, static_cast<char*>(nullptr));
  set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
  set(CURLOPT_SSL_CTX_FUNCTION, &Hooks::set_roots);
  set(CURLOPT_SSL_CTX_DATA, static_cast<void*>(this));
}

std::size_t HttpExchange::take_header(std::size_t length) {
  if (header_bytes_ == 0) {
    const base::MonoTime now = clock_.read().mono;
    facts_.phases[static_cast<std::size_t>(HttpPhase::kFirstByte)] = now - phase_began_;
    phase_began_ = now;
    facts_.phase = HttpPhase::kBody;
  }
  header_bytes_ += length;
  return header_bytes_ <= kMostHeaderBytes ? length : 0;
}

std::size_t HttpExchange::take_body(std::string_view piece) {
  const auto room = static_cast<std::size_t>(body_limit_ - facts_.body_bytes);
  facts_.is_cut = piece.size() > room;
  const std::string_view taken = piece.substr(0, room);
  facts_.body_bytes += taken.size();
  try {
    if (keeps_body_) body_ += taken;
  } catch (const std::bad_alloc&) {
    return 0;
  }
  return facts_.is_cut ? 0 : piece.size();
}

HttpEnd HttpExchange::end_of(int code) {
  if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && facts_.is_cut)) return HttpEnd::kWhole;
  long error = 0;
  ::curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &error);
  if (is_torn_down_ || error == ECONNRESET || error == EPIPE) return HttpEnd::kReset;
  switch (code) {
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
      return HttpEnd::kClosed;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      if (!is_tls_) return HttpEnd::kClosed;
      [[fallthrough]];
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
      if (is_mere_end(error_.data())) return HttpEnd::kClosed;
      facts_.note = note_of(error_.data());
      return HttpEnd::kTls;
    case CURLE_WRITE_ERROR:
      facts_.note = "its headers are longer than 64 KiB";
      return HttpEnd::kMalformed;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
      return HttpEnd::kOverrun;
    default:
      facts_.note = note_of(error_.data());
      return HttpEnd::kMalformed;
  }
}

void HttpExchange::end(int code, const base::Moment& now) {
  facts_.end = end_of(code);
  if (facts_.end == HttpEnd::kWhole) {
    facts_.phase = HttpPhase::kBody;
    facts_.phases[static_cast<std::size_t>(HttpPhase::kBody)] = now.mono - phase_began_;
  }
  const char* redirect = nullptr;
  if (::curl_easy_getinfo(easy_, CURLINFO_REDIRECT_URL, &redirect) == CURLE_OK && redirect != nullptr) {
    redirect_ = redirect;
  }
}

void HttpExchange::report(probes::HttpFacts& into) const {
  const auto connect = into.phases[static_cast<std::size_t>(HttpPhase::kConnect)];
  const std::uint8_t followed = into.followed;
  into = facts_;
  into.phases[static_cast<std::size_t>(HttpPhase::kConnect)] = connect;
  into.followed = followed;
  long status = 0;
  long version = 0;
  curl_off_t announced = -1;
  ::curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  ::curl_easy_getinfo(easy_, CURLINFO_HTTP_VERSION, &version);
  ::curl_easy_getinfo(easy_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
  into.status = static_cast<std::uint16_t>(std::clamp(status, 0L, 999L));
  if (into.status != 0) into.version = version == CURL_HTTP_VERSION_1_0 ? "1.0" : "1.1";
  if (into.status != 0 && announced >= 0) into.announced_bytes = static_cast<std::uint64_t>(announced);
}

}  // namespace blipd::engine
