#include "daemon/serve/server.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/serve/fresh_value.hpp"
#include "daemon/serve/listen_socket.hpp"
#include "daemon/serve/mailbox.hpp"
#include "daemon/serve/reading_room.hpp"
#include "daemon/serve/reloads.hpp"
#include "daemon/serve/router.hpp"
#include "daemon/serve/server_stats.hpp"
#include "daemon/serve/session.hpp"
#include "daemon/serve/web_watch.hpp"
#include "probes/base/thread.hpp"

namespace blipd::serve {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// After a failed accept: with a full descriptor table the socket stays readable, so trying at once would spin.
constexpr std::chrono::milliseconds kAcceptPause(100);
// Connections over the limit that are told so politely at one time; more than these hear it in one breath.
constexpr std::size_t kMaxRefusing = 32;
// Values that slow readers may keep in memory at one time. Who holds the oldest of more is cut off.
constexpr std::size_t kMaxHeldValues = 4;
// What answers under way get at the end; the rest of a second is for joining the thread.
constexpr std::chrono::milliseconds kGrace(500);
// Between two looks at the web configuration file and what it names.
constexpr std::chrono::seconds kLook(1);

base::MonoTime now() { return base::SystemClock().read().mono; }

class HttpServer final : public Server, private SessionHost {
 public:
  HttpServer(ServerOptions options, RequestPublished request, const ListenSocket& socket);
  ~HttpServer() override;
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const override { return port_; }
  void adopt(const config::Web& web) override;

 private:
  const ServerOptions& options() const override { return options_; }
  ServerStats& stats() override { return stats_; }
  bool is_stopping() const override { return is_stopping_; }
  std::shared_ptr<const config::WebFile> web() const override { return web_.file(); }
  void admit(std::string_view authorization, const std::string& client, Gate::Done done) override;
  void reload(const Provenance& request, std::function<void(Reply)> done) override;
  void get_value(bool with_channels, FreshValue::Waiter waiter) override;
  Reply answer(std::string_view method, std::string_view target, const FreshValue::Value& value) override;
  ReadingRoom::Place read(std::function<Reply()> make, std::function<void(Reply)> done) override;
  EventStreams& events() override { return events_; }
  void began_stream() override;
  void ended(Session& session) override;

  void run();
  void accept();
  void on_accepted(tcp::socket socket);
  void ask(FreshValue& fresh, const RequestPublished& request);
  void on_value(FreshValue& fresh, FreshValue::Value value);
  void watch_patience();
  void use_web_file();
  void watch_web_file();
  void look_at_web_file();
  void stop();
  std::vector<std::shared_ptr<Session>> all_sessions() const;

  const ServerOptions options_;
  const RequestPublished request_;
  const bool is_v6_;
  std::uint16_t port_ = 0;

  // Everything below belongs to the server's thread once it runs.
  asio::io_context context_{1};
  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>(context_);
  asio::executor_work_guard<asio::io_context::executor_type> guard_{context_.get_executor()};
  tcp::acceptor acceptor_;
  asio::steady_timer accept_pause_{context_};
  asio::steady_timer patience_{context_};
  asio::steady_timer grace_{context_};
  asio::steady_timer look_{context_};
  FreshValue fresh_{[this] { ask(fresh_, request_); }};
  FreshValue verdicts_{[this] { ask(verdicts_, options_.request_verdicts); }};  // without channels
  ServerStats stats_;
  Router router_{stats_};
  WebWatch web_{options_.web};
  std::shared_ptr<const config::WebFile> in_use_;  // null at first
  Gate gate_{mailbox_, stats_};
  Reloads reloads_{options_.reload, mailbox_};
  ReadingRoom reading_room_{mailbox_};
  EventStreams events_{context_, [this](FreshValue::Waiter waiter) { get_value(false, std::move(waiter)); }, stats_};
  std::vector<std::shared_ptr<Session>> sessions_;  // in the order in which they came
  std::size_t refusing_ = 0;                        // of those, being refused
  bool is_stopping_ = false;

