#include "envs/registry.hpp"

#include <memory>

#include "envs/acrobot.hpp"
#include "envs/cartpole.hpp"
#include "envs/mountain_car.hpp"
#include "envs/mountain_car_continuous.hpp"
#include "envs/pendulum.hpp"

namespace prl {
namespace {

template <Environment E>
class Entry final : public EnvironmentEntry {
 public:
  explicit Entry(double solved_return) : solved_return_(solved_return) {}

  EnvironmentInfo info() const override {
    return {E::kName,
            E::kObservationSize,
            E::kDiscrete ? E::kActionCount : E::kActionSize,
            E::kDiscrete,
            E::kTimeLimit,
            VectorEnv<E>::kAutoreset,
            VectorEnv<E>::kKeptBytes,
            solved_return_};
  }

  ActorFactory actors(const ActorSetting& setting) const override {
    return [setting](int first, int count) -> std::unique_ptr<Actor> {
      if (setting.episodes_each > 0) return std::make_unique<EpisodeActor<E>>(setting, first, count);
      return std::make_unique<RolloutActor<E>>(setting, first, count);
    };
  }

  EnvironmentBatchFactory batches(const ActorSetting& setting) const override {
    return [setting](int first, int count) { return std::make_unique<RemoteEnvironments<E>>(setting, first, count); };
  }

  std::vector<double> evaluate(const NetworkLayout& layout, const float* parameters, EpisodeRange episodes,
                               std::uint64_t seed, EvaluationAction mode,
                               const std::atomic<bool>& stop) const override {
    return evaluate_policy<E>(layout, parameters, episodes, seed, mode, stop);
  }

 private:
  double solved_return_;
};

}  // namespace

const std::vector<const EnvironmentEntry*>& environments() {
  static const Entry<CartPole<float>> cartpole(475.0);
  static const Entry<Acrobot<float>> acrobot(-100.0);
  static const Entry<MountainCar<float>> mountain_car(-110.0);
  static const Entry<MountainCarContinuous<float>> mountain_car_continuous(90.0);
  static const Entry<Pendulum<float>> pendulum(-200.0);
  static const std::vector<const EnvironmentEntry*> all = {&cartpole, &acrobot, &mountain_car, &mountain_car_continuous,
                                                           &pendulum};
  return all;
}

const EnvironmentEntry* find_environment(std::string_view name) {
  for (const EnvironmentEntry* entry : environments()) {
    if (entry->info().name == name) return entry;
  }
  return nullptr;
}

}  // namespace prl
