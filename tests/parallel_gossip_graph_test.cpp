// Gossip's mixing matrices are what theory says: their sums, their second eigenvalues, and for drawn graphs the expectation
// over draws.
#include <algorithm>
#include <cmath>
#include <complex>
#include <map>
#include <numbers>
#include <set>
#include <vector>

#include "parallel/agree/gossip/gossip_graph.hpp"
#include "tests/catch2.hpp"

using namespace prl;

namespace {

using Vector = std::vector<double>;
using Matrix = std::vector<Vector>;

constexpr double kPi = std::numbers::pi;
constexpr std::uint64_t kSeed = 7;

std::size_t index(int i) { return static_cast<std::size_t>(i); }

Matrix matrix_of(const GossipGraph& graph) {
  Matrix matrix(index(graph.members()), Vector(index(graph.members()), 0.0));
  for (int i = 0; i < graph.members(); ++i) {
    for (const GossipShare& share : graph.row(i)) matrix[index(i)][index(share.member)] = share.weight;
  }
  return matrix;
}

Matrix matrix_of(GossipTopology topology, int members) { return matrix_of(GossipGraph(topology, members, kSeed)); }

template <typename Number>
std::vector<Number> times(const Matrix& matrix, const std::vector<Number>& vector) {
  std::vector<Number> product(vector.size(), Number{});
  for (std::size_t i = 0; i < vector.size(); ++i) {
    for (std::size_t j = 0; j < vector.size(); ++j) product[i] += matrix[i][j] * vector[j];
  }
  return product;
}

double squared_disagreement(const Vector& values) {
  double mean = 0.0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  double sum = 0.0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum;
}

// Eigenvectors of every circulant matrix: exp(2 pi i m k / n).
std::vector<std::complex<double>> wave(int members, int frequency) {
  std::vector<std::complex<double>> values;
  for (int i = 0; i < members; ++i) values.push_back(std::polar(1.0, 2.0 * kPi * frequency * i / members));
  return values;
}

// Of a matrix with the waves as eigenvectors.
double eigenvalue_modulus(const Matrix& matrix, int frequency) {
  const auto before = wave(static_cast<int>(matrix.size()), frequency);
  const auto after = times(matrix, before);
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(std::abs(after[i] - after[0] * before[i]) < 1e-12);
  return std::abs(after[0]);
}

double second_modulus(const Matrix& matrix) {
  double largest = 0.0;
  for (int k = 1; k < static_cast<int>(matrix.size()); ++k) largest = std::max(largest, eigenvalue_modulus(matrix, k));
  return largest;
}

// The mean over many rounds of |W x - mean|^2 / |x - mean|^2, and its standard error.
struct Contraction {
  double mean = 0.0;
  double error = 0.0;
};

Contraction contraction_of_draws(GossipTopology topology, const Vector& values) {
  constexpr int kRounds = 4000;
  GossipGraph graph(topology, static_cast<int>(values.size()), kSeed);
  double sum = 0.0;
  double squares = 0.0;
  for (int round = 0; round < kRounds; ++round) {
    graph.begin_round(static_cast<std::uint64_t>(round));
    const Vector after = times(matrix_of(graph), values);
    double distance = 0.0;  // from the old mean: a random peer's rows move it
    for (const double value : after) distance += value * value;
    const double ratio = distance / squared_disagreement(values);
    sum += ratio;
    squares += ratio * ratio;
  }
  const double mean = sum / kRounds;
  return {mean, std::sqrt((squares / kRounds - mean * mean) / kRounds)};
}

// Mean 0, otherwise irregular.
Vector uneven_values(int members) {
  Vector values;
  double mean = 0.0;
  for (int i = 0; i < members; ++i) values.push_back(std::sin(1.0 + 2.3 * i));
  for (const double value : values) mean += value / members;
  for (double& value : values) value -= mean;
  return values;
}

void check_within_noise(const Contraction& measured, double expected) {
  CAPTURE(measured.mean, measured.error, expected);
  CHECK(std::abs(measured.mean - expected) < 4.0 * measured.error + 1e-12);
}

}  // namespace

