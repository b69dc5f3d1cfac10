// The one door between a source of results and everything that is known from them. Owns measuring and
// judging; reads no clock, opens no socket, draws no random number: the same calls in give the same state
// out. Single-threaded.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "config/plan.hpp"
#include "daemon/event/event.hpp"
#include "daemon/pipeline/memory.hpp"
#include "daemon/pipeline/minutes.hpp"
#include "daemon/pipeline/row_batch.hpp"
#include "daemon/pipeline/snapshot.hpp"
#include "probes/base/error.hpp"
#include "probes/result.hpp"

namespace blipd::detect {
class Judge;
}

namespace blipd::pipeline {

using probes::ChannelIndex;

// What is kept of each channel beside what judging needs.
enum class Keep : std::uint8_t {
  kMeasures,  // counters, histograms and windows, which snapshots and minutes show
  kVerdicts,  // nothing: whoever wants events only does not pay for what nobody looks at; a snapshot's rows are empty
};

// Time order: `at`, `settled` and `now` never go back by more than the source's own reordering; the pipeline
// never goes back before its last advance().
class Pipeline final : public probes::ResultSink {
 public:
  Pipeline(std::shared_ptr<const config::Plan> plan, base::Moment start, Keep keep = Keep::kMeasures);
  ~Pipeline() override;

  void on_sent(probes::ChannelIndex channel, base::MonoTime at) override;
  void on_result(const probes::Result& result, const probes::AnswerDetail* detail) override;
  void on_remark(const probes::Remark& remark) override;
  void prefetch(probes::ChannelIndex channel, Distance distance) const override;

  // Lets time pass: windows slide, states that wait for time change.
  void advance(const base::Moment& now);

  // A new plan made from the current one (config::make_plan): state stays with whatever keeps its index and
  // its since_generation.
  void adopt(std::shared_ptr<const config::Plan> plan);

  // Channels that judging wants asked at once, since the last call; without repeats.
  std::vector<probes::ChannelIndex> take_urgent();

  // Events that began, changed or ended since the last call, each as it now stands; in order of `declared`.
  std::vector<event::Event> take_events();

  // Adds what evidence shows to an event that is open or ended lately, which brings out one more revision of it. False:
  // it is not known (any more), or has as much as it may have.
  bool attach(const std::string& event_id, event::Evidence more);

  // From now on results are added up by the minute, too, which takes measures: they are kept from now on, if they
  // were not.
  void keep_minutes();
  // Minutes that have ended and been closed since the last call, oldest first; a large one takes some calls of
  // advance() to close, unless it is asked for. A minute that nobody takes is given up after a few.
  std::vector<Minutes> take_minutes();
  void finish_minutes();

  // What the next start must know, and giving it back to a pipeline that has had no result yet. The time in between was
  // not watched. Unknown names are passed over; what cannot be read is an error, and changes nothing.
  Memory memory();
  // The same in steps, so that a large memory never holds up probing: each copies up to `channels` channels and returns
  // whether more is to come. The finished one is still to be written (Memory::text), and without open events, which
  // whoever keeps events has. Beginning again begins anew.
  void begin_memory();
  bool step_memory(std::size_t channels);
  Memory finish_memory();
  base::Expected<void> restore(const Memory& memory);

  // The verdicts as they stand, without a snapshot: cheap enough to look at after every call.
  const detect::Judge& judge() const;

  // A snapshot in parts, so that a large one never holds up probing: first all but its channels, then these, a batch
  // after the other (RowBatch says how), for as long as the snapshot's plan is the one that was adopted last.
  std::shared_ptr<Snapshot> begin_snapshot(const base::Moment& now);
  void copy_channels(ChannelIndex first, RowBatch& batch) const;

  // All at once.
  std::shared_ptr<const Snapshot> snapshot(const base::Moment& now);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace blipd::pipeline
