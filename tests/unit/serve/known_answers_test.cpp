#include "daemon/serve/known_answers.hpp"

#include <catch2/catch.hpp>

#include "daemon/page/assets.hpp"
#include "daemon/serve/response_head.hpp"
#include "tests/unit/serve/running.hpp"

using namespace blipd::serve;

TEST_CASE("an answer is known to whoever names its tag, weak or strong, alone or among others") {
  Reply reply;
  reply.etag = R"(W/"page-1.css")";
  for (const char* field : {R"(W/"page-1.css")", R"("page-1.css")", R"("x", W/"page-1.css")", R"( "a,b" ,"page-1.css")",
                            "*", R"(,"page-1.css",)"}) {
    CAPTURE(field);
    CHECK(is_known(reply, field));
  }
  for (const char* field :
       {"", R"("page-2.css")", "page-1.css", R"("page-1.css)", R"("")", R"("x" page-1.css)", "W/"}) {
    CAPTURE(field);
    CHECK(!is_known(reply, field));
  }
  CHECK(!is_known(Reply{}, "*"));
}

TEST_CASE("what is known is told with its tag, and without content") {
  Reply reply;
  reply.etag = R"(W/"a")";
  reply.cache_control = "public";
  reply.compressed = "packed";
  const std::string head = response_head(not_modified(reply), HeadOptions{}, {});
  CHECK(head.starts_with("HTTP/1.1 304 Not Modified\r\n"));
  CHECK(head.find("\r\nETag: W/\"a\"\r\n") != std::string::npos);
  CHECK(head.find("\r\nCache-Control: public\r\n") != std::string::npos);
  CHECK(head.find("\r\nVary: Accept-Encoding\r\n") != std::string::npos);
  CHECK(head.find("\r\nContent-") == head.find("\r\nContent-Security-Policy"));
}

TEST_CASE("what documents refer to is sent once to a browser that keeps it") {
  namespace sample = blipd::serve::sample;
  const auto server = sample::start(sample::loopback());
  REQUIRE(!blipd::page::assets().empty());
  for (const auto& asset : blipd::page::assets()) {
    sample::Client client(server->port());
    client.send(sample::request(asset.path, "GET", "Accept-Encoding: gzip\r\n"));
    const std::string head = client.receive_until("\r\n\r\n");
    CHECK(head.starts_with("HTTP/1.1 200 "));
    CHECK(head.find("\r\nContent-Encoding: gzip\r\n") != std::string::npos);
    CHECK(head.find("\r\nVary: Accept-Encoding\r\n") != std::string::npos);
    CHECK(head.find("\r\nCache-Control: public, max-age=31536000, immutable\r\n") != std::string::npos);
    CHECK(head.find("\r\nContent-Length: " + std::to_string(asset.gzip.size()) + "\r\n") != std::string::npos);
    const std::size_t at = head.find("\r\nETag: ") + 8;
    const std::string tag = head.substr(at, head.find("\r\n", at) - at);
    sample::Client again(server->port());
    again.send(sample::request(asset.path, "GET", "Connection: close\r\nIf-None-Match: " + tag + "\r\n"));
    const std::string known = again.receive_all();
    CHECK(known.starts_with("HTTP/1.1 304 "));
    CHECK(known.ends_with("\r\n\r\n"));
  }
}
