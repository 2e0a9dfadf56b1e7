// The messages of one round or of some updates, without what is in them: for SimGrid's SMPI, which simulates their time
// on a network of any size. Work is smpi_execute(seconds); seconds are those of measured records.
//
//   skeleton FORM PARAMETERS TRAJECTORY_BYTES COLLECT_SECONDS LEARN_SECONDS REPEATS SHARDS
//
// Same messages, order and tags' meaning as the suite's own code; P ranks, S = 4 PARAMETERS bytes:
//
//   central           a round of MpiCollector: command and weights to each rank, all ranks collect, answer and
//                     trajectories back, rank 0 learns
//   direct            an update of TransportGradients with DirectCollective: all pieces to all ranks at once, twice
//   ring              with RingCollective: 2 (P - 1) exchanges of S / P
//   halving-doubling  with HalvingDoublingCollective: 2 log2(Q) exchanges, Q the largest power of two not above P
//   server            a synchronous server on the first SHARDS ranks, each with its range: gradients in, parameters out
//   gossip-ring       S to and from both neighbours
//   gossip-exponential  S to rank + 2^k, from rank - 2^k, k = 0, 1, .. in turn
//
// Updates by direct, ring and halving-doubling also exchange 8 bytes between all ranks (the gradient's norm). From
// kAllPairs ranks on, those P (P - 1) messages are too many to simulate at a time; their time is then that of one of them
// and of handing over and taking in P - 1, which is what the simulation says of fewer ranks
// (tests/python/test_simulation.py).
//
// Prints seconds of one repeat on the slowest rank, bytes and messages of all ranks.
#include <mpi.h>
#include <smpi/smpi.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr int kAllPairs = 65;
constexpr int kHeaderBytes = 16;
constexpr int kNormBytes = 8;
constexpr double kMessageSeconds = PRL_MESSAGE_SECONDS;  // of a rank's processor, to send one or to receive one

struct Setting {
  std::string form;
  long parameters = 0;
  long trajectory_bytes = 0;  // of all ranks, a round
  double collect_seconds = 0.0;
  double learn_seconds = 0.0;
  int repeats = 1;
  int shards = 1;
};

class Rank {
 public:
  explicit Rank(const Setting& setting) : setting_(setting) {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    const long longest = std::max(4 * setting.parameters, setting.trajectory_bytes) + 64;
    // One place for all that is sent and received by all ranks: contents do not matter, and nothing is copied.
    place_ = SMPI_SHARED_MALLOC(static_cast<std::size_t>(longest));
  }
  ~Rank() { SMPI_SHARED_FREE(place_); }
  Rank(const Rank&) = delete;
  Rank& operator=(const Rank&) = delete;