TEST_CASE("what members give adds up to what they have, and rows to 1 except with a random peer") {
  for (const GossipTopology topology : kGossipTopologies) {
    for (int members = 1; members <= 17; ++members) {
      GossipGraph graph(topology, members, kSeed);
      for (std::uint64_t round = 0; round < 6; ++round) {
        graph.begin_round(round);
        const Matrix matrix = matrix_of(graph);
        for (std::size_t i = 0; i < matrix.size(); ++i) {
          double row = 0.0;
          double column = 0.0;
          for (std::size_t j = 0; j < matrix.size(); ++j) {
            row += matrix[i][j];
            column += matrix[j][i];
            CHECK(matrix[i][j] >= 0.0);
            if (is_symmetric(topology)) CHECK(matrix[i][j] == matrix[j][i]);
          }
          CHECK(std::abs(column - 1.0) < 1e-15);
          if (topology != GossipTopology::kRandomPeer) CHECK(std::abs(row - 1.0) < 1e-15);
          CHECK(matrix[i][i] > 0.0);
        }
      }
    }
  }
}

TEST_CASE("rows name each sender once, in member order, and senders are those who have the member as a receiver") {
  for (const GossipTopology topology : kGossipTopologies) {
    for (const int members : {1, 2, 3, 5, 8, 16}) {
      GossipGraph graph(topology, members, kSeed);
      for (std::uint64_t round = 0; round < 4; ++round) {
        graph.begin_round(round);
        for (int i = 0; i < members; ++i) {
          std::set<int> senders{i};
          for (int j = 0; j < members; ++j) {
            const auto receivers = graph.receivers(j);
            if (std::count(receivers.begin(), receivers.end(), i) > 0) senders.insert(j);
            CHECK(std::count(receivers.begin(), receivers.end(), i) <= (i == j ? 0 : 1));
          }
          std::vector<int> row;
          for (const GossipShare& share : graph.row(i)) row.push_back(share.member);
          CHECK((row == std::vector<int>(senders.begin(), senders.end())));
        }
      }
    }
  }
}

TEST_CASE("a ring's second eigenvalue is (1 + 2 cos(2 pi / n)) / 3") {
  const std::map<int, double> literature = {{4, 0.333}, {8, 0.805}, {16, 0.949}};
  for (const auto& [members, value] : literature) {
    const double modulus = second_modulus(matrix_of(GossipTopology::kRing, members));
    CHECK(std::abs(modulus - (1.0 + 2.0 * std::cos(2.0 * kPi / members)) / 3.0) < 1e-12);
    CHECK(std::abs(modulus - value) < 5e-4);
  }
  CHECK(second_modulus(matrix_of(GossipTopology::kRing, 3)) < 1e-12);
  CHECK(second_modulus(matrix_of(GossipTopology::kRing, 2)) < 1e-12);
}

TEST_CASE("a hypercube's second eigenvalue is (log2(n) - 1) / (log2(n) + 1)") {
  // Eigenvectors are the Walsh functions (-1)^popcount(i & k).
  for (const int dimensions : {1, 2, 3, 4}) {
    const int members = 1 << dimensions;
    const Matrix matrix = matrix_of(GossipTopology::kHypercube, members);
    double largest = 0.0;
    for (int k = 1; k < members; ++k) {
      Vector walsh;
      for (int i = 0; i < members; ++i)
        walsh.push_back(__builtin_popcount(static_cast<unsigned>(i & k)) % 2 == 0 ? 1 : -1);
      const Vector after = times(matrix, walsh);
      for (std::size_t i = 0; i < walsh.size(); ++i) CHECK(std::abs(after[i] - after[0] * walsh[i]) < 1e-12);
      largest = std::max(largest, std::abs(after[0]));
    }
    CHECK(std::abs(largest - (dimensions - 1.0) / (dimensions + 1.0)) < 1e-12);
  }
}

TEST_CASE("a static exponential graph's second eigenvalue is 1 - 2 / (1 + log2 n)") {
  for (const int dimensions : {1, 2, 3, 4}) {
    const double modulus = second_modulus(matrix_of(GossipTopology::kExponential, 1 << dimensions));
    CHECK(std::abs(modulus - (1.0 - 2.0 / (1.0 + dimensions))) < 1e-12);
  }
  CHECK(second_modulus(matrix_of(GossipTopology::kExponential, 3)) < 1e-12);  // all are each other's neighbours
}

