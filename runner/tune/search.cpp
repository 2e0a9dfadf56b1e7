#include "runner/tune/search.hpp"

#include "runner/tune/grid_search.hpp"
#include "runner/tune/population.hpp"
#include "runner/tune/random_search.hpp"
#include "runner/tune/successive_halving.hpp"

namespace prl {

std::string name_of(SearchKind kind) {
  if (kind == SearchKind::kRandom) return "random";
  if (kind == SearchKind::kGrid) return "grid";
  return kind == SearchKind::kHalving ? "asha" : "pbt";
}

std::unique_ptr<Search> make_search(const SearchPlan& plan) {
  if (plan.kind == SearchKind::kRandom) return std::make_unique<RandomSearch>(plan);
  if (plan.kind == SearchKind::kGrid) return std::make_unique<GridSearch>(plan);
  if (plan.kind == SearchKind::kHalving) return std::make_unique<SuccessiveHalving>(plan);
  return std::make_unique<Population>(plan);
}

}  // namespace prl
