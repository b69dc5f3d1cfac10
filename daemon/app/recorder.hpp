// Writes every result and every late answer as a line of JSON (recorded::ResultLines) to the file that `record:` names.
// Passes everything on to the next sink first. A thread of its own writes; when the disk cannot keep up, lines are
// dropped and counted, never waited for. What could be written in part only is taken back, so that a file never has
// half a line in it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "config/plan.hpp"
#include "daemon/recorded/result_lines.hpp"
#include "daemon/serve/published.hpp"
#include "probes/base/error.hpp"
#include "probes/result.hpp"

namespace blipd::app {

class Recorder final : public probes::ResultSink {
 public:
  // Appends to `path`. Fails when it cannot be opened.
  static base::Expected<std::unique_ptr<Recorder>> open(const std::string& path, probes::ResultSink& next,
                                                        const base::Clock& clock);
  ~Recorder() override;  // writes what is queued

  void adopt(const std::shared_ptr<const config::Plan>& plan);

  // Once in a while, from the probing thread: hands over what has gathered.
  void flush();

  serve::RecordHealth health() const;

  void on_sent(probes::ChannelIndex channel, base::MonoTime at) override;
  void on_result(const probes::Result& result, const probes::AnswerDetail* detail) override;
  void on_remark(const probes::Remark& remark) override;

 private:
  class Writer;
  template <class Learned>
  void note(const Learned& learned, base::MonoTime sent);
  Recorder(std::unique_ptr<Writer> writer, probes::ResultSink& next, const base::Clock& clock);

  std::unique_ptr<Writer> writer_;
  probes::ResultSink& next_;
  const base::Clock& clock_;
  std::optional<recorded::ResultLines> lines_;
  std::string gathered_;
};

}  // namespace blipd::app