  double run() {
    MPI_Barrier(MPI_COMM_WORLD);
    // Ranks leave a barrier one after another: let all of them begin at the same time.
    const double start = std::ceil(MPI_Wtime()) + 1.0;
    smpi_execute(start - MPI_Wtime());
    for (int i = 0; i < setting_.repeats; ++i) once(i);
    const double own = (MPI_Wtime() - start) / setting_.repeats;
    double slowest = 0.0;
    MPI_Reduce(&own, &slowest, 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
    return slowest;
  }

  void report(double seconds) const {
    double own[] = {static_cast<double>(bytes_), static_cast<double>(messages_)};
    double all[] = {0.0, 0.0};
    MPI_Reduce(own, all, 2, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank_ == 0)
      std::printf("{\"seconds\": %.9g, \"bytes\": %.0f, \"messages\": %.0f}\n", seconds, all[0] / setting_.repeats,
                  all[1] / setting_.repeats);
  }

 private:
  void once(int repeat) {
    const std::string& form = setting_.form;
    if (form == "central") return central();
    smpi_execute(setting_.learn_seconds);
    if (form == "direct") all_pieces(), norm(), all_pieces();
    if (form == "ring") ring(), norm(), ring();
    if (form == "halving-doubling") halve(), norm(), double_back();
    if (form == "server") server();
    if (form == "gossip-ring") gossip_ring();
    if (form == "gossip-exponential") gossip_exponential(repeat);
  }

  void central() {
    const int weights = bytes_of(setting_.parameters);
    const int share = static_cast<int>(setting_.trajectory_bytes / size_);
    if (rank_ > 0) {
      post_receive(0, kHeaderBytes), finish();
      post_receive(0, weights), finish();
      smpi_execute(setting_.collect_seconds);
      post_send(0, kHeaderBytes), post_send(0, share), finish();
      return;
    }
    for (int to = 1; to < size_; ++to) post_send(to, kHeaderBytes), post_send(to, weights);
    std::vector<MPI_Request> sends = std::exchange(requests_, {});
    for (int from = 1; from < size_; ++from) post_receive(from, kHeaderBytes), post_receive(from, share);
    smpi_execute(setting_.collect_seconds);
    finish();
    MPI_Waitall(static_cast<int>(sends.size()), sends.data(), MPI_STATUSES_IGNORE);
    smpi_execute(setting_.learn_seconds);
  }

  void all_pieces() {
    for (int step = 1; step < size_; ++step) post_receive((rank_ - step + size_) % size_, piece(rank_, size_));
    for (int step = 1; step < size_; ++step) post_send((rank_ + step) % size_, piece((rank_ + step) % size_, size_));
    finish();
  }

  void norm() {
    if (size_ < kAllPairs) {
      for (int step = 1; step < size_; ++step) post_receive((rank_ - step + size_) % size_, kNormBytes);
      for (int step = 1; step < size_; ++step) post_send((rank_ + step) % size_, kNormBytes);
      return finish();
    }
    smpi_execute((size_ - 2) * 2 * kMessageSeconds);
    exchange((rank_ + 1) % size_, kNormBytes, (rank_ - 1 + size_) % size_, kNormBytes);
    bytes_ += static_cast<long>(size_ - 2) * kNormBytes;
    messages_ += size_ - 2;
  }

  void ring() {
    for (int step = 0; step < size_ - 1; ++step) {
      exchange((rank_ + 1) % size_, piece(rank_ - step - 1, size_), (rank_ - 1 + size_) % size_,
               piece(rank_ - step - 2, size_));
    }
  }

  int core() const { return static_cast<int>(std::bit_floor(static_cast<unsigned>(size_))); }
  int companion() const {
    const int other = rank_ < core() ? rank_ + core() : rank_ - core();
    return other < size_ ? other : -1;
  }

  void halve() {
    if (rank_ >= core()) return post_send(companion(), bytes_of(setting_.parameters)), finish();
    if (companion() >= 0) post_receive(companion(), bytes_of(setting_.parameters)), finish();
    for (int distance = core() / 2; distance > 0; distance /= 2) {
      const int partner = rank_ ^ distance;
      exchange(partner, blocks(partner, distance), partner, blocks(rank_, distance));
    }
  }

  void double_back() {
    if (rank_ >= core()) return post_receive(companion(), bytes_of(setting_.parameters)), finish();
    for (int distance = 1; distance < core(); distance *= 2) {
      const int partner = rank_ ^ distance;
      exchange(partner, blocks(rank_, distance), partner, blocks(partner, distance));
    }
    if (companion() >= 0) post_send(companion(), bytes_of(setting_.parameters)), finish();
  }

  // Each of the first `shards` ranks owns a range; its own part does not cross.
  void server() {
    const int shards = std::min(setting_.shards, size_);
    for (const bool back : {false, true}) {
      for (int shard = 0; shard < shards; ++shard) {
        if (rank_ != shard) back ? post_receive(shard, piece(shard, shards)) : post_send(shard, piece(shard, shards));
      }
      for (int other = 1; rank_ < shards && other < size_; ++other) {
        const int member = (rank_ + other) % size_;
        back ? post_send(member, piece(rank_, shards)) : post_receive(member, piece(rank_, shards));
      }
      finish();
    }
  }

  void gossip_ring() {
    const int all = bytes_of(setting_.parameters);
    const int next = (rank_ + 1) % size_;
    const int previous = (rank_ - 1 + size_) % size_;
    post_receive(previous, all), post_send(next, all);
    if (next != previous) post_receive(next, all), post_send(previous, all);
    finish();
  }

  void gossip_exponential(int repeat) {
    const int hops = static_cast<int>(std::bit_width(static_cast<unsigned>(size_ - 1)));
    const int distance = 1 << (repeat % hops);
    const int all = bytes_of(setting_.parameters);
    exchange((rank_ + distance) % size_, all, (rank_ - distance % size_ + size_) % size_, all);
  }

  // ---- ranges, in whole cache lines as range_of() of the suite divides them

  long begin_of(int index, int parts) const {
    constexpr long kLine = 16;  // floats
    const long lines = (setting_.parameters + kLine - 1) / kLine;
    return std::min(setting_.parameters, lines * index / parts * kLine);
  }
  static int bytes_of(long floats) { return static_cast<int>(4 * floats); }
  int piece(int index, int parts) const {
    const int own = (index % parts + parts) % parts;
    return bytes_of(begin_of(own + 1, parts) - begin_of(own, parts));
  }
  int blocks(int index, int width) const {
    const int first = index / width * width;
    return bytes_of(begin_of(first + width, core()) - begin_of(first, core()));
  }

  // ---- messages; what is empty is not sent, as in MpiTransport

  void post_send(int to, int count) {
    if (count == 0) return;
    bytes_ += count;
    ++messages_;
    MPI_Isend(place_, count, MPI_BYTE, to, 0, MPI_COMM_WORLD, &requests_.emplace_back());
  }
  void post_receive(int from, int count) {
    if (count > 0) MPI_Irecv(place_, count, MPI_BYTE, from, 0, MPI_COMM_WORLD, &requests_.emplace_back());
  }
  void exchange(int to, int out, int from, int in) { post_receive(from, in), post_send(to, out), finish(); }
  void finish() {
    MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
    requests_.clear();
  }

  Setting setting_;
  int rank_ = 0;
  int size_ = 1;
  long bytes_ = 0;
  long messages_ = 0;
  void* place_ = nullptr;
  std::vector<MPI_Request> requests_;
};

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  if (argc != 8) {
    std::fprintf(stderr,
                 "skeleton: expected FORM PARAMETERS TRAJECTORY_BYTES COLLECT_SECONDS LEARN_SECONDS REPEATS SHARDS\n");
    MPI_Abort(MPI_COMM_WORLD, 2);
  }
  {
    Rank rank({argv[1], std::atol(argv[2]), std::atol(argv[3]), std::atof(argv[4]), std::atof(argv[5]),
               std::atoi(argv[6]), std::atoi(argv[7])});
    rank.report(rank.run());
  }
  MPI_Finalize();
}