TEST_CASE("log2(n) one-peer rounds multiply to the mean where n is a power of two, and to something else elsewhere") {
  const std::map<int, bool> exact = {{1, true}, {2, true}, {3, false}, {4, true}, {5, false}, {8, true}, {16, true}};
  for (const auto& [members, is_exact] : exact) {
    GossipGraph graph(GossipTopology::kOnePeer, members, kSeed);
    const Vector before = uneven_values(members);
    Vector values = before;
    int round = 0;
    for (int reach = 1; reach < members; reach *= 2) {
      graph.begin_round(static_cast<std::uint64_t>(round++));
      values = times(matrix_of(graph), values);
    }
    const double left = std::sqrt(squared_disagreement(values));
    if (is_exact) {
      CHECK(left < 1e-15);
    } else {
      CHECK(left > 0.05 * std::sqrt(squared_disagreement(before)));
    }
  }
}

TEST_CASE("random pairs halve everyone once, and leave one alone where the number is odd") {
  for (const int members : {2, 3, 7, 8}) {
    GossipGraph graph(GossipTopology::kRandomPairs, members, kSeed);
    for (std::uint64_t round = 0; round < 50; ++round) {
      graph.begin_round(round);
      int alone = 0;
      for (int i = 0; i < members; ++i) {
        const auto partners = graph.receivers(i);
        CHECK(partners.size() <= 1);
        if (partners.empty()) {
          ++alone;
        } else {
          CHECK((graph.receivers(partners[0]).size() == 1 && graph.receivers(partners[0])[0] == i));
        }
      }
      CHECK(alone == members % 2);
    }
  }
}

TEST_CASE("every perfect matching of six is drawn as often as the others") {
  constexpr int kRounds = 15000;
  GossipGraph graph(GossipTopology::kRandomPairs, 6, kSeed);
  std::map<std::vector<int>, int> drawn;
  for (int round = 0; round < kRounds; ++round) {
    graph.begin_round(static_cast<std::uint64_t>(round));
    std::vector<int> partner;
    for (int i = 0; i < 6; ++i) partner.push_back(graph.receivers(i)[0]);
    ++drawn[partner];
  }
  REQUIRE(drawn.size() == 15);
  double chi_squared = 0.0;
  for (const auto& [matching, count] : drawn) chi_squared += std::pow(count - kRounds / 15.0, 2) / (kRounds / 15.0);
  CHECK(chi_squared < 36.1);  // 0.1 % of a chi-squared distribution with 14 degrees of freedom lie above
}

// E|W x|^2 with W a projection: the mean of 1/2 (1 - 1) over the n - 1 possible partners, and one left alone in n.
TEST_CASE(
    "random pairs contract the squared disagreement by (n - 2) / (2 (n - 1)) in expectation, odd numbers by 1/2") {
  for (const int members : {4, 8, 16}) {
    check_within_noise(contraction_of_draws(GossipTopology::kRandomPairs, uneven_values(members)),
                       (members - 2.0) / (2.0 * (members - 1.0)));
  }
  check_within_noise(contraction_of_draws(GossipTopology::kRandomPairs, uneven_values(5)), 0.5);
}

// With x of mean 0, f(k) whom k gives to: |W x|^2 = sum over i of (x_i + sum over f(k) = i of x_k)^2 / 4, where k != k' meet
// at one receiver with probability (n - 2) / (n - 1)^2. It is Kempe et al. 2003, lemma 2.3, for peers that are never oneself.
TEST_CASE("random peers contract the squared sums by 1/2 - 1/(2 (n - 1)) - (n - 2)/(4 (n - 1)^2) in expectation") {
  for (const int members : {2, 4, 8, 16}) {
    const double others = members - 1.0;
    check_within_noise(contraction_of_draws(GossipTopology::kRandomPeer, uneven_values(members)),
                       0.5 - 0.5 / others - (members - 2.0) / (4.0 * others * others));
  }
}

TEST_CASE("draws are the seed's and the round's") {
  for (const GossipTopology topology : {GossipTopology::kRandomPairs, GossipTopology::kRandomPeer}) {
    GossipGraph graph(topology, 16, kSeed);
    GossipGraph same(topology, 16, kSeed);
    GossipGraph other(topology, 16, kSeed + 1);
    graph.begin_round(9);
    const Matrix of_nine = matrix_of(graph);
    for (const std::uint64_t round : {3, 9}) same.begin_round(round);
    other.begin_round(9);
    CHECK((matrix_of(same) == of_nine));
    CHECK((matrix_of(other) != of_nine));
    for (const std::uint64_t round : {8, 10}) {
      graph.begin_round(round);
      CHECK((matrix_of(graph) != of_nine));
    }
  }
}

TEST_CASE("gossip of nobody is refused") {
  CHECK_THROWS_AS(GossipGraph(GossipTopology::kRing, 0, kSeed), std::invalid_argument);
}
