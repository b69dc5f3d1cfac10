// One HTTP request and its answer over a TCP connection that stands already. libcurl speaks; it dials nobody, looks
// nothing up, and closes nothing: the connection is its owner's. All on the probing thread, and never waiting:
// HttpTalker has it move on when its socket has news.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "probes/base/address.hpp"
#include "probes/base/time.hpp"
#include "probes/http.hpp"
#include "probes/http_facts.hpp"

struct ssl_ctx_st;
struct x509_store_st;

namespace blipd::engine {

// What is asked of whom, as a URL says it.
struct HttpPlace {
  bool is_tls = false;
  std::string host;  // without brackets
  std::uint16_t port = 0;
  std::string path;  // with its query

  std::string url() const;
};

// None for what is neither http nor https, or has a user's name in it.
std::optional<HttpPlace> parse_url(const std::string& url);

class HttpExchange {
 public:
  struct Over {
    std::uint32_t index = 0;  // of the connection, for its owner
    int socket = -1;          // connected; outlives this
    base::Address target;
  };
  // `roots` is null where no TLS is asked for.
  HttpExchange(const Over& over, const HttpPlace& place, const probes::HttpSpec& spec, bool keeps_body,
               std::shared_ptr<x509_store_st> roots);
  ~HttpExchange();
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  std::uint32_t index() const { return over_.index; }
  int socket() const { return over_.socket; }
  void* handle() const { return easy_; }  // libcurl's

  // The connection was found torn down, which explains what libcurl says next.
  void note_teardown() { is_torn_down_ = true; }
  // libcurl is done: a CURLcode.
  void end(int code, const base::Moment& now);

  // What is known so far: of `into` only what is this exchange's own is changed. An exchange that has not ended stands
  // as silent.
  void report(probes::HttpFacts& into) const;
  // As much of it as was read, where it is kept.
  std::string_view body() const { return body_; }
  // Where a redirect leads, absolute; empty: nowhere.
  const std::string& redirect() const { return redirect_; }

 private:
  struct Hooks;  // libcurl's callbacks
  void set_up(const HttpPlace& place, const probes::HttpSpec& spec);
  probes::HttpEnd end_of(int code);
  std::size_t take_header(std::size_t length);
  std::size_t take_body(std::string_view piece);

  const Over over_;
  const bool is_tls_;
  const bool keeps_body_;
  const std::uint64_t body_limit_;
  const std::string host_;
  std::shared_ptr<x509_store_st> roots_;
  base::SystemClock clock_;
  void* easy_ = nullptr;
  void* headers_ = nullptr;  // libcurl's lists
  void* connect_to_ = nullptr;
  std::array<char, 256> error_{};  // CURL_ERROR_SIZE
  bool is_opened_ = false;
  bool is_torn_down_ = false;
  std::size_t header_bytes_ = 0;
  base::MonoTime phase_began_{};
  std::string body_;
  std::string redirect_;
  probes::HttpFacts facts_;
};

}  // namespace blipd::engine
