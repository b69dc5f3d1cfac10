#include "daemon/engine/batch.hpp"

namespace blipd::engine {

using What = Batch::Call::What;

void Batch::repeat(const Call& call, probes::ResultSink& sink) const {
  std::optional<base::Duration> rtt;
  if (call.rtt != Call::kNoRtt) rtt = call.rtt;
  switch (call.what) {
    case What::kSent:
      sink.on_sent(call.channel, call.at);
      break;
    case What::kRemark:
      sink.on_remark({call.channel, call.sequence, call.remark, call.at, rtt, call.sent, call.is_from_elsewhere});
      break;
    case What::kResult: {
      probes::Result result;
      result.channel = call.channel;
      result.sequence = call.sequence;
      result.outcome = call.outcome;
      result.abort_reason = call.abort_reason;
      result.answer = call.answer;
      result.stamps = call.stamps;
      result.service = call.service;
      result.answer_ttl = call.answer_ttl;
      result.was_sent = call.was_sent;
      result.sent = call.sent;
      result.settled = call.at;
      result.rtt = rtt;
      const bool is_answer = call.outcome == probes::Outcome::kAnswered;
      const bool has_more = call.beside != Call::kNothing;
      if (has_more && !is_answer) result.notice = notices[call.beside];
      sink.on_result(result, has_more && is_answer ? &details[call.beside] : nullptr);
      break;
    }
  }
}

void Batch::append(const Batch& later) {
  const auto first = static_cast<std::ptrdiff_t>(calls.size());
  calls.insert(calls.end(), later.calls.begin(), later.calls.end());
  if (!later.notices.empty() || !later.details.empty()) {
    const auto notices_before = static_cast<std::uint32_t>(notices.size());
    const auto details_before = static_cast<std::uint32_t>(details.size());
    notices.insert(notices.end(), later.notices.begin(), later.notices.end());
    details.insert(details.end(), later.details.begin(), later.details.end());
    for (auto call = calls.begin() + first; call != calls.end(); ++call) {
      if (call->beside == Call::kNothing) continue;
      call->beside += call->outcome == probes::Outcome::kAnswered ? details_before : notices_before;
    }
  }
  end = later.end;
  if (later.health) health = later.health;
}

void Batch::clear() {
  calls.clear();
  notices.clear();
  details.clear();
  health.reset();
}

void BatchWriter::on_sent(probes::ChannelIndex channel, base::MonoTime at) {
  Batch::Call& call = batch_.calls.emplace_back();
  call.what = What::kSent;
  call.channel = channel;
  call.at = at;
}

void BatchWriter::on_result(const probes::Result& result, const probes::AnswerDetail* detail) {
  Batch::Call& call = batch_.calls.emplace_back();
  call.what = What::kResult;
  call.channel = result.channel;
  call.sequence = result.sequence;
  call.outcome = result.outcome;
  call.abort_reason = result.abort_reason;
  call.answer = result.answer;
  call.stamps = result.stamps;
  call.service = result.service;
  call.answer_ttl = result.answer_ttl;
  call.was_sent = result.was_sent;
  call.sent = result.sent;
  call.at = result.settled;
  if (result.rtt) call.rtt = *result.rtt;
  if (result.outcome == probes::Outcome::kAnswered) {
    if (detail == nullptr || !detail->http) return;
    call.beside = static_cast<std::uint32_t>(batch_.details.size());
    batch_.details.push_back(*detail);
  } else if (result.notice) {
    call.beside = static_cast<std::uint32_t>(batch_.notices.size());
    batch_.notices.push_back(*result.notice);
  }
}

void BatchWriter::on_remark(const probes::Remark& remark) {
  Batch::Call& call = batch_.calls.emplace_back();
  call.what = What::kRemark;
  call.channel = remark.channel;
  call.sequence = remark.sequence;
  call.remark = remark.kind;
  call.is_from_elsewhere = remark.is_from_elsewhere;
  call.at = remark.at;
  call.sent = remark.sent;
  if (remark.rtt) call.rtt = *remark.rtt;
}

}  // namespace blipd::engine
