// The record of a run of a tabular rule: docs/run-record.md, "prl train, tabular rules".
#pragma once

#include <string>

#include "runner/run_record.hpp"
#include "runner/tabular/tabular_run.hpp"

namespace prl {

Json tabular_record_json(const std::string& command, const TabularConfiguration& configuration, const Machine& machine,
                         const TabularResult& result);

}  // namespace prl
