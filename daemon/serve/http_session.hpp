// The session's inside: the states of one connection, from its first byte to its last. Split over http_session.cpp
// (what is read and sent), session_access.cpp (who is let in) and session_events.cpp (answers that go on).
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "daemon/serve/response_head.hpp"
#include "daemon/serve/session.hpp"
#include "daemon/serve/transport.hpp"

namespace blipd::serve {

class HttpSession final : public Session, private Listener, public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(boost::asio::io_context& context, int socket, bool is_v6, SessionHost& host);

  void start() override;
  void refuse() override;
  void finish() override;
  void abort() override;
  bool is_refused() const override { return is_refused_; }
  const Published* holds() const override { return value_.get(); }

 private:
  static constexpr std::size_t kReadBytes = 4096;

  enum class State {
    kIdle,
    kSecuring,
    kReading,
    kAdmitting,
    kReloading,
    kWaiting,
    kLookingUp,
    kWriting,
    kStreaming,
    kLingering,
    kClosed
  };

  void on_first_byte();
  void on_handshake_error(boost::system::error_code error);
  void wait_for_request(base::Duration timeout);
  void read_request();
  void on_read_error(boost::system::error_code error);
  void on_request();
  void on_admitted(Gate::Answer answer);
  void reload();
  void on_value(const FreshValue::Value& value);
  void look_up(const FreshValue::Value& value);
  void answer(const FreshValue::Value& value);
  bool is_gzip_taken() const;
  void send(Reply reply, bool is_head_only);
  void send_next_piece();
  void on_sent(boost::system::error_code error, std::size_t bytes);
  void on_answer_sent();
  void open_stream();
  void watch_listener();
  void hear(const std::shared_ptr<const std::string>& text) override;
  void on_end() override;
  void send_what_was_heard();
  void send_end();
  void linger();
  void drain_to_the_end();
  void drain();
  void close();
  void arm(base::Duration timeout);
  void on_timeout();

  SessionHost& host_;
  Transport transport_;
  std::shared_ptr<ssl_ctx_st> secured_by_;  // null: plain
  boost::asio::steady_timer timer_;
  std::string client_;        // his address
  std::uint64_t arming_ = 0;  // tells an expiry that was overtaken from one that holds
  bool is_timed_out_ = false;
  State state_ = State::kIdle;
  bool is_refused_ = false;
  bool is_last_ = false;  // close after the answer under way

  boost::beast::flat_buffer buffer_;  // may hold the beginning of the next, pipelined request
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;

  FreshValue::Value value_;  // what the answer under way is made from
  ReadingRoom::Place place_;
  Reply reply_;
  Framing framing_ = Framing::kLength;
  bool has_more_ = false;  // pieces of the answer under way
  std::string head_;
  std::string piece_;
  std::array<char, 20> chunk_size_{};
  boost::asio::steady_timer::time_point sending_since_{};
  std::size_t sent_bytes_ = 0;
  std::string heard_;        // of an event stream: what waits to be sent
  bool is_sending_ = false;  // something of an event stream is under way
  bool is_ending_ = false;   // no more will be told of an event stream
  std::size_t drained_bytes_ = 0;
};

}  // namespace blipd::serve
