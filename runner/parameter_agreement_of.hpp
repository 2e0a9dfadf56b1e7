// The agreement on parameters that a configuration asks for, over whatever carries its messages.
#pragma once

#include <memory>
#include <span>

#include "parallel/agree/parameter_agreement.hpp"
#include "parallel/transport/transport.hpp"
#include "runner/run_configuration.hpp"

namespace prl {

// `initial` are the parameters that all members start from. `transport` must outlive the agreement. Throws
// std::logic_error unless configuration.meets_on_parameters().
std::unique_ptr<ParameterAgreement<float>> make_parameter_agreement(const RunConfiguration& configuration,
                                                                    Transport& transport,
                                                                    std::span<const float> initial);

}  // namespace prl
