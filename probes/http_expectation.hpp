// What an HTTP exchange is expected to be like, compiled once, and the verdict on one. Patterns run in time and memory
// that are bounded by what they are given: a body may be hostile, a pattern is ours. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "probes/base/error.hpp"
#include "probes/base/time.hpp"
#include "probes/http_facts.hpp"
#include "probes/result.hpp"
#include "probes/spec.hpp"

namespace blipd::probes {

// "200", or a whole class as "2xx".
base::Expected<void> validate_status(std::string_view status);

// A pattern in RE2's syntax, which has neither back-references nor looking ahead.
base::Expected<void> validate_body_pattern(std::string_view pattern);

// 64 hexadecimal digits.
base::Expected<void> validate_sha256(std::string_view digest);

class HttpExpectation {
 public:
  static base::Expected<HttpExpectation> compile(const HttpExpectations& expectations);

  HttpExpectation();
  HttpExpectation(HttpExpectation&&) noexcept;
  HttpExpectation& operator=(HttpExpectation&&) noexcept;
  ~HttpExpectation();

  // What must be kept of a body to judge it. Otherwise it is only counted.
  bool wants_body() const;

  struct Verdict {
    Service service = Service::kNotJudged;
    std::string unmet;  // the first, in the order in which things happen: certificate, end, status, body
  };
  // `body`: as much as was read. A whole answer is always expected; an exchange that our own side did not get to the
  // end of is not judged. `now` is compared with the certificate's end.
  Verdict judge(const HttpFacts& facts, std::string_view body, base::WallTime now, base::Duration timeout) const;

 private:
  struct Patterns;
  std::string judge_certificate(const HttpFacts& facts, base::WallTime now) const;
  std::string judge_body(const HttpFacts& facts, std::string_view body) const;

  HttpExpectations expected_;
  std::unique_ptr<Patterns> patterns_;
};

}  // namespace blipd::probes
