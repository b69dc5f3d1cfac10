#include "daemon/pipeline/memory.hpp"

#include "daemon/detect/recollection.hpp"

namespace blipd::pipeline {

std::string Memory::text() const { return unwritten ? detect::to_json(*unwritten) : judge; }

}  // namespace blipd::pipeline
