#include "runner/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>

namespace prl {
namespace {

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& target)
      : target_(target), path_(target.string() + fmt::format(".{}.part", ::getpid())) {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor_ < 0) fail("create");
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!renamed_) ::unlink(path_.c_str());
  }

  void write(std::string_view content) {
    while (!content.empty()) {
      const ssize_t written = ::write(descriptor_, content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("write");
      content.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void rename_to_target() {
    if (::fsync(descriptor_) != 0) fail("write");
    if (std::rename(path_.c_str(), target_.c_str()) != 0) fail("rename");
    renamed_ = true;
  }

 private:
  [[noreturn]] void fail(const char* action) const {
    const int error = errno;
    throw std::runtime_error(fmt::format("cannot {} {}: {}; give a path in an existing folder with room and permission",
                                         action, target_.string(), std::strerror(error)));
  }

  std::filesystem::path target_;
  std::string path_;
  int descriptor_ = -1;
  bool renamed_ = false;
};

// Where a link leads, so that it is the file there that is replaced and not the link.
std::filesystem::path target_of(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::canonical(path, error);
  return error ? path : target;
}

}  // namespace

void write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  write_file_atomically(path, {&content, 1});
}

void write_file_atomically(const std::filesystem::path& path, std::span<const std::string_view> parts) {
  TemporaryFile file(target_of(path));
  for (const std::string_view part : parts) file.write(part);
  file.rename_to_target();
}

void check_writable(const std::filesystem::path& path) {
  // A device or a pipe would be replaced by a file.
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    throw std::runtime_error(fmt::format("cannot write {}: it is {}; give a file name", path.string(),
                                         std::filesystem::is_directory(status) ? "a folder" : "no ordinary file"));
  }
  TemporaryFile probe(target_of(path));
}

}  // namespace prl