  std::thread thread_;
};

HttpServer::HttpServer(ServerOptions options, RequestPublished request, const ListenSocket& socket)
    : options_(std::move(options)),
      request_(std::move(request)),
      is_v6_(socket.is_v6),
      acceptor_(context_, is_v6_ ? tcp::v6() : tcp::v4(), socket.descriptor) {
  port_ = acceptor_.local_endpoint().port();
  use_web_file();
  watch_web_file();
  accept();
  thread_ = base::start_thread("blipd-http", [this] { run(); });
}

HttpServer::~HttpServer() {
  asio::post(context_, [this] { stop(); });
  thread_.join();
  mailbox_->close();
}

// A client's request that runs into an exception, for example for want of memory, ends with its own deadline;
// the others go on.
void HttpServer::run() {
  for (;;) {
    try {
      context_.run();
      return;
    } catch (const std::exception&) {
      ++stats_.failures;
    }
  }
}

void HttpServer::accept() {
  acceptor_.async_accept([this](error_code error, tcp::socket socket) {
    if (is_stopping_) return;
    if (!error || error == asio::error::connection_aborted) {
      accept();
      if (!error) on_accepted(std::move(socket));
      return;
    }
    ++stats_.accept_errors;
    accept_pause_.expires_after(kAcceptPause);
    accept_pause_.async_wait([this](error_code cancelled) {
      if (!cancelled && !is_stopping_) accept();
    });
  });
}

void HttpServer::on_accepted(tcp::socket socket) {
  const bool is_full = sessions_.size() - refusing_ >= options_.max_connections;
  if (is_full) ++stats_.refused_connections;
  error_code error;
  const bool is_tls = web_.file()->tls.has_value();
  if (is_full && (is_tls || refusing_ >= kMaxRefusing)) {
    const std::string_view text = short_refusal(is_tls);
    ::send(socket.native_handle(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (!is_tls) ++stats_.replies[503];
    socket.close(error);
    return;
  }
  const int descriptor = socket.release(error);
  if (error) return;
  auto session = make_session(context_, descriptor, is_v6_, *this);
  if (!session) {
    ++stats_.accept_errors;
    return;
  }
  sessions_.push_back(session);
  if (is_full) {
    ++refusing_;
    session->refuse();
  } else {
    session->start();
  }
  stats_.open_connections = sessions_.size();
}

void HttpServer::ended(Session& session) {
  if (session.is_refused()) --refusing_;
  std::erase_if(sessions_, [&](const auto& each) { return each.get() == &session; });
  stats_.open_connections = sessions_.size();
  if (is_stopping_ && sessions_.empty()) {
    grace_.cancel();
    guard_.reset();
  }
}

void HttpServer::get_value(bool with_channels, FreshValue::Waiter waiter) {
  (with_channels || !options_.request_verdicts ? fresh_ : verdicts_).get(now(), std::move(waiter));
  watch_patience();
}

Reply HttpServer::answer(std::string_view method, std::string_view target, const FreshValue::Value& value) {
  return router_.answer(method, target, value);
}

ReadingRoom::Place HttpServer::read(std::function<Reply()> make, std::function<void(Reply)> done) {
  return reading_room_.enter(std::move(make), std::move(done));
}

void HttpServer::ask(FreshValue& fresh, const RequestPublished& request) {
  // A std::function must be copyable, so the question is shared among the copies.
  const auto question = std::make_shared<Question<FreshValue::Value>>(
      mailbox_,
      [this, &fresh](std::optional<FreshValue::Value> value) { on_value(fresh, value ? std::move(*value) : nullptr); });
  request({[question](FreshValue::Value value) { question->answer(std::move(value)); },
           [mailbox = mailbox_, &fresh] { mailbox->post([&fresh] { fresh.begun(); }); }});
}

void HttpServer::on_value(FreshValue& fresh, FreshValue::Value value) {
  if (value) {
    fresh.arrived(now(), std::move(value));
  } else {
    fresh.failed();
  }
  watch_patience();
}

void HttpServer::watch_patience() {
  auto deadline = fresh_.next_deadline();
  if (const auto other = verdicts_.next_deadline(); other && (!deadline || *other < *deadline)) deadline = other;
  if (!deadline || is_stopping_) {
    patience_.cancel();
    return;
  }
  patience_.expires_after(std::max<base::Duration>(*deadline - now(), base::Duration::zero()));
  patience_.async_wait([this](error_code cancelled) {
    if (cancelled) return;
    fresh_.expire(now());
    verdicts_.expire(now());
    watch_patience();
  });
}

void HttpServer::admit(std::string_view authorization, const std::string& client, Gate::Done done) {
  gate_.admit(authorization, client, std::move(done));
}

void HttpServer::reload(const Provenance& request, std::function<void(Reply)> done) {
  if (!web_.allows_reload()) return done(plain_reply(403, "this is switched off; set web.reload: true"));
  if (const auto problem = cross_site_problem(request)) return done(plain_reply(403, *problem));
  reloads_.ask(std::move(done));
}

void HttpServer::adopt(const config::Web& web) {
  mailbox_->post([this, web] {
    web_.adopt(web);
    stats_.is_web_config_good = true;
    use_web_file();
    watch_web_file();
  });
}

void HttpServer::use_web_file() {
  // Streams were let in by what held then, and go on where that is what it was.
  const bool is_same = in_use_ && in_use_->sources == web_.file()->sources && in_use_->users == web_.file()->users;
  if (in_use_ && !is_same) events_.end_all();
  in_use_ = web_.file();
  const config::WebFile& file = *in_use_;
  gate_.adopt(file.users);
  stats_.certificate_ends.reset();
  if (file.tls) stats_.certificate_ends = file.tls->certificate_ends;
}

void HttpServer::watch_web_file() {
  look_.cancel();
  if (!web_.is_watching() || is_stopping_) return;
  look_.expires_after(kLook);
  look_.async_wait([this](error_code cancelled) {
    if (cancelled) return;
    look_at_web_file();
    watch_web_file();
  });
}

void HttpServer::look_at_web_file() {
  const auto loaded = web_.look();
  if (!loaded) return;
  stats_.is_web_config_good = loaded->file != nullptr;
  if (loaded->file) use_web_file();
  if (!options_.notify) return;
  for (const config::Fault& fault : loaded->faults) {
    options_.notify(engine::Severity::kError, "web_config_fault", fault.to_string());
  }
  for (const config::Fault& warning : loaded->warnings) {
    options_.notify(engine::Severity::kWarning, "config_warning", warning.to_string());
  }
  if (loaded->file) {
    options_.notify(engine::Severity::kInfo, "web_config_reloaded", "");
  } else {
    options_.notify(engine::Severity::kError, "web_config_failed", "nothing was changed");
  }
}

void HttpServer::began_stream() {
  for (;;) {
    std::set<const Published*> held;
    const Published* oldest = nullptr;
    for (const auto& session : sessions_) {
      const Published* value = session->holds();
      if (value == nullptr) continue;
      held.insert(value);
      if (oldest == nullptr || value->snapshot->taken < oldest->snapshot->taken) oldest = value;
    }
    if (held.size() <= kMaxHeldValues) return;
    for (const auto& session : all_sessions()) {
      if (session->holds() != oldest) continue;
      ++stats_.cut_off_connections;
      session->abort();
    }
  }
}

std::vector<std::shared_ptr<Session>> HttpServer::all_sessions() const { return sessions_; }

void HttpServer::stop() {
  is_stopping_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  accept_pause_.cancel();
  patience_.cancel();
  look_.cancel();
  for (const auto& session : all_sessions()) session->finish();
  if (sessions_.empty()) {
    guard_.reset();
    return;
  }
  grace_.expires_after(kGrace);
  grace_.async_wait([this](error_code cancelled) {
    if (cancelled) return;
    for (const auto& session : all_sessions()) session->abort();
  });
}

}  // namespace

base::Expected<std::unique_ptr<Server>> Server::start(const ServerOptions& options, RequestPublished request) {
  const auto socket = open_listen_socket(options);
  if (!socket) return tl::make_unexpected(socket.error());
  return std::unique_ptr<Server>(std::make_unique<HttpServer>(options, std::move(request), *socket));
}

}  // namespace blipd::serve
