#include "daemon/event/evidence_json.hpp"

#include "daemon/event/json_values.hpp"

namespace blipd::event {

namespace {

// Round trips within a network are below a millisecond: six digits behind the point.
Json micros(const std::optional<base::Duration>& duration) {
  if (!duration) return nullptr;
  return static_cast<double>(std::chrono::round<std::chrono::microseconds>(*duration).count()) / 1e6;
}

// Keys that say nothing (no label, no name) are left out: a path has up to 64 hops.
Json write(const PathHop& hop) {
  Json json = {{"distance", hop.distance}, {"address", hop.address.empty() ? Json(nullptr) : Json(hop.address)}};
  if (hop.address.empty()) return json;
  json["as"] = hop.as_number == 0 ? Json(nullptr) : Json(hop.as_number);
  json["place"] = name_of(kPathPlaceNames, hop.place);
  json["rtt_seconds"] = micros(hop.round_trip);
  if (!hop.labels.empty()) json["labels"] = hop.labels;
  if (!hop.interface.empty()) json["interface"] = hop.interface;
  return json;
}

PathHop read_hop(const Json& json) {
  PathHop hop;
  hop.distance = json.at("distance");
  if (json.at("address").is_null()) return hop;
  hop.address = json.at("address");
  if (const Json& as_number = json.at("as"); !as_number.is_null()) hop.as_number = as_number;
  hop.place = value_of<PathPlace>(kPathPlaceNames, json.at("place"));
  if (const Json& rtt = json.at("rtt_seconds"); !rtt.is_null()) hop.round_trip = base::from_seconds(rtt.get<double>());
  if (json.contains("labels")) hop.labels = json.at("labels").get<std::vector<std::uint32_t>>();
  if (json.contains("interface")) hop.interface = json.at("interface");
  return hop;
}

Json write(const PathSeen& seen) {
  Json hops = Json::array();
  for (const PathHop& hop : seen.hops) hops.push_back(write(hop));
  return {{"at", base::format_time(seen.at)},
          {"end", name_of(kPathEndNames, seen.end)},
          {"upstream", seen.upstream == 0 ? Json(nullptr) : Json(seen.upstream)},
          {"hops", std::move(hops)}};
}

PathSeen read_seen(const Json& json) {
  PathSeen seen;
  seen.at = time_of(json.at("at"));
  seen.end = value_of<PathEnd>(kPathEndNames, json.at("end"));
  if (const Json& upstream = json.at("upstream"); !upstream.is_null()) seen.upstream = upstream;
  for (const Json& hop : json.at("hops")) seen.hops.push_back(read_hop(hop));
  return seen;
}

Json write(const PathLoss& loss) {
  return {{"after", loss.after.distance == 0 ? Json(nullptr) : write(loss.after)},
          {"hop", loss.hop ? write(*loss.hop) : Json(nullptr)},
          {"place", name_of(kPathPlaceNames, loss.place)}};
}

PathLoss read_loss(const Json& json) {
  PathLoss loss;
  if (const Json& after = json.at("after"); !after.is_null()) loss.after = read_hop(after);
  if (const Json& hop = json.at("hop"); !hop.is_null()) loss.hop = read_hop(hop);
  loss.place = value_of<PathPlace>(kPathPlaceNames, json.at("place"));
  return loss;
}

Json write(const PathEvidence& path) {
  return {{"moment", name_of(kMomentNames, path.moment)},
          {"network", path.network},
          {"target", path.target},
          {"probe", path.probe},
          {"method", path.method.empty() ? Json(nullptr) : Json(path.method)},
          {"control", path.is_control},
          {"now", write(path.now)},
          {"before", path.before ? write(*path.before) : Json(nullptr)},
          {"loss", path.loss ? write(*path.loss) : Json(nullptr)}};
}

PathEvidence read_path(const Json& json) {
  PathEvidence path;
  path.moment = value_of<Moment>(kMomentNames, json.at("moment"));
  path.network = json.at("network");
  path.target = json.at("target");
  path.probe = json.at("probe");
  if (json.contains("method") && !json.at("method").is_null()) path.method = json.at("method");
  path.is_control = json.at("control");
  path.now = read_seen(json.at("now"));
  if (const Json& before = json.at("before"); !before.is_null()) path.before = read_seen(before);
  if (const Json& loss = json.at("loss"); !loss.is_null()) path.loss = read_loss(loss);
  return path;
}

Json write(const PacketFile& file) {
  return {{"moment", name_of(kMomentNames, file.moment)},
          {"network", file.network},
          {"file", file.file},
          {"from", base::format_time(file.from)},
          {"to", base::format_time(file.to)},
          {"packets", file.packets},
          {"bytes", file.bytes}};
}

PacketFile read_file(const Json& json) {
  return {value_of<Moment>(kMomentNames, json.at("moment")),
          json.at("network"),
          json.at("file"),
          time_of(json.at("from")),
          time_of(json.at("to")),
          json.at("packets"),
          json.at("bytes")};
}

Json write(const HostEvidence& host) {
  Json ways = Json::array();
  for (const WayEvidence& way : host.ways) {
    ways.push_back({{"probe", way.probe}, {"says", name_of(kWaySaysNames, way.says)}});
  }
  Json signs = Json::array();
  for (const HostSign sign : host.signs) signs.push_back(name_of(kHostSignNames, sign));
  return {{"moment", name_of(kMomentNames, host.moment)},
          {"network", host.network},
          {"target", host.target},
          {"verdict", name_of(kHostVerdictNames, host.verdict)},
          {"words", host.words},
          {"ways", std::move(ways)},
          {"signs", std::move(signs)}};
}

HostEvidence read_host(const Json& json) {
  HostEvidence host;
  host.moment = value_of<Moment>(kMomentNames, json.at("moment"));
  host.network = json.at("network");
  host.target = json.at("target");
  host.verdict = value_of<HostVerdict>(kHostVerdictNames, json.at("verdict"));
  host.words = json.at("words");
  for (const Json& way : json.at("ways")) {
    host.ways.push_back({way.at("probe"), value_of<WaySays>(kWaySaysNames, way.at("says"))});
  }
  for (const Json& sign : json.at("signs")) host.signs.push_back(value_of<HostSign>(kHostSignNames, sign));
  return host;
}

}  // namespace

Json evidence_to_json(const Evidence& evidence) {
  Json paths = Json::array();
  for (const PathEvidence& path : evidence.paths) paths.push_back(write(path));
  Json packets = Json::array();
  for (const PacketFile& file : evidence.packets) packets.push_back(write(file));
  Json hosts = Json::array();
  for (const HostEvidence& host : evidence.hosts) hosts.push_back(write(host));
  return {{"paths", std::move(paths)}, {"packets", std::move(packets)}, {"hosts", std::move(hosts)}};
}

Evidence evidence_from_json(const Json& json) {
  Evidence evidence;
  for (const Json& path : json.at("paths")) evidence.paths.push_back(read_path(path));
  for (const Json& file : json.at("packets")) evidence.packets.push_back(read_file(file));
  // Journals of before there were any.
  if (!json.contains("hosts")) return evidence;
  for (const Json& host : json.at("hosts")) evidence.hosts.push_back(read_host(host));
  return evidence;
}

}  // namespace blipd::event
