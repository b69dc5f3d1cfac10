#include "daemon/engine/http_talker.hpp"

#include <curl/curl.h>

#include <stdexcept>
#include <utility>

namespace blipd::engine {

namespace {

// Once for the process: the only global state of libcurl's.
void initialize() {
  static const CURLcode kDone = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kDone != CURLE_OK) throw std::runtime_error("cannot initialize libcurl");
}

HttpExchange* exchange_of(CURL* easy) {
  char* exchange = nullptr;
  ::curl_easy_getinfo(easy, CURLINFO_PRIVATE, &exchange);
  return reinterpret_cast<HttpExchange*>(exchange);
}

}  // namespace

struct HttpTalker::Hooks {
  static int socket(CURL* easy, curl_socket_t, int what, void* self, void*) {
    const HttpExchange* const exchange = exchange_of(easy);
    if (exchange == nullptr) return 0;
    Readiness::Want want = Readiness::Want::kNothing;
    if (what == CURL_POLL_IN) want = Readiness::Want::kRead;
    if (what == CURL_POLL_OUT) want = Readiness::Want::kWrite;
    if (what == CURL_POLL_INOUT) want = Readiness::Want::kBoth;
    static_cast<HttpTalker*>(self)->want_(*exchange, want);
    return 0;
  }

  static int timer(CURLM*, long milliseconds, void* self) {
    auto& talker = *static_cast<HttpTalker*>(self);
    talker.due_.reset();
    if (milliseconds >= 0) talker.due_ = talker.clock_.read().mono + std::chrono::milliseconds(milliseconds);
    return 0;
  }
};

HttpTalker::HttpTalker(std::function<void(const HttpExchange&, Readiness::Want)> want) : want_(std::move(want)) {
  initialize();
  multi_ = ::curl_multi_init();
  if (multi_ == nullptr) throw std::bad_alloc();
  ::curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Hooks::socket);
  ::curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  ::curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Hooks::timer);
  ::curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

HttpTalker::~HttpTalker() { ::curl_multi_cleanup(multi_); }

void HttpTalker::add(HttpExchange& exchange) {
  ::curl_multi_add_handle(multi_, exchange.handle());
  look_at_time(base::MonoTime::max());
}

void HttpTalker::remove(HttpExchange& exchange) { ::curl_multi_remove_handle(multi_, exchange.handle()); }

void HttpTalker::go_on(HttpExchange& exchange) {
  int running = 0;
  // Without saying for what: libcurl looks for itself, which is one system call that does not wait.
  ::curl_multi_socket_action(multi_, exchange.socket(), 0, &running);
}

void HttpTalker::look_at_time(base::MonoTime now) {
  if (!due_ || *due_ > now) return;
  due_.reset();
  int running = 0;
  ::curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
}

std::vector<HttpExchange*> HttpTalker::take_ended() {
  std::vector<HttpExchange*> ended;
  int left = 0;
  while (const CURLMsg* const message = ::curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    HttpExchange* const exchange = exchange_of(message->easy_handle);
    exchange->end(message->data.result, clock_.read());
    ended.push_back(exchange);
  }
  return ended;
}

}  // namespace blipd::engine
